import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../src/store/open.ts'
import type { PostgresStore } from '../../src/store/postgres.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { findPostgres } from '../support/postgres.ts'
import { ended, makeTasks, newRun, owner, result } from './stores.ts'

const postgres = await findPostgres()
const url = postgres?.url ?? ''
afterAll(() => postgres?.drop())

describe.skipIf(postgres === undefined)('the shared store', () => {
  let schema = ''
  let store: PostgresStore
  const opened: PostgresStore[] = []
  const open = async (): Promise<PostgresStore> => {
    const another = await openPostgresStore({ url, schema })
    opened.push(another)
    return another
  }
  beforeEach(async () => {
    schema = postgres?.schema() ?? ''
    store = await open()
  })
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
  })

  /** A run with tasks that workers share. */
  const shared = async (id: string, count: number): Promise<void> => {
    await store.create(newRun(id))
    await store.addTasks(id, 0, makeTasks(count))
    await store.seal(id, count)
    await store.claim(id, owner('workers'), 60_000)
  }
  const inSchema = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  it('can be opened for the first time by many at once', async () => {
    schema = postgres?.schema() ?? ''
    const stores = await Promise.all(Array.from({ length: 6 }, open))
    await Promise.all(stores.map((each, at) => each.create(newRun(`run ${at}`))))
    expect(await store.list({ limit: 9 })).toEqual([])
    expect(await stores[0]?.list({ limit: 9 })).toHaveLength(6)
  })

  it('refuses tables of a newer version', async () => {
    await inSchema((client) => client.query(`update ${schema}.meta set value = '99'`))
    await expect(open()).rejects.toMatchObject({ code: 'store_newer' })
  })

  it('refuses a schema of an impossible name', async () => {
    const opening = openPostgresStore({ url, schema: 'a"; drop table x' })
    await expect(opening).rejects.toMatchObject({ code: 'usage_invalid' })
  })

  it('stores a page of tasks with whatever else belongs to it, or neither', async () => {
    await store.create(newRun('a'))
    const page = { runId: 'a', firstSeq: 0, tasks: makeTasks(3) }
    const broken = store.transaction(async (tx) => {
      expect(await store.admit(page, tx)).toBe(true)
      throw new TypeError('broken off')
    })
    await expect(broken).rejects.toThrow(TypeError)
    expect(await store.unfinished('a', -1, 9)).toEqual([])
    expect(await store.transaction((tx) => store.admit(page, tx))).toBe(true)
    expect(await store.transaction((tx) => store.admit(page, tx))).toBe(false)
    expect(await store.unfinished('a', -1, 9)).toHaveLength(3)
  })

  it('records what workers did, once, with the transaction or not at all', async () => {
    await shared('a', 3)
    await shared('b', 1)
    const [one, two] = makeTasks(2)
    if (one === undefined || two === undefined) throw new Error('no tasks')
    const attempts = [ended(1, 'error'), ended(2, 'succeeded')]
    const records = [
      { runId: 'a', seq: 0, attempt: ended(1, 'error') },
      { runId: 'a', seq: 0, result: result(one, 'succeeded', { attempts, output: 'x' }) },
      { runId: 'a', seq: 1, attempt: ended(1, 'timeout') },
      { runId: 'b', seq: 0, result: result(one, 'failed') },
    ]
    const broken = store.transaction(async (tx) => {
      await store.record(records, tx)
      throw new TypeError('broken off')
    })
    await expect(broken).rejects.toThrow(TypeError)
    expect(await store.counts('a')).toMatchObject({ total: 0, attempts: 0 })
    for (let time = 0; time < 2; time++) await store.transaction((tx) => store.record(records, tx))
    await store.transaction((tx) => store.record([{ runId: 'a', seq: 0, result: result(one, 'failed') }], tx))
    expect(await store.counts('a')).toMatchObject({ total: 1, succeeded: 1, attempts: 3, retries: 1, pending: 2 })
    expect(await store.counts('b')).toMatchObject({ total: 1, failed: 1 })
    const final = [{ runId: 'a', seq: 1, result: result(two, 'timeout', { attempts: [ended(1, 'timeout')] }) }]
    await store.transaction((tx) => store.record(final, tx))
    expect(await store.counts('a')).toMatchObject({ total: 2, timeout: 1, attempts: 3 })
  })

  it('keeps one result of two workers that write it at the same time', async () => {
    await shared('a', 200)
    const second = await open()
    const write = (into: PostgresStore, state: 'succeeded' | 'failed') =>
      into.transaction((tx) =>
        into.record(
          makeTasks(200).map((task, seq) => ({ runId: 'a', seq, result: result(task, state) })),
          tx,
        ),
      )
    await Promise.all([write(store, 'succeeded'), write(second, 'failed')])
    const { succeeded, failed, total, attempts } = await store.counts('a')
    expect({ total, attempts, sum: succeeded + failed }).toEqual({ total: 200, attempts: 200, sum: 200 })
  })

  it('tells what is open in ranges of several runs, and the heads of runs', async () => {
    await shared('a', 10)
    await shared('b', 10)
    const records = makeTasks(2).map((task, seq) => ({ runId: 'a', seq, result: result(task, 'succeeded') }))
    await store.transaction((tx) => store.record(records, tx))
    const range = (runId: string, from: number, to: number) => ({ runId, from, to })
    const found = await store.open([range('a', 0, 4), range('b', 8, 12), range('a', 6, 8), range('c', 0, 9)])
    const numbers = [...found].map(([id, tasks]) => [id, tasks.map(({ seq }) => seq)])
    expect(numbers).toEqual([
      ['a', [2, 3, 6, 7]],
      ['b', [8, 9]],
      ['c', []],
    ])
    expect(await store.open([])).toEqual(new Map())
    expect([...(await store.heads(['a', 'b', 'a', 'x'])).keys()].toSorted()).toEqual(['a', 'b'])
    expect(await store.heads([])).toEqual(new Map())
    await store.create(newRun('waiting'))
    expect((await store.active(['trial'])).map(({ id }) => id).toSorted()).toEqual(['a', 'b'])
    expect(await store.active(['repair'])).toEqual([])
  })

  it('tells everybody who listens that a run has changed, on a new connection too after theirs broke', async () => {
    const heard: string[] = []
    let wake = (): void => {}
    const second = await open()
    const listener = await second.listen((runId) => {
      heard.push(runId)
      wake()
    })
    const until = async (id: string, again: () => Promise<void>): Promise<void> => {
      for (let round = 0; round < 400 && !heard.includes(id); round++) {
        await again()
        // What was said while nobody listened is missed, so it is said again.
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), store.now().then(() => store.now())])
      }
      expect(heard).toContain(id)
    }
    await shared('a', 1)
    await until('a', () => store.notify('a'))
    await shared('b', 1)
    await store.requestCancel('b', 'by hand')
    await until('b', async () => {})
    await shared('c', 1)
    await store.end('c', { state: 'finished' })
    await until('c', async () => {})
    const broken = await inSchema((client) =>
      client.query(`select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen ${schema}_run'`),
    )
    expect(broken.rowCount).toBe(1)
    await until('again', async () => {
      await store.notify('again')
      await new Promise((resolve) => setTimeout(resolve, 10))
    })
    await listener.close()
  })

  it('lets one of many do what only one may, and the next when that one is done', async () => {
    const second = await open()
    const done: string[] = []
    let release = (): void => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    let begun = (): void => {}
    const beginning = new Promise<void>((resolve) => (begun = resolve))
    const first = store.exclusively('coordinator', async () => {
      begun()
      await held
      done.push('first')
    })
    await beginning
    expect(await second.exclusively('coordinator', async () => void done.push('second'))).toBe(false)
    expect(await second.exclusively('another', async () => void done.push('another'))).toBe(true)
    release()
    expect(await first).toBe(true)
    const failing = store.exclusively('coordinator', () => Promise.reject(new TypeError('broken')))
    await expect(failing).rejects.toThrow(TypeError)
    expect(await second.exclusively('coordinator', async () => void done.push('third'))).toBe(true)
    expect(done).toEqual(['another', 'first', 'third'])
  })

  it('writes a journal through connections that break, each entry once', async () => {
    const count = 3_000
    await store.create(newRun('a'))
    await store.addTasks('a', 0, makeTasks(count))
    const run = await store.claim('a', owner('me'), 60_000)
    const journal = store.journal('a', run?.epoch ?? 0)
    await inSchema(async (client) => {
      for (const [seq, task] of makeTasks(count).entries()) {
        void journal.append({ kind: 'event', event: { at: seq, kind: 'task', data: null } })
        await journal.append({ kind: 'result', seq, result: result(task, 'succeeded') })
        if (seq % 600 !== 300) continue
        const flushed = journal.flush()
        const others = `select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'greenloop' and query like '%${schema}%' and pid <> pg_backend_pid()`
        await client.query(others)
        await flushed
      }
    })
    await journal.close()
    expect(await store.counts('a')).toMatchObject({ succeeded: count, attempts: count })
    const events = await store.events('a', 0, count * 2)
    expect(events.map(({ at }) => at)).toEqual(Array.from({ length: count }, (_, seq) => seq))
  })

  it('writes a group once whose commit went through while the answer was lost', async () => {
    await store.create(newRun('a'))
    await store.addTasks('a', 0, makeTasks(2))
    const run = await store.claim('a', owner('me'), 60_000)
    const cut = await startProxy(new URL(url))
    const behind = await openPostgresStore({ url: cut.url, schema })
    opened.push(behind)
    const journal = behind.journal('a', run?.epoch ?? 0)
    for (const [seq, task] of makeTasks(2).entries()) {
      void journal.append({ kind: 'event', event: { at: seq, kind: 'task', data: null } })
      void journal.append({ kind: 'result', seq, result: result(task, 'succeeded') })
      cut.afterNextCommit()
      await journal.flush()
    }
    expect(cut.cuts()).toBe(2)
    expect((await store.events('a', 0, 9)).map(({ at }) => at)).toEqual([0, 1])
    expect(await store.counts('a')).toMatchObject({ succeeded: 2, attempts: 2 })
    cut.close()
  })

  it('has a clock, which is that of the database', async () => {
    const [[row], now] = await inSchema(async (client) => [
      (await client.query('select extract(epoch from clock_timestamp()) * 1000 as ms')).rows as { ms: string }[],
      await store.now(),
    ])
    expect(now - Number(row?.ms)).toBeGreaterThanOrEqual(-1)
    expect(Number.isInteger(now)).toBe(true)
  })

  describe('shared allowances', () => {
    const slow = { key: 'model', perMinute: 1, burst: 10 }

    it('give what is there, then nothing, and say when to ask again', async () => {
      expect(await store.take(slow, 4)).toEqual({ granted: 4, retryInMs: 0 })
      expect(await store.take(slow, 20)).toEqual({ granted: 6, retryInMs: 0 })
      const { granted, retryInMs } = await store.take(slow, 1)
      expect(granted).toBe(0)
      expect(retryInMs).toBeGreaterThan(0)
      expect(retryInMs).toBeLessThanOrEqual(60_000)
      expect(await store.take({ ...slow, key: 'other' }, 99)).toEqual({ granted: 10, retryInMs: 0 })
    })

    it('give no more than the burst to many who take at once', async () => {
      const second = await open()
      const takes = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? store : second).take(slow, 1 + (at % 3)))
      const granted = (await Promise.all(takes)).map((take) => take.granted)
      expect(granted.reduce((sum, each) => sum + each, 0)).toBe(10)
    })

    it('fill up again by the clock of the database, never above rate and burst', async () => {
      const fast = { key: 'fast', perMinute: 600_000, burst: 50 }
      const start = await store.now()
      let granted = 0
      for (let round = 0; round < 300; round++) granted += (await store.take(fast, 7)).granted
      const elapsedMs = (await store.now()) + 1 - start
      expect(granted).toBeLessThanOrEqual(50 + (elapsedMs * 600_000) / 60_000)
      expect(granted).toBeGreaterThan(50)
    })

    it('give nothing during a penalty, and start empty after it', async () => {
      await store.penalize('model', 3_600_000)
      await store.penalize('model', 1)
      const long = await store.take(slow, 5)
      expect(long.granted).toBe(0)
      expect(long.retryInMs).toBeGreaterThan(3_500_000)
      await store.penalize('brief', 1)
      const brief = await store.take({ ...slow, key: 'brief' }, 5)
      expect(brief.granted).toBe(0)
      expect(brief.retryInMs).toBeLessThanOrEqual(60_001)
    })
  })
})

