import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DocumentStore } from '../../src/domain/documents.ts'
import type { RunStore } from '../../src/domain/stored-run.ts'
import { steps } from '../../src/store/schema.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqlite } from '../../src/store/sqlite-database.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { makeReady } from '../../src/store/ready.ts'
import { findPostgres } from '../support/postgres.ts'
import type { Place } from './stores.ts'
import { newRun, postgresPlace, sqlitePlace } from './stores.ts'

const postgres = await findPostgres()
const places: readonly (readonly [string, (() => Promise<Place>) | undefined])[] = [
  ['SQLite', sqlitePlace],
  ['PostgreSQL', postgres && (() => postgresPlace(postgres))],
]
afterAll(() => postgres?.drop())

const hour = 3_600_000

describe.each(places)('documents in %s', (_, makePlace) => {
  if (makePlace === undefined) {
    it.skip('has no database here')
    return
  }
  let place: Place
  const opened: RunStore[] = []
  let documents: DocumentStore
  const open = async (): Promise<DocumentStore> => {
    const store = await place.open()
    opened.push(store)
    return store.documents
  }
  beforeEach(async () => {
    place = await makePlace()
    documents = await open()
  })
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
    await place.remove()
  })
  const keys = (found: readonly { key: string }[]): string[] => found.map(({ key }) => key)

  it('gives a document back as it was handed in, to every connection, and counts its writings', async () => {
    const value = { text: 'zero \0, half \ud800, 😀', list: [1, null, { deep: true }], big: 'x'.repeat(1_000_000) }
    const first = await documents.put({ kind: 'token', key: 'a', value })
    expect(first).toMatchObject({ kind: 'token', key: 'a', value, version: 1 })
    expect(Math.abs(first.updatedAt - Date.now())).toBeLessThan(60_000)
    expect(await (await open()).get('token', 'a')).toEqual(first)
    expect(await documents.put({ kind: 'token', key: 'a', value: 'second' })).toMatchObject({ version: 2 })
    expect((await documents.get('token', 'a'))?.value).toBe('second')
    expect(await documents.get('secret', 'a')).toBeUndefined()
    expect(await documents.put({ kind: 'token', key: 'none', value: undefined })).toMatchObject({ value: null })
  })

  it('takes keys of any text but what no database can hold', async () => {
    const given = ['it\'s "quoted" %_\\', ' spaces ', '日本/😀', 'a', 'A', '../..', 'x'.repeat(2_000)]
    for (const key of given) await documents.put({ kind: 'k', key, value: key })
    expect(keys(await documents.list('k', { limit: 99 })).toSorted()).toEqual(given.toSorted())
    for (const key of given) expect((await documents.get('k', key))?.value).toBe(key)
    const refused = documents.put({ kind: 'k', key: 'a\0b', value: 1 })
    await expect(refused).rejects.toMatchObject({ code: 'usage_invalid' })
  })

  it('writes over the version that was read and over no other', async () => {
    const document = { kind: 'k', key: 'a', value: 1 }
    await expect(documents.put(document, 3)).rejects.toMatchObject({ code: 'version_conflict' })
    expect(await documents.get('k', 'a')).toBeUndefined()
    expect(await documents.put(document, 0)).toMatchObject({ version: 1 })
    await expect(documents.put(document, 0)).rejects.toMatchObject({ code: 'version_conflict' })
    expect(await documents.put({ ...document, value: 2 }, 1)).toMatchObject({ version: 2, value: 2 })
    await expect(documents.put({ ...document, value: 3 }, 1)).rejects.toMatchObject({ code: 'version_conflict' })
    expect((await documents.get('k', 'a'))?.value).toBe(2)
  })

  it('lets one of many writers win', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, open))
    for (const version of [0, 1, 2]) {
      const tried = await Promise.allSettled(
        others.map((each, at) => each.put({ kind: 'k', key: 'a', value: at }, version)),
      )
      const won = tried.filter(({ status }) => status === 'fulfilled')
      expect(won).toHaveLength(1)
      expect(tried.filter((each) => each.status === 'rejected').map(({ reason }) => reason.code)).toEqual(
        Array.from({ length: 3 }, () => 'version_conflict'),
      )
      const winner = tried.findIndex(({ status }) => status === 'fulfilled')
      expect(await documents.get('k', 'a')).toMatchObject({ version: version + 1, value: winner })
    }
    await Promise.all(others.map((each, at) => each.put({ kind: 'k', key: 'a', value: at })))
    expect((await documents.get('k', 'a'))?.version).toBe(7)
  })

  it('takes a document that has expired for none, and sweeps it', async () => {
    const past = Date.now() - hour
    const later = Date.now() + hour
    await documents.put({ kind: 'k', key: 'gone', value: 1, expiresAt: past })
    await documents.put({ kind: 'k', key: 'gone too', value: 1, expiresAt: past })
    expect(await documents.put({ kind: 'k', key: 'here', value: 1, expiresAt: later })).toMatchObject({
      expiresAt: later,
    })
    expect(await documents.get('k', 'gone')).toBeUndefined()
    expect(keys(await documents.list('k', { limit: 9 }))).toEqual(['here'])
    await expect(documents.put({ kind: 'k', key: 'gone', value: 2 }, 1)).rejects.toMatchObject({
      code: 'version_conflict',
    })
    expect(await documents.put({ kind: 'k', key: 'gone', value: 2 }, 0)).toMatchObject({ version: 1 })
    expect(await documents.remove('k', 'gone too')).toBe(false)
    await documents.put({ kind: 'k', key: 'last', value: 1, expiresAt: past })
    expect(await documents.sweep()).toBe(1)
    expect(await documents.sweep()).toBe(0)
    expect(keys(await documents.list('k', { limit: 9 }))).toEqual(['gone', 'here'])
    expect(await documents.remove('k', 'here')).toBe(true)
    expect(await documents.remove('k', 'here')).toBe(false)
  })

  it('lists one kind in pages, both ways, in the order of bytes', async () => {
    const given = ['10', '9', 'A-1', 'B', 'a', 'ab', 'b', 'é', '😀']
    for (const key of given.toReversed()) await documents.put({ kind: 'k', key, value: key })
    await documents.put({ kind: 'other', key: 'a', value: 0 })
    for (const order of ['asc', 'desc'] as const) {
      const walked: string[] = []
      for (let after: string | undefined; ;) {
        const page = await documents.list('k', { limit: 2, order, after })
        if (page.length === 0) break
        walked.push(...keys(page))
        after = page.at(-1)?.key
      }
      expect(walked).toEqual(order === 'asc' ? given : given.toReversed())
    }
  })
})

