import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { PolicyInput } from '../domain/policy.ts'
import type { Tx } from '../domain/queue.ts'
import type { StoredTask } from '../domain/stored-run.ts'
import { failed } from '../domain/task.ts'
import type { Handler, TaskContext } from '../domain/task.ts'
import { random } from '../lib/random.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, patience, tasksOf } from '../../tests/support/workers.ts'
import { handlersOf } from '../../tests/support/worker-program.ts'
import { createSerial } from './worker-bell.ts'
import { Book } from './worker-book.ts'
import { createHoldings } from './worker-holding.ts'
import type { Holding } from './worker-holding.ts'
import { Lane } from './worker-lane.ts'
import { Slots } from './worker-slots.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe
const down = new GreenloopError('target_failed', 'the system is down')

/** Never comes back by itself. */
const untilAborted = ({ signal }: TaskContext): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(down), { once: true })
  })

whereItIs('one run at a worker', () => {
  const deployment = deploymentOn(postgres)
  /** A queue whose holders ask what is still theirs twenty times a second. */
  const quick = () => ({ queue: { ...deployment.queue, heartbeatMs: 150 } })
  /** A handler and the executions that it saw, as `task/attempt`. */
  const noting = (work: Handler): { readonly seen: string[]; readonly handler: Handler } => {
    const seen: string[] = []
    const handler: Handler = (task, context) => {
      seen.push(`${task.id}/${context.attempt}`)
      return work(task, context)
    }
    return { seen, handler }
  }

  it('tries again by its policy and keeps every attempt', async () => {
    const { seen, handler } = noting((_, { attempt }) => {
      if (attempt < 3) throw down
      return 'done'
    })
    deployment.start(handler)
    await deployment.submit('retried', tasksOf(1), { retry: { maxAttempts: 3, backoffSeconds: 0 } })
    expect(await deployment.ended('retried')).toMatchObject({ verdict: 'passed' })
    expect(seen).toEqual(['t0/1', 't0/2', 't0/3'])
    const [result] = await deployment.store.results('retried', { afterSeq: -1, limit: 1 })
    expect(result?.attempts.map(({ number, state }) => [number, state])).toEqual([
      [1, 'error'],
      [2, 'error'],
      [3, 'succeeded'],
    ])
  })

  it('goes on counting attempts where another worker has stopped', async () => {
    const { seen, handler } = noting((_, { attempt }) => {
      if (attempt === 1) throw down
      return failed('no')
    })
    // Longer than the first worker is there.
    const retry = { maxAttempts: 2, backoffSeconds: 60, jitter: 'none' } as const
    await deployment.submit('handed on', tasksOf(1), { retry })
    const stop = deployment.start(handler, { graceMs: 0 })
    await expect.poll(() => seen.length, patience).toBe(1)
    await stop()
    expect(seen).toEqual(['t0/1'])
    deployment.start(handler)
    await deployment.ended('handed on')
    expect(seen).toEqual(['t0/1', 't0/2'])
    expect(await deployment.store.counts('handed on')).toMatchObject({ failed: 1, attempts: 2, retries: 1 })
  })

  it('has its tasks wait for a handler that takes its time to be made', async () => {
    const made = Promise.withResolvers<Handler>()
    const { seen, handler } = noting(() => 'done')
    let isAsked = false
    const factory = (): Promise<Handler> => {
      isAsked = true
      return made.promise
    }
    deployment.start(handler, { handlers: handlersOf(factory) })
    await deployment.submit('prepared', tasksOf(3))
    await expect.poll(() => isAsked, patience).toBe(true)
    expect(seen).toEqual([])
    made.resolve(handler)
    expect(await deployment.ended('prepared')).toMatchObject({ verdict: 'passed' })
    expect(seen.toSorted()).toEqual(['t0/1', 't1/1', 't2/1'])
  })

  it('takes its tokens from the bucket that all workers share', async () => {
    const rateLimit = { perMinute: 1, burst: 3 }
    const { seen, handler } = noting(() => 'done')
    const stop = deployment.start(handler, { graceMs: 0 })
    await deployment.submit('limited', tasksOf(4), { rateLimit })
    await expect.poll(() => seen.length, patience).toBe(3)
    expect(await deployment.store.take({ key: 'run:limited', ...rateLimit }, 1)).toMatchObject({ granted: 0 })
    // The fourth waits for a token, and so it goes back to the queue.
    await stop()
    expect(await deployment.store.counts('limited')).toMatchObject({ succeeded: 3, pending: 1 })
    expect(seen).toHaveLength(3)
  })

  it('aborts what runs of a chunk that another worker has, and begins nothing more of it', async () => {
    const aborted: string[] = []
    const { seen, handler } = noting(async (task, context) => {
      await untilAborted(context).catch(() => aborted.push(task.id))
      throw down
    })
    // It would be tried again at once, were it still here.
    const retry = { maxAttempts: 5, backoffSeconds: 0 }
    let writings = 0
    const transaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
      writings++
      return deployment.store.transaction(work)
    }
    const stop = deployment.start(handler, { ...quick(), slots: 1, store: { ...deployment.store, transaction } })
    await deployment.submit('taken', tasksOf(3), { retry })
    await expect.poll(() => seen, patience).toEqual(['t0/1'])
    await deployment.takeOver()
    await expect.poll(() => aborted, patience).toEqual(['t0'])
    await stop()
    expect(seen).toEqual(['t0/1'])
    // Not even tried.
    expect(writings).toBe(0)
    expect(await deployment.store.counts('taken')).toMatchObject({ attempts: 0, pending: 3 })
    expect(await deployment.queue.pending('taken')).toBe(1)
  })

  describe('on a clock that a test moves', () => {
    /** A lane of its own with one slot, that holds all chunks of a new run. */
    const laneOf = async (
      id: string,
      count: number,
      { work, policy = {} }: { work: Handler; policy?: PolicyInput },
    ) => {
      const { store, queue, log } = deployment
      const clock = createVirtualClock()
      const slots = new Slots(1, { mayBegin: () => true, onRoom: () => {} })
      const holdings = createHoldings(() => {})
      const serial = createSerial()
      const book = new Book({ store, queue, holdings, clock, log, serial, flushMs: 1, onSettled: () => {} })
      await deployment.submit(id, tasksOf(count), policy)
      const held = await deployment.hold()
      const chunks = held.map(({ lease, run, tasks }) => holdings.add(lease, run, tasks)) as [Holding, Holding]
      const { seen, handler } = noting(work)
      const parts = { slots, slotCount: 1, holdings, book, store, clock, random, log }
      const lane = new Lane(chunks[0].run, () => handler, parts)
      for (const { tasks } of held) lane.add(tasks)
      return { lane, clock, slots, holdings, chunks, seen }
    }

    it('takes back the tasks of a chunk that nobody has begun, and none of another chunk', async () => {
      const work: Handler = (_, context) => untilAborted(context)
      const { lane, clock, slots, chunks, seen } = await laneOf('withdrawn', 20, { work })
      await clock.run()
      expect([seen.length, slots.waiting]).toEqual([1, 19])
      lane.withdraw(chunks[1])
      expect(slots.waiting).toBe(chunks[0].left - 1)
      lane.stop('enough')
      await clock.run()
      await lane.over
      expect(seen).toHaveLength(1)
    })

    it('does not try a task again whose chunk was lost while it waited for that', async () => {
      const work: Handler = () => {
        throw down
      }
      const policy: PolicyInput = { retry: { maxAttempts: 3, backoffSeconds: 60, jitter: 'none' } }
      const { lane, clock, holdings, chunks, seen } = await laneOf('waiting', 1, { work, policy })
      await clock.run({ untilMs: 59_999 })
      expect(seen).toEqual(['t0/1'])
      holdings.lose(chunks[0])
      lane.close()
      await clock.run()
      await lane.over
      expect(clock.now()).toBe(60_000)
      expect(seen).toEqual(['t0/1'])
    })
  })

  it('lets go its own chunks only when it breaks down', async () => {
    const { store, lines } = deployment
    let isBroken = true
    const open: typeof store.open = async (ranges) => {
      const found = await store.open(ranges)
      const isFault = isBroken && found.has('fault')
      if (!isFault) return found
      isBroken = false
      // What no store gives: the engine stumbles over it.
      const nonsense = (task: StoredTask): StoredTask => ({ ...task, attempts: null as never })
      return new Map([...found].map(([id, tasks]) => [id, tasks.map(nonsense)]))
    }
    const gate = Promise.withResolvers<void>()
    const { seen, handler } = noting(() => gate.promise)
    deployment.start(handler, { store: { ...store, open } })
    await deployment.submit('fine', tasksOf(2))
    await expect.poll(() => seen.length, patience).toBe(2)
    await deployment.submit('fault', tasksOf(2))
    await expect.poll(() => lines.join('\n'), patience).toContain('run fault broke down at this worker')
    gate.resolve()
    expect(await deployment.ended('fine')).toMatchObject({ verdict: 'passed' })
    expect(seen).toHaveLength(2)
    expect(lines.filter((line) => line.includes('is with another worker'))).toHaveLength(1)
    // Without a heartbeat its chunk comes again.
    await deployment.lapse()
    expect(await deployment.ended('fault')).toMatchObject({ verdict: 'passed' })
    expect(seen).toHaveLength(4)
  })
})
