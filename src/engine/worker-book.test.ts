import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { ChunkRecord, Tx } from '../domain/queue.ts'
import type { TaskAttempt } from '../domain/task.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, patience, tasksOf } from '../../tests/support/workers.ts'
import { createSerial } from './worker-bell.ts'
import { Book } from './worker-book.ts'
import type { BookParts } from './worker-book.ts'
import { createHoldings } from './worker-holding.ts'
import type { Holding } from './worker-holding.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe
const unavailable = new GreenloopError('store_unavailable', 'not now')

whereItIs('what a worker writes', () => {
  const deployment = deploymentOn(postgres)

  const setUp = (over: Partial<BookParts['store']> = {}) => {
    const { store, queue, lines, log } = deployment
    const clock = createVirtualClock()
    const holdings = createHoldings(({ lease }) => log(`${lease.from} is lost`))
    let settlements = 0
    const book = new Book({
      store: { ...store, ...over },
      queue,
      holdings,
      clock,
      log,
      serial: createSerial(),
      flushMs: 200,
      onSettled: () => void settlements++,
    })
    /** Holds all chunks of a new run. */
    const hold = async (id: string, count: number): Promise<readonly Holding[]> => {
      await deployment.submit(id, tasksOf(count))
      return (await deployment.hold()).map(({ lease, run, tasks }) => holdings.add(lease, run, tasks))
    }
    /** Lets time pass until so many groups were written. */
    const written = (count: number): Promise<void> =>
      expect
        .poll(async () => {
          await clock.run()
          return settlements
        }, patience)
        .toBe(count)
    return { book, holdings, clock, lines, hold, written, settlements: () => settlements }
  }
  const attempt = ({ lease }: Holding, number: number): ChunkRecord => {
    const times = { startedAt: 1, endedAt: 2, serviceMs: 1, queueMs: 0, rateMs: 0 }
    const made: TaskAttempt = { number, state: 'error', ...times }
    return { runId: lease.runId, seq: lease.from, attempt: made }
  }
  const result = ({ lease }: Holding, seq: number): ChunkRecord => {
    const task = { id: `t${seq}`, payload: null }
    const usage = { tokens: 0, costUsd: 0 }
    return { runId: lease.runId, seq, result: { task, state: 'succeeded', attempts: [], usage } }
  }
  /** Writes the results of all tasks of a chunk. */
  const complete = (book: Book, holdings: ReturnType<typeof createHoldings>, holding: Holding): void => {
    for (let { from } = holding.lease; from < holding.lease.to; from++) {
      holdings.finish(holding)
      void book.write(holding, result(holding, from))
    }
  }

  it('is not kept waiting for company once a group is full', async () => {
    const { book, holdings, hold, settlements } = setUp()
    for (const holding of await hold('full', 16 * 32)) complete(book, holdings, holding)
    // The clock stands still: no timer is what writes it.
    await expect.poll(settlements, patience).toBeGreaterThan(0)
    await book.close()
    expect(await deployment.store.counts('full')).toMatchObject({ succeeded: 16 * 32 })
    expect(await deployment.queue.pending('full')).toBe(0)
  })

  it('keeps whoever writes waiting while thousands of records are not written yet', async () => {
    const { book, clock, hold } = setUp()
    const [holding] = (await hold('behind', 1)) as [Holding]
    const answers = Array.from({ length: 4096 }, (_, index) => book.write(holding, attempt(holding, index + 1)))
    expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true)
    const last = answers.at(-1)
    expect(last).toBeInstanceOf(Promise)
    await clock.run()
    await last
    expect(await deployment.store.counts('behind')).toMatchObject({ attempts: 4096 })
    expect(book.write(holding, attempt(holding, 4097))).toBeUndefined()
    await book.close()
  })

  it('goes on with everything, of before and of meanwhile, after the database refused', async () => {
    let refused: (() => void) | undefined
    const transaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
      if (refused === undefined) return deployment.store.transaction(work)
      refused()
      refused = undefined
      throw unavailable
    }
    const { book, holdings, hold, written, lines } = setUp({ transaction })
    const [early, late] = (await hold('meanwhile', 32)) as [Holding, Holding]
    refused = () => {
      void book.write(early, attempt(early, 2))
      complete(book, holdings, late)
    }
    void book.write(early, attempt(early, 1))
    await written(2)
    expect(lines.join('\n')).toContain('results could not be written yet')
    expect(await deployment.store.counts('meanwhile')).toMatchObject({ succeeded: 16, attempts: 2 })
    expect([...holdings.all.values()]).toEqual([early])
  })

  it('is dropped for a chunk that another worker has, and for no other', async () => {
    const { book, holdings, hold, written, lines } = setUp()
    const [lost, kept] = (await hold('fenced', 32)) as [Holding, Holding]
    await deployment.takeOver(lost.lease)
    complete(book, holdings, lost)
    complete(book, holdings, kept)
    await written(1)
    expect(lines).toEqual([`${lost.lease.from} is lost`])
    expect([lost.state, kept.state, holdings.all.size]).toEqual(['lost', 'held', 0])
    const results = await deployment.store.results('fenced', { afterSeq: -1, limit: 100 })
    expect(results.map(({ seq }) => seq)).toEqual(Array.from({ length: 16 }, (_, index) => kept.lease.from + index))
  })

  it('is dropped for a run that has ended, whose chunk is settled all the same', async () => {
    const { book, holdings, hold, written, lines } = setUp()
    const [holding] = (await hold('ended', 3)) as [Holding]
    void book.write(holding, attempt(holding, 1))
    holdings.retire(holding)
    book.settle(holding)
    await written(1)
    expect(lines).toEqual([])
    expect([...holdings.all.values()]).toEqual([])
    expect(await deployment.queue.pending('ended')).toBe(0)
    expect(await deployment.store.counts('ended')).toMatchObject({ attempts: 0, pending: 3 })
  })

  it('is given up at the end where the database stays away, and the chunk is left to lapse', async () => {
    const { book, holdings, hold, lines } = setUp({ transaction: () => Promise.reject(unavailable) })
    const [holding] = (await hold('away', 1)) as [Holding]
    complete(book, holdings, holding)
    await book.close()
    expect(lines).toEqual(Array.from({ length: 5 }, () => `results could not be written: ${String(unavailable)}`))
    expect([...holdings.all.values()]).toEqual([holding])
    expect(await deployment.queue.pending('away')).toBe(1)
  })
})