/** Stands between a client and the database; can break the connection when a commit was answered and nobody heard it. */
async function startProxy(database: URL) {
  let isArmed = false
  let cuts = 0
  const server = createServer((client) => {
    let isCommitting = false
    const upstream = connect(Number(database.port || 5432), database.hostname)
    client.on('data', (chunk) => {
      isCommitting = isArmed && chunk.includes('commit')
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (!isCommitting) return void client.write(chunk)
      isArmed = false
      cuts++
      client.destroy()
      upstream.destroy()
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {}).on('close', () => other.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const own = new URL(database)
  own.host = `127.0.0.1:${port}`
  return { url: own.href, afterNextCommit: () => void (isArmed = true), cuts: () => cuts, close: () => server.close() }
}

describe('a database that cannot be used', () => {
  it('is named without its password', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as AddressInfo
    closed.close()
    const opening = openStore(`postgres://me:s3cret@127.0.0.1:${port}/runs`, { clock: Date })
    const error = await opening.catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(`127.0.0.1:${port}/runs`),
    })
    expect(String(error)).not.toContain('s3cret')
  })

  it.skipIf(postgres === undefined)('is one too that is not there, or that asks for another password', async () => {
    const missing = new URL(url)
    missing.pathname = '/no_such_database'
    const opening = openPostgresStore({ url: missing.href })
    await expect(opening).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('no_such'),
    })
    const stranger = new URL(url)
    stranger.username = 'nobody_of_this_name'
    await expect(openPostgresStore({ url: stranger.href })).rejects.toMatchObject({ code: 'store_unavailable' })
  })
})
