import { describe, expect, it } from 'vitest'
import type { LeaseQueue } from '../domain/queue.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { parsePolicy } from '../domain/policy.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, tasksOf } from '../../tests/support/workers.ts'
import { RunWatch } from './coordinator-run.ts'
import type { WatchParts } from './coordinator-run.ts'
import { chunksOf } from './worker-chunks.ts'
import { sharedOwner } from './worker-submit.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe

whereItIs('a coordinator that looks at a run', () => {
  const deployment = deploymentOn(postgres)
  const found = async (id: string): Promise<StoredRun> => (await deployment.store.find(id)) as StoredRun

  /** A watch on a clock that the test moves. */
  const watching = (id: string, over: Partial<WatchParts> = {}) => {
    const time = { ms: 0 }
    const { store, queue, log } = deployment
    const watch = new RunWatch({ store, queue, log, clock: { monotonic: () => time.ms }, ...over })
    const look = async (): Promise<void> => watch.look(await found(id), (await found(id)).startedAt ?? 0)
    /** Looks every four seconds up to this time. */
    const lookUntil = async (ms: number): Promise<void> => {
      for (; time.ms <= ms; time.ms += 4000) await look()
    }
    return { watch, time, look, lookUntil }
  }
  const drop = (): Promise<unknown> => deployment.sql(`delete from ${deployment.queueSchema}.job`)

  it('ends it when somebody wishes so, and lets go what was held back, for workers to drop', async () => {
    await deployment.submit('cancelled', tasksOf(6), { batchSize: 2 })
    await deployment.store.requestCancel('cancelled', 'changed my mind')
    await watching('cancelled').look()
    expect(await found('cancelled')).toMatchObject({ state: 'cancelled', reason: 'changed my mind', exitCode: 130 })
    expect(await deployment.store.counts('cancelled')).toMatchObject({ cancelled: 6 })
    expect(await deployment.queue.claim(10, false)).toHaveLength(3)
  })

  it('says only once that it is over, where two look at the same time', async () => {
    await deployment.submit('twice', tasksOf(1))
    await deployment.store.requestCancel('twice', 'enough')
    const before = await found('twice')
    for (const { watch } of [watching('twice'), watching('twice')]) await watch.look(before, 0)
    expect(deployment.lines).toEqual(['run twice is over: enough'])
  })

  it('ends it after too many failures, and not before', async () => {
    await deployment.submit('failing', tasksOf(5), { stop: { maxFailures: 2 } })
    const { time, look } = watching('failing')
    await deployment.settle('failing', [0], 'failed')
    await look()
    expect(await found('failing')).toMatchObject({ state: 'running' })
    await deployment.settle('failing', [1], 'timeout')
    time.ms += 1000
    await look()
    const reason = '2 tasks ended badly; the limit is 2'
    expect(await found('failing')).toMatchObject({ state: 'finished', verdict: 'failed', reason })
  })

  it('ends it when its time is up, and not before', async () => {
    await deployment.submit('slow', tasksOf(1), { stop: { timeoutSeconds: 10 } })
    const { watch } = watching('slow')
    const { startedAt = 0 } = await found('slow')
    await watch.look(await found('slow'), startedAt + 9999)
    expect(await found('slow')).toMatchObject({ state: 'running' })
    await watch.look(await found('slow'), startedAt + 10_000)
    expect(await found('slow')).toMatchObject({ state: 'finished', reason: 'the run took longer than 10 s' })
  })

  it('spends about a twentieth of the time on counting, however long counting takes', async () => {
    await deployment.submit('large', tasksOf(1), { stop: { maxTokens: 1000 } })
    let countings = 0
    const counts: typeof deployment.store.counts = (id) => {
      countings++
      // A second and a half for each.
      time.ms += 1500
      return deployment.store.counts(id)
    }
    const { time, look } = watching('large', { store: { ...deployment.store, counts } })
    for (let second = 0; second < 100; second++) {
      await look()
      time.ms += 1000
    }
    expect(countings).toBe(4)
  })

  it('lets a batch go again while tasks still come in, some of which may be of that batch', async () => {
    const { store, queue } = deployment
    const policy = parsePolicy({ batchSize: 4 })
    await store.create({ id: 'coming', kind: 'trial', title: '', input: null, policy })
    await store.claim('coming', sharedOwner, 60_000)
    const handIn = (from: number, to: number): Promise<void> =>
      store.transaction(async (tx) => {
        await store.admit({ runId: 'coming', firstSeq: from, tasks: tasksOf(to).slice(from) }, tx)
        await queue.put(chunksOf({ runId: 'coming', from, to, policy, chunkSize: 16 }), tx)
      })
    const { look } = watching('coming')
    const claimed = async (): Promise<number[][]> => {
      await look()
      return (await queue.claim(10, false)).map(({ from, to }) => [from, to])
    }
    await handIn(0, 6)
    expect(await claimed()).toEqual([[0, 4]])
    await deployment.settle('coming', [0, 1, 2, 3])
    expect(await claimed()).toEqual([[4, 6]])
    await handIn(6, 7)
    expect(await claimed()).toEqual([[6, 7]])
    // The last of it came after it was let go, and just before all was there.
    await handIn(7, 10)
    await store.seal('coming', 10)
    expect(await claimed()).toEqual([[7, 8]])
    await deployment.settle('coming', [4, 5, 6, 7])
    expect(await claimed()).toEqual([[8, 10]])
    await deployment.settle('coming', [8, 9])
    await look()
    expect(await found('coming')).toMatchObject({ state: 'finished', verdict: 'passed' })
  })

  it('does not end it while tasks still come in, though none is open', async () => {
    await deployment.store.create({ id: 'early', kind: 'trial', title: '', input: null })
    await deployment.store.claim('early', sharedOwner, 60_000)
    const { look } = watching('early')
    await look()
    expect(await found('early')).toMatchObject({ state: 'running' })
    await deployment.store.seal('early', 0)
    await look()
    expect(await found('early')).toMatchObject({ state: 'finished', verdict: 'empty' })
  })

  it('puts chunks in again where it stands still without any', async () => {
    await deployment.submit('bare', tasksOf(20))
    await deployment.settle('bare', [3])
    await drop()
    const { look, lookUntil } = watching('bare')
    await look()
    expect(await deployment.queue.pending('bare')).toBe(0)
    await lookUntil(36_000)
    expect(await deployment.queue.pending('bare')).toBe(19)
    await lookUntil(80_000)
    expect(await deployment.queue.pending('bare')).toBe(19)
    expect(deployment.lines).toEqual(['run bare had 19 tasks without a chunk'])
  })

  it('puts in again only those of the batch that is open', async () => {
    await deployment.submit('batched', tasksOf(20), { batchSize: 5 })
    await drop()
    await watching('batched').lookUntil(36_000)
    const leases = await deployment.queue.claim(30, false)
    expect(leases.map(({ from }) => from).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
  })

  it('puts nothing in where another was faster in the meantime', async () => {
    const { queue } = deployment
    await deployment.submit('both', tasksOf(5))
    await drop()
    const other = watching('both')
    const pending: LeaseQueue['pending'] = async (id) => {
      const count = await queue.pending(id)
      // Right after this one has seen that there is none.
      await other.lookUntil(36_000)
      return count
    }
    await watching('both', { queue: { ...queue, pending } }).lookUntil(36_000)
    expect(await queue.pending('both')).toBe(5)
    expect(deployment.lines).toEqual(['run both had 5 tasks without a chunk'])
  })

  it('keeps the pause between batches', async () => {
    const { queue } = deployment
    await deployment.submit('paused', tasksOf(4), { batchSize: 2, batchPauseSeconds: 10 })
    const { time, look } = watching('paused')
    await look()
    const [first] = await deployment.hold(10)
    expect(first?.lease).toMatchObject({ from: 0, to: 2 })
    await deployment.settle('paused', [0, 1])
    for (const [ms, count] of [
      [1000, 0],
      [10_999, 0],
      [11_000, 1],
    ] as const) {
      time.ms = ms
      await look()
      expect(await queue.claim(10, false)).toHaveLength(count)
    }
  })
})