describe('a store of version 1', () => {
  it('keeps its runs, after a copy was made, and takes documents from then on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-old-'))
    const path = join(folder, 'store.db')
    const first = openSqlite({ path, now: () => 0, busyTimeoutMs: 5_000, release: () => false })
    await makeReady(first, { path, wasLeftOpen: false, now: 1 }, steps.slice(0, 1))
    await first.run(`insert into main.run (id, kind, title, input, state, created_at, epoch, removed)
      values ('old', 'execute', 'tests', 'null', 'queued', 1, 0, 0)`)
    await first.close()
    const store = await openSqliteStore({ path, clock: Date, ballastBytes: 0 })
    expect(await store.find('old')).toMatchObject({ title: 'tests' })
    await store.create(newRun('new'))
    await store.documents.put({ kind: 'k', key: 'a', value: 1 })
    const copy = join(folder, 'copy.db')
    await store.backup(copy)
    await store.close()
    const copied = await openSqliteStore({ path: copy, clock: Date, ballastBytes: 0 })
    expect(await copied.documents.get('k', 'a')).toMatchObject({ value: 1 })
    expect(await copied.check()).toEqual([])
    await copied.close()
    expect((await readdir(folder)).some((name) => name.startsWith('store.db.version-1-'))).toBe(true)
    await rm(folder, { recursive: true })
  })

  it.skipIf(postgres === undefined)('is brought up to date in PostgreSQL by many at once', async () => {
    const [url, schema] = [postgres?.url ?? '', postgres?.schema() ?? '']
    const first = await openPostgresStore({ url, schema })
    await first.create(newRun('old'))
    await first.close()
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(`drop table ${schema}.document; drop index ${schema}.attempt_odd;
      alter table ${schema}.attempt drop column mark; update ${schema}.meta set value = '1' where key = 'schema'`)
    await client.end()
    const stores = await Promise.all([1, 2, 3].map(() => openPostgresStore({ url, schema })))
    for (const [at, store] of stores.entries()) {
      await store.documents.put({ kind: 'k', key: `${at}`, value: at })
      expect(await store.find('old')).toBeDefined()
      expect(await store.views.verdicts('old')).toMatchObject({ total: 0 })
    }
    expect(await stores[0]?.documents.list('k', { limit: 9 })).toHaveLength(3)
    for (const store of stores) await store.close()
  })
})
