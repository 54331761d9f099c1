import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { tool } from './tool.ts'

it('carries the version of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(tool).toEqual({ name: manifest.name, version: manifest.version })
})
