import { mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import { writeAtomic } from '../lib/files.ts'
import { isAlive } from '../lib/process-tree.ts'
import { openAccess } from './access.ts'
import { ownerPath } from './secrets-file.ts'
import type { ServiceContext } from './service-context.ts'
import { namedStore, openRunStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

const fileName = 'server.json'
const servingSchema = z.object({ pid: z.int(), url: z.url() })

/** A server that listens. */
export interface Serving {
  readonly pid: number
  readonly url: string
}

/** Says beside the store where the server listens; gives what takes that back. */
export async function noteServing(
  service: Pick<ServiceContext, 'storeAt' | 'root'>,
  serving: Serving,
): Promise<() => Promise<void>> {
  const path = ownerPath(fileName, service)
  await mkdir(dirname(path), { recursive: true })
  await writeAtomic(path, `${JSON.stringify(serving)}\n`)
  return async () => {
    // Of two servers on one database it may be the other's by now.
    if ((await readServing(path))?.pid === serving.pid) await rm(path, { force: true })
  }
}

/** The address that logs a browser in with a one-time code. The code stands behind the `#`, which browsers keep to themselves. */
export function linkOf(url: string, code: string): string {
  return `${url}/#code=${code}`
}

/** Makes a new one-time link to the server of this folder. Throws `server_unreachable` where none runs. */
export async function newLink(where: Surroundings): Promise<string> {
  const root = await realpath(where.cwd)
  const storeAt = await namedStore({ ...where, cwd: root })
  const serving = await runningServer(where)
  if (serving === undefined) {
    throw new GreenloopError('server_unreachable', 'no server runs for this folder and store', {
      help: 'greenloop serve',
    })
  }
  const store = await openRunStore(storeAt)
  try {
    return linkOf(serving.url, await openAccess({ store, storeAt, root }).createCode())
  } finally {
    await store.close()
  }
}

/** The server that runs for this folder and store, with the file of its token; `undefined` where there is none. */
export async function runningServer(
  where: Surroundings,
): Promise<(Serving & { readonly tokenFile: string }) | undefined> {
  const root = await realpath(where.cwd)
  const place = { root, storeAt: await namedStore({ ...where, cwd: root }) }
  const serving = await readServing(ownerPath(fileName, place))
  if (serving === undefined || !isAlive(serving.pid)) return undefined
  return { ...serving, tokenFile: ownerPath('server-token', place) }
}

async function readServing(path: string): Promise<Serving | undefined> {
  try {
    return servingSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}
