import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { makeReady } from './ready.ts'
import { steps } from './schema.ts'
import { openSqlite } from './sqlite-database.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-ready-'))
  path = join(folder, 'store.db')
})
afterEach(() => rm(folder, { recursive: true }))

/** Opens the file as a version of the program would that knows these steps. */
async function openedBy(all: readonly (readonly string[])[]): Promise<void> {
  const database = openSqlite({ path, now: () => 0, busyTimeoutMs: 5_000, release: () => false })
  try {
    await makeReady(database, { path, wasLeftOpen: false, now: 77 }, all)
  } finally {
    await database.close()
  }
}

function read(file: string, sql: string): unknown[] {
  const database = new DatabaseSync(file)
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row))
  } finally {
    database.close()
  }
}

const next = [...steps, ['alter table run add column mood text', `update run set mood = 'new'`]]

describe('a store of an older version', () => {
  const older = async (): Promise<void> => {
    await openedBy(steps)
    const database = new DatabaseSync(path)
    database.exec(`insert into run (id, kind, title, input, state, created_at, epoch, removed)
      values ('a', 'trial', 't', 'null', 'queued', 1, 0, 0)`)
    database.close()
  }

  it('is brought up to date once, after a copy was made', async () => {
    await older()
    await openedBy(next)
    await openedBy(next)
    expect(read(path, 'select id, mood from run')).toEqual([['a', 'new']])
    expect((await readdir(folder)).toSorted()).toEqual(['store.db', `store.db.version-${steps.length}-77`])
    expect(read(join(folder, `store.db.version-${steps.length}-77`), 'select id from run')).toEqual([['a']])
  })

  it('stays as it was where that fails', async () => {
    await older()
    const failing = [...next, ['insert into no_such_table values (1)']]
    await expect(openedBy(failing)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(read(path, 'select value from meta')).toEqual([[String(steps.length)]])
    expect(read(path, 'select * from run')).toHaveLength(1)
    await openedBy(steps)
  })

  it('is not opened by a program that is older still', async () => {
    await openedBy(next)
    await expect(openedBy(steps)).rejects.toMatchObject({ code: 'store_newer' })
  })
})
