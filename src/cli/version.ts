import { readFileSync } from 'node:fs'

const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')

/** Version of this Greenloop, from package.json. */
export const version: string = (JSON.parse(text) as { version: string }).version
