import type { RunStore } from '../domain/stored-run.ts'

/** What every store is opened with. */
export interface StoreParts {
  readonly clock: { now(): number }
}

type Open = (place: string, parts: StoreParts) => Promise<RunStore>

/** Each kind of store is loaded only when it is used. */
const shared: Open = async (url) => (await import('./postgres.ts')).openPostgresStore({ url })
const embedded: Open = async (path, parts) => (await import('./sqlite.ts')).openSqliteStore({ path, ...parts })

/** Beginnings of addresses; whatever has none of them is a file. */
const bySchemes: readonly (readonly [scheme: string, open: Open])[] = [
  ['postgres://', shared],
  ['postgresql://', shared],
]

/**
 * Opens the store at an address: `postgres://...` or a file. Throws `store_unavailable`, `store_corrupt`, `store_newer`.
 */
export async function openStore(place: string, parts: StoreParts): Promise<RunStore> {
  const open = bySchemes.find(([scheme]) => place.toLowerCase().startsWith(scheme))?.[1] ?? embedded
  return open(place, parts)
}
