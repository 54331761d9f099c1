import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { GreenloopError } from '../domain/errors.ts'
import type { DocumentStore } from '../domain/documents.ts'
import { every, now } from '../lib/clock.ts'
import { isAlive } from '../lib/process-tree.ts'

/** Who serves a store. */
interface Serving {
  readonly host: string
  readonly pid: number
  readonly token: string
}

const kind = 'server'
const key = 'owner'
const leaseMs = 15_000
const renewMs = 5000
/** Tokens of the services that this process has open. */
const own = new Set<string>()

/**
 * Makes this process the one server of an embedded store; gives what ends that. Throws `server_running` where another
 * one lives. One that was killed on this machine is known to be dead at once, any other when its lease has run out.
 */
export async function holdServer(documents: DocumentStore): Promise<() => Promise<void>> {
  const serving: Serving = { host: hostname(), pid: process.pid, token: randomUUID() }
  const there = await documents.get(kind, key)
  const other = there?.value as Serving | undefined
  if (other !== undefined && !isGone(other, serving)) throw running(other)
  const put = (version?: number) => documents.put({ kind, key, value: serving, expiresAt: now() + leaseMs }, version)
  await put(there?.version ?? 0).catch((error: unknown) => {
    if (error instanceof GreenloopError && error.code === 'version_conflict') throw running(other)
    throw error
  })
  own.add(serving.token)
  const timer = every(renewMs, () => void put().catch(() => {}))
  return async () => {
    timer.cancel()
    own.delete(serving.token)
    const last = (await documents.get(kind, key))?.value as Serving | undefined
    if (last?.token === serving.token) await documents.remove(kind, key)
  }
}

function isGone(other: Serving, { host, pid }: Serving): boolean {
  if (other.host !== host) return false
  // In a container that was started again, the one that died had the number that this process has now.
  return other.pid === pid ? !own.has(other.token) : !isAlive(other.pid)
}

function running(other: Serving | undefined): GreenloopError {
  const who = other === undefined ? 'another process' : `the process ${other.pid} on ${other.host}`
  return new GreenloopError('server_running', `${who} serves this store already`, {
    help: other === undefined ? 'stop it first' : `stop it (kill ${other.pid}), or name another store with --store`,
  })
}
