import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { host, makeTasks, newRun } from '../../tests/contract/stores.ts'
import type { SqliteStore } from './sqlite.ts'
import { openSqliteStore } from './sqlite.ts'

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-crash-'))
  path = join(folder, 'store.db')
})
afterEach(() => rm(folder, { recursive: true }))

const openStore = (): Promise<SqliteStore> => openSqliteStore({ path, clock: Date, ballastBytes: 0, host })
const program = fileURLToPath(import.meta.resolve('../../tests/support/journal-program.ts'))
const pageSize = 50

function startWriter(runId: string): ChildProcess {
  return spawn(process.execPath, [program, path, runId, String(pageSize)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs a writer until it has said so many times that tasks are safe, then kills it; gives how many it said last. */
async function killedAfter(runId: string, pages: number): Promise<number> {
  const writer = startWriter(runId)
  const exited = once(writer, 'exit')
  let said = ''
  writer.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    if (said.split('\n').length > pages) writer.kill('SIGKILL')
  })
  await exited
  return Number(said.trim().split('\n').at(-1))
}

async function madeRun(id: string, count: number): Promise<void> {
  const store = await openStore()
  await store.create(newRun(id))
  for (let first = 0; first < count; first += 5_000) {
    await store.addTasks(id, first, makeTasks(Math.min(5_000, count - first), first))
  }
  await store.seal(id, count)
  await store.close()
}

// A test that is out of time goes on in the file of the next one, and holds its runs: 30 processes take long on a busy machine.
it('loses nothing that was acknowledged when its process is killed, again and again', async () => {
  const count = 60_000
  await madeRun('a', count)
  let safe = 0
  for (let round = 0; round < 30; round++) {
    safe += await killedAfter('a', 1 + ((round * 7) % 12))
    const store = await openStore()
    const counts = await store.counts('a')
    expect(counts.succeeded).toBeGreaterThanOrEqual(safe)
    // What was written and not yet said is at most the page that was in flight.
    safe = counts.succeeded
    expect(counts).toMatchObject({ total: safe, attempts: safe, retries: 0 })
    await store.close()
  }
  const store = await openStore()
  expect(await store.check()).toEqual([])
  expect((await store.find('a'))?.epoch).toBe(30)
  const results = await store.results('a', { afterSeq: -1, limit: count })
  expect(results.map(({ seq, output }) => [seq, output])).toEqual(
    Array.from({ length: safe }, (_, seq) => [seq, `t${seq}`]),
  )
  const events = await store.events('a', 0, count)
  expect(events.map(({ seq, at }) => [seq, at])).toEqual(Array.from({ length: safe }, (_, seq) => [seq + 1, seq]))
  await store.close()
}, 240_000)

it('loses nothing of two processes that write at the same time', async () => {
  const count = 5_000
  await madeRun('a', count)
  await madeRun('b', count)
  const writers = ['a', 'b'].map(startWriter)
  for (const writer of writers) writer.stdout?.resume()
  const exits = await Promise.all(writers.map((writer) => once(writer, 'exit')))
  expect(exits).toEqual([
    [0, null],
    [0, null],
  ])
  const store = await openStore()
  for (const id of ['a', 'b']) {
    expect(await store.counts(id)).toMatchObject({ succeeded: count, total: count, attempts: count })
    expect((await store.events(id, 0, count * 2)).map(({ seq }) => seq).at(-1)).toBe(count)
  }
  expect(await store.check()).toEqual([])
  await store.close()
})
