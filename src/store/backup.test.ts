import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeTasks, newRun, owner, result } from '../../tests/contract/stores.ts'
import { restoreSqlite } from './restore.ts'
import type { SqliteStore } from './sqlite.ts'
import { openSqliteStore } from './sqlite.ts'

let folder = ''
let path = ''
let copy = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-backup-'))
  path = join(folder, 'store.db')
  copy = join(folder, 'copies', 'copy.db')
})
afterEach(() => rm(folder, { recursive: true }))

const openStore = (file = path): Promise<SqliteStore> => openSqliteStore({ path: file, clock: Date, ballastBytes: 0 })

async function storeWith(...ids: readonly string[]): Promise<SqliteStore> {
  const store = await openStore()
  for (const id of ids) await store.create(newRun(id))
  return store
}

async function idsIn(file: string): Promise<readonly string[]> {
  const store = await openStore(file)
  const runs = await store.list({ limit: 99 })
  expect(await store.check()).toEqual([])
  await store.close()
  return runs.map(({ id }) => id).toSorted()
}

describe('a backup', () => {
  it('is one state of a store that is written meanwhile', async () => {
    const count = 20_000
    const store = await storeWith('a')
    await store.addTasks('a', 0, makeTasks(count))
    await store.seal('a', count)
    const run = await store.claim('a', owner('me'), 60_000)
    const journal = store.journal('a', run?.epoch ?? 0)
    let copied: Promise<void> | undefined
    for (const [seq, task] of makeTasks(count).entries()) {
      if (seq === count / 2) copied = journal.flush().then(() => store.backup(copy))
      await journal.append({ kind: 'result', seq, result: result(task, 'succeeded') })
    }
    await journal.close()
    await copied
    await store.close()
    const saved = await openStore(copy)
    const { succeeded, total } = await saved.counts('a')
    expect(succeeded).toBeGreaterThanOrEqual(count / 2)
    expect(total).toBe(succeeded)
    expect(await saved.check()).toEqual([])
    await saved.close()
    expect(await readdir(join(folder, 'copies'))).toEqual(['copy.db'])
  })

  it('replaces an older one, never the store itself, and appears whole or not at all', async () => {
    const store = await storeWith('a')
    await store.backup(copy)
    await store.create(newRun('b'))
    await store.backup(copy)
    expect(await idsIn(copy)).toEqual(['a', 'b'])
    await expect(store.backup(path)).rejects.toMatchObject({ code: 'store_unavailable' })
    await mkdir(join(folder, 'way'))
    await expect(store.backup(join(folder, 'way'))).rejects.toMatchObject({ code: 'store_unavailable' })
    await store.close()
    expect((await readdir(folder)).toSorted()).toEqual(['copies', 'store.db', 'way'])
  })

  it('is not made of a store that is damaged', async () => {
    const store = await storeWith(...Array.from({ length: 200 }, (_, at) => `run ${at}`))
    await store.close()
    const bytes = await readFile(path)
    await writeFile(path, bytes.fill(0xa5, 4_096 * 8, 4_096 * 10))
    const damaged = await openStore()
    await expect(damaged.backup(copy)).rejects.toMatchObject({ code: 'store_corrupt' })
    await damaged.close()
    expect(await readdir(join(folder, 'copies'))).toEqual([])
  })
})

describe('restoring', () => {
  it('puts a backup in the place of what is there, and keeps that', async () => {
    const store = await storeWith('a')
    await store.backup(copy)
    await store.create(newRun('b'))
    await store.close()
    const { kept } = await restoreSqlite({ path, from: copy, now: 1_234 })
    expect(kept).toBe(`${path}.damaged-1234`)
    expect(await idsIn(path)).toEqual(['a'])
    expect(await idsIn(kept ?? '')).toEqual(['a', 'b'])
    expect(await idsIn(copy)).toEqual(['a'])
    expect((await readdir(folder)).toSorted()).toEqual(['copies', 'store.db', 'store.db.damaged-1234'])
  })

  it('does so with a file that is no database any more, and where there is none', async () => {
    const store = await storeWith('a')
    await store.backup(copy)
    await store.close()
    await writeFile(path, 'garbage '.repeat(1_000))
    await writeFile(`${path}-wal`, 'left over')
    const { kept = '' } = await restoreSqlite({ path, from: copy, now: 5 })
    expect(await readFile(kept, 'utf8')).toMatch(/^garbage/)
    expect(await readFile(`${kept}-wal`, 'utf8')).toBe('left over')
    expect(await idsIn(path)).toEqual(['a'])
    const fresh = join(folder, 'new', 'store.db')
    expect(await restoreSqlite({ path: fresh, from: copy, now: 6 })).toEqual({})
    expect(await idsIn(fresh)).toEqual(['a'])
  })

  it('refuses what is no backup of ours, and leaves the store as it is', async () => {
    await (await storeWith('a')).close()
    const garbage = join(folder, 'garbage.db')
    await writeFile(garbage, 'garbage '.repeat(1_000))
    const foreign = join(folder, 'foreign.db')
    const database = new DatabaseSync(foreign)
    database.exec('create table photos (id integer)')
    database.close()
    const newer = join(folder, 'newer.db')
    const store = await openStore()
    await store.backup(newer)
    await store.close()
    const changed = new DatabaseSync(newer)
    changed.exec(`update meta set value = '99' where key = 'schema'`)
    changed.close()
    const restoring = (from: string) => restoreSqlite({ path, from, now: 1 })
    await expect(restoring(garbage)).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining(garbage),
    })
    await expect(restoring(foreign)).rejects.toMatchObject({ code: 'store_corrupt' })
    await expect(restoring(newer)).rejects.toMatchObject({ code: 'store_newer' })
    await expect(restoring(join(folder, 'none.db'))).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await idsIn(path)).toEqual(['a'])
    expect((await readdir(folder)).toSorted()).toEqual(['foreign.db', 'garbage.db', 'newer.db', 'store.db'])
  })

  it('refuses while the store is open', async () => {
    const store = await storeWith('a')
    await store.backup(copy)
    const restoring = restoreSqlite({ path, from: copy, now: 1 })
    await expect(restoring).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('open'),
    })
    expect(await store.find('a')).toBeDefined()
    await store.close()
    expect(await idsIn(path)).toEqual(['a'])
  })
})
