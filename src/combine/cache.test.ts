import { mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cacheKey, openCache, type CacheContent } from './cache.ts'
import { readPict } from './pict-model.ts'

const text = 'A: 1, 2\nB: x, y, z\nIF [A] = 1 THEN [B] = "x";'
const { model } = readPict(text, { file: 'm' })
const content: CacheContent = { model, options: { strength: 2, seed: 1 }, version: '1' }
const rows = [
  [0, 0],
  [1, 0],
  [1, 1],
  [1, 2],
]
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-'))
})
afterEach(() => rm(folder, { recursive: true }))

const open = (maxBytes?: number) =>
  openCache({ folder: join(folder, 'deep', 'arrays'), maxBytes, now: () => 1_000_000 })
const fileOf = (each: CacheContent) => join(folder, 'deep', 'arrays', `${cacheKey(each)}.json`)

describe('cacheKey', () => {
  it('does not depend on comments, layout, file names and the order of options', () => {
    const other = readPict(`# a model\n${text.replace('THEN', '\n  THEN')}\n`, { file: 'elsewhere' }).model
    expect(cacheKey({ model: other, options: { seed: 1, strength: 2 }, version: '1' })).toBe(cacheKey(content))
  })

  it('depends on values, constraints, options and version', () => {
    const keys = [
      content,
      { ...content, version: '2' },
      { ...content, options: { strength: 3, seed: 1 } },
      { ...content, model: readPict(text.replace('z', 'w'), { file: 'm' }).model },
      { ...content, model: readPict(text.replace('[B] =', '[B] <>'), { file: 'm' }).model },
    ].map(cacheKey)
    expect(new Set(keys).size).toBe(keys.length)
  })
})

describe('openCache', () => {
  it('gives back what was put in, also to another process, and nothing for other content', async () => {
    expect(await open().get(content)).toBeUndefined()
    expect(await open().put(content, { rows, details: { steps: 5 } })).toBe(true)
    expect(await open().get(content)).toMatchObject({ rows, details: { steps: 5 } })
    expect(await open().get({ ...content, version: '2' })).toBeUndefined()
  })

  it('takes any damage for a missing entry', async () => {
    const cache = open()
    await cache.put(content, { rows })
    const whole = await readFile(fileOf(content))
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 2), fc.nat(255), fc.boolean(), async (at, byte, isCut) => {
        const broken = isCut ? whole.subarray(0, at) : Buffer.from(whole).fill(byte, at, at + 1)
        await writeFile(fileOf(content), broken)
        expect((await cache.get(content)) !== undefined).toBe(broken.equals(whole))
      }),
      { numRuns: 200 },
    )
    await writeFile(fileOf(content), '{"checksum":"x","entry":{"key":"y","rows":[[9,9]]}}')
    expect(await cache.get(content)).toBeUndefined()
    await cache.put(content, { rows })
    expect(await cache.get(content)).toMatchObject({ rows })
  })

  it('refuses rows that do not fit the model, links, and files where the folder should be', async () => {
    const cache = open()
    await cache.put(content, { rows: [[0, 3]] })
    expect(await cache.get(content)).toBeUndefined()
    await writeFile(join(folder, 'target'), 'x')
    await rm(fileOf(content))
    await symlink(join(folder, 'target'), fileOf(content))
    expect(await cache.get(content)).toBeUndefined()
    const blocked = openCache({ folder: join(folder, 'target'), now: () => 0 })
    expect(await blocked.put(content, { rows })).toBe(false)
    expect(await blocked.get(content)).toBeUndefined()
  })

  it('is safe with many writers and readers at once', async () => {
    const contents = Array.from({ length: 4 }, (_, seed): CacheContent => ({ ...content, options: { seed } }))
    const work = Array.from({ length: 60 }, async (_, index) => {
      const own = contents[index % 4] ?? content
      const found = await open().get(own)
      if (found !== undefined) expect(found.rows).toEqual(rows)
      await open().put(own, { rows })
    })
    await Promise.all(work)
    for (const own of contents) expect(await open().get(own)).toMatchObject({ rows })
    expect((await readdir(join(folder, 'deep', 'arrays'))).length).toBe(4)
  })

  it('keeps within its size by dropping what was used longest ago', async () => {
    const contents = Array.from({ length: 5 }, (_, seed): CacheContent => ({ ...content, options: { seed } }))
    await open().put(content, { rows })
    const { size } = await stat(fileOf(content))
    await rm(fileOf(content))
    const cache = open(3 * size)
    for (const [index, own] of contents.entries()) {
      await cache.put(own, { rows })
      await utimes(fileOf(own), index, index)
      if (index === 2) await cache.get(contents[0] ?? content)
    }
    const kept = await Promise.all(contents.map(async (own) => (await cache.get(own)) !== undefined))
    expect(kept.filter(Boolean).length).toBeLessThanOrEqual(3)
    expect(kept[0]).toBe(true)
    expect(await open(10).put(content, { rows })).toBe(false)
  })
})
