import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { makeFolders, readSafely, writeAtomic } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import type { Model } from './model.ts'

/** What decides about an array: equal content gives equal keys, wherever the model stands and however it is laid out. */
export interface CacheContent {
  readonly model: Model
  /** Everything else that the array depends on; plain JSON. */
  readonly options: unknown
  /** Version of the engine: another one makes other arrays. */
  readonly version: string
}

/** An array as it is kept: rows of value indices, and whatever belongs to them as plain JSON. */
interface CachedArray {
  readonly rows: readonly (readonly number[])[]
  readonly details?: unknown
}

/** Arrays by content in a folder. Nothing in it can make a call fail: what cannot be read is not there. */
export interface ArrayCache {
  /** The array of this content, if it is there, whole, and fits the model. */
  get(content: CacheContent): Promise<CachedArray | undefined>
  /** Keeps an array; `false` where it could not be written. */
  put(content: CacheContent, array: CachedArray): Promise<boolean>
}

/** Where arrays are kept, and how much of them. */
export interface CacheOptions {
  readonly folder: string
  /** Bytes of all files; beyond that the ones that were used longest ago go. 64 MiB unless set. */
  readonly maxBytes?: number | undefined
  /** Epoch milliseconds, to mark what was used. */
  readonly now: () => number
}

const defaultMaxBytes = 64 * 1024 * 1024

const entrySchema = z.strictObject({
  checksum: z.string(),
  entry: z.strictObject({
    key: z.string(),
    rows: z.array(z.array(z.int().min(0))),
    details: z.unknown().optional(),
  }),
})

/**
 * A cache in a folder, safe against files that are broken and against other processes: each file is written whole or not
 * at all and bears a checksum of its content.
 */
export function openCache({ folder, maxBytes = defaultMaxBytes, now }: CacheOptions): ArrayCache {
  const pathOf = (key: string): string => join(folder, `${key}.json`)
  const get = async (content: CacheContent): Promise<CachedArray | undefined> => {
    const key = cacheKey(content)
    const entry = await quietly(async () => {
      const read = await readSafely(pathOf(key), maxBytes)
      return read.kind === 'file' ? parseEntry(read.data.toString('utf8'), key) : undefined
    })
    if (entry === undefined || !fitsModel(entry.rows, content.model)) return undefined
    const seconds = now() / 1000
    await quietly(() => utimes(pathOf(key), seconds, seconds))
    return entry
  }
  const put = async (content: CacheContent, { rows, details }: CachedArray): Promise<boolean> => {
    const key = cacheKey(content)
    const entry = JSON.stringify({ key, rows, ...(details === undefined ? {} : { details }) })
    const text = `{"checksum":"${sha256(entry)}","entry":${entry}}\n`
    if (Buffer.byteLength(text) > maxBytes) return false
    const isWritten = await quietly(async () => {
      await makeFolders(folder)
      await writeAtomic(pathOf(key), text)
      return true
    })
    await quietly(() => prune(folder, maxBytes))
    return isWritten === true
  }
  return { get, put }
}

/** Name of a content: SHA-256 of its canonical JSON, in which the order of keys and the layout of the model do not count. */
export function cacheKey({ model, options, version }: CacheContent): string {
  const constraints = model.constraints.map(({ when, must, otherwise }) => ({ when, must, otherwise }))
  return sha256(canonical({ model: { ...model, constraints }, options, version }))
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

function parseEntry(text: string, key: string): CachedArray | undefined {
  const parsed = entrySchema.safeParse(JSON.parse(text))
  if (!parsed.success) return undefined
  const { checksum, entry } = parsed.data
  return entry.key === key && checksum === sha256(JSON.stringify(entry)) ? entry : undefined
}

function fitsModel(rows: CachedArray['rows'], { parameters }: Model): boolean {
  return rows.every(
    (row) => row.length === parameters.length && row.every((value, at) => value < (parameters[at]?.values.length ?? 0)),
  )
}

/** Removes the files that were used longest ago until the rest is small enough. */
async function prune(folder: string, maxBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^(?:[\da-f]{64}\.json|\..*\.tmp)$/u.test(name))
  const files = await Promise.all(
    names.map(async (name) => {
      const found = await quietly(() => stat(join(folder, name)))
      return { name, size: found?.size ?? 0, usedAt: found?.mtimeMs ?? 0 }
    }),
  )
  let total = files.reduce((sum, { size }) => sum + size, 0)
  for (const { name, size } of files.sort((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes) return
    await rm(join(folder, name), { force: true })
    total -= size
  }
}

/** A cache that fails is a cache without the entry: broken JSON, a folder that cannot be written, a file that just went. */
async function quietly<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch {
    return undefined
  }
}
