import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newRun, owner } from '../../tests/contract/stores.ts'
import type { SqliteOptions, SqliteStore } from './sqlite.ts'
import { openSqliteStore } from './sqlite.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-sqlite-'))
  path = join(folder, 'store.db')
})
afterEach(() => rm(folder, { recursive: true }))

const openStore = (more: Partial<SqliteOptions> = {}): Promise<SqliteStore> =>
  openSqliteStore({ path, clock: Date, ballastBytes: 0, ...more })

/** A store with some runs, closed. */
async function filled(runs = 50): Promise<void> {
  const store = await openStore()
  const input = 'x'.repeat(2_000)
  for (let run = 0; run < runs; run++) await store.create(newRun(`run ${run}`, { input }))
  await store.close()
}

/** Writes nonsense over a page in the middle of the file, where tables are. */
async function overwritePage(file: string, page: number): Promise<void> {
  const handle = await open(file, 'r+')
  await handle.write(Buffer.alloc(4_096, 0xa5), 0, 4_096, 4_096 * page)
  await handle.close()
}

/** Another process, which runs `code` and keeps its connection `db` until it is told to end. */
async function otherProcess(code: string): Promise<{ end(): Promise<unknown> }> {
  const program = `const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
    const db = new DatabaseSync(${JSON.stringify(path)})
    ${code}
    process.stdout.write('ready')
    process.stdin.on('end', () => process.exit()).resume()`
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return {
    end: () => {
      const exited = once(child, 'exit')
      child.stdin.end()
      return exited
    },
  }
}

describe('opening a store', () => {
  it('makes the file and its folder for nobody else, and keeps its own folder out of repositories', async () => {
    path = join(folder, 'project', '.greenloop', 'store.db')
    await (await openStore()).close()
    expect(await readFile(join(path, '..', '.gitignore'), 'utf8')).toBe('*\n')
    expect((await stat(path)).mode & 0o077).toBe(0)
    expect((await stat(join(path, '..'))).mode & 0o077).toBe(0)
    expect(await readdir(join(path, '..'))).toEqual(['.gitignore', 'store.db'])
  })

  it('leaves a folder alone that was there', async () => {
    await mkdir(join(folder, '.greenloop'))
    path = join(folder, '.greenloop', 'store.db')
    await (await openStore()).close()
    expect(await readdir(join(folder, '.greenloop'))).toEqual(['store.db'])
  })

  it('keeps what another opening wrote, and can be opened by many at once', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore()))
    await Promise.all(stores.map((store, at) => store.create(newRun(`run ${at}`))))
    for (const store of stores) expect(await store.list({ limit: 9 })).toHaveLength(5)
    for (const store of stores) await store.close()
  })

  it('refuses a folder that is in the way', async () => {
    await mkdir(path)
    await expect(openStore()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(path),
    })
  })

  it('refuses a path below a file', async () => {
    await writeFile(join(folder, 'file'), '')
    path = join(folder, 'file', 'store.db')
    await expect(openStore()).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('refuses a file that is no database, and leaves it as it is', async () => {
    const text = 'not a database, and long enough to be read as the head of one\n'.repeat(100)
    await writeFile(path, text)
    await expect(openStore()).rejects.toMatchObject({
      code: 'store_corrupt',
      help: expect.stringContaining('greenloop store restore'),
    })
    expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('refuses the database of another program', async () => {
    const other = new DatabaseSync(path)
    other.exec('create table photos (id integer)')
    other.close()
    const before = await readFile(path)
    await expect(openStore()).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining('photos'),
    })
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  it('refuses tables of a newer version without writing anything', async () => {
    await filled(1)
    const newer = new DatabaseSync(path)
    newer.exec(`update meta set value = '99' where key = 'schema'`)
    newer.close()
    const before = await readFile(path)
    await expect(openStore()).rejects.toMatchObject({ code: 'store_newer', message: expect.stringContaining('99') })
    expect((await readFile(path)).equals(before)).toBe(true)
    expect(await readdir(folder)).toEqual(['store.db'])
  })
})

describe('a damaged store', () => {
  it('is refused when it was not closed cleanly', async () => {
    await filled()
    const writer = await otherProcess(`db.exec("update run set title = 'x' where id = 'run 0'")`)
    await overwritePage(path, 30)
    await expect(openStore()).rejects.toMatchObject({ code: 'store_corrupt' })
    await writer.end()
  })

  it('is found by a check, and by whoever comes upon the damage', async () => {
    await filled()
    await overwritePage(path, 30)
    const store = await openStore()
    expect((await store.check()).length).toBeGreaterThan(0)
    await expect(store.list({ limit: 100 })).rejects.toMatchObject({ code: 'store_corrupt' })
    await store.close()
  })

  it('is one too that contradicts itself', async () => {
    await filled(1)
    const database = new DatabaseSync(path)
    database.exec(`update run set task_count = 3`)
    database.exec(`insert into attempt (run_id, seq, number, final, service_ms, queue_ms, rate_ms, epoch)
      values ('run 0', 7, 1, 0, 0, 0, 0, 1)`)
    database.close()
    const store = await openStore()
    expect(await store.check()).toEqual([
      'run run 0 has another number of tasks than were handed in',
      'run run 0 has attempts at tasks that are not there',
    ])
    await store.close()
  })
})

describe('a lock that another process holds', () => {
  it('is waited for, while the event loop goes on', async () => {
    await filled(1)
    const holder = await otherProcess(`db.exec('begin immediate')`)
    const store = await openStore()
    const created = store.create(newRun('late'))
    let turns = 0
    const count = setInterval(() => {
      if (++turns === 3) void holder.end()
    }, 1)
    expect(await created).toMatchObject({ id: 'late' })
    clearInterval(count)
    // Without turns the lock would never have been given up.
    expect(turns).toBeGreaterThanOrEqual(3)
    await store.close()
  })

  it('is an error when it is held for too long; reading goes on', async () => {
    await filled(1)
    const holder = await otherProcess(`db.exec('begin immediate')`)
    const store = await openStore({ busyTimeoutMs: 120 })
    const refused = store.create(newRun('late'))
    await expect(refused).rejects.toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('lock') })
    expect(await store.find('run 0')).toBeDefined()
    expect(await store.find('late')).toBeUndefined()
    await holder.end()
    expect(await store.create(newRun('late'))).toBeDefined()
    await store.close()
  })
})

describe('room', () => {
  it('is given back to the disk when runs are pruned', async () => {
    const store = await openStore()
    await store.create(newRun('big', { input: 'x'.repeat(4_000_000) }))
    await store.claim('big', owner('me'), 1_000)
    await store.end('big', { state: 'finished' })
    await store.prune({ keep: 0, dryRun: false })
    expect((await stat(path)).size).toBeLessThan(500_000)
    await store.close()
  })

  it('is kept in reserve from the first run on, and not before', async () => {
    const store = await openStore({ ballastBytes: 100_000 })
    expect(await readdir(folder)).not.toContain('store.db.ballast')
    await store.create(newRun('a'))
    await store.close()
    expect((await stat(`${path}.ballast`)).size).toBe(100_000)
  })
})
