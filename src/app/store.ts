import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { GreenloopError } from '../domain/errors.ts'
import type { RunOwner, RunStore, StoredRun } from '../domain/stored-run.ts'
import { systemClock } from '../lib/clock.ts'
import { readSettings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

const token = randomUUID()

/** Who claims runs here. */
export function thisProcess(): RunOwner {
  return { host: hostname(), pid: process.pid, token }
}

/** Opens the store at a path or address. Throws `store_unavailable`, `store_corrupt`, `store_newer`. */
export async function openRunStore(at: string): Promise<RunStore> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(at) && !isShared(at)) {
    throw new GreenloopError('config_invalid', `\`${at.split('://', 1)[0]}://\` is no store that Greenloop knows`, {
      help: 'a file, or postgres://user@host/database',
    })
  }
  const { openStore } = await import('../store/open.ts')
  return openStore(at, { clock: systemClock })
}

/** Whether a store is a database that several machines share. */
export function isShared(at: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(at)
}

/** The files of an embedded store. */
export function storeFiles(at: string): readonly string[] {
  return isShared(at) ? [] : ['', '-wal', '-shm', '-journal', '.ballast'].map((ending) => `${at}${ending}`)
}

/** The store that the settings name. Throws `config_invalid` where it is off. */
export async function namedStore(where: Surroundings): Promise<string> {
  const { settings } = await readSettings(where)
  if (settings.store !== 'off') return settings.store
  throw new GreenloopError('config_invalid', 'the store is off, so there are no runs on record', {
    help: 'name one with --store',
  })
}

/** Whether there is a store to look into. */
export async function hasStore(where: Surroundings): Promise<boolean> {
  const at = await namedStore(where)
  return isShared(at) || existsSync(at)
}

/** Does something with the store of the settings, and closes it. */
export async function withStore<T>(where: Surroundings, work: (store: RunStore) => Promise<T>): Promise<T> {
  const at = await namedStore(where)
  // Looking into a store makes none: a slip in its name would show as an empty one.
  if (!isShared(at) && !existsSync(at)) {
    throw new GreenloopError('store_unavailable', `there is no store at ${at}`, {
      why: 'the first run makes it',
      help: 'check the working folder, or name the store with --store',
    })
  }
  const store = await openRunStore(at)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** Runs looked through for the beginning of an id. */
const searched = 10_000

/** A run by its id, by the beginning of it where that is unique, or the newest by `latest`. Throws `run_unknown`. */
export async function findRun(store: RunStore, id: string): Promise<StoredRun> {
  const exact = await store.find(id)
  if (exact !== undefined) return exact
  const runs = await store.list({ limit: id === 'latest' ? 1 : searched })
  const found = id === 'latest' ? runs : runs.filter((run) => run.id.startsWith(id))
  const [only, other] = found
  if (only !== undefined && other === undefined) return only
  const message =
    only === undefined ? `there is no run \`${id}\`` : `\`${id}\` is the beginning of ${found.length} runs`
  throw new GreenloopError('run_unknown', message, { help: 'greenloop runs list' })
}
