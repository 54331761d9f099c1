import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LeaseQueue, NewChunk, Tx } from '../../src/domain/queue.ts'
import { openPgBossQueue } from '../../src/queue/pg-boss.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { PostgresStore } from '../../src/store/postgres.ts'
import { findPostgres } from '../support/postgres.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe

/** The least that can be waited for; the product takes 10. */
const heartbeatSeconds = 1
const lossLimits = { chunk: 2, alone: 1 }
const patience = { timeout: 20_000, interval: 100 }

const chunks = (count: number, over: Partial<NewChunk> = {}): NewChunk[] =>
  Array.from({ length: count }, (_, index) => ({ runId: 'r', from: index * 16, to: index * 16 + 16, ...over }))

whereItIs('a queue of chunks', () => {
  const url = postgres?.url ?? ''
  let queue: LeaseQueue
  let store: PostgresStore
  let schema: string
  const stops: (() => Promise<void>)[] = []
  const open = async (): Promise<LeaseQueue> => {
    const opened = await openPgBossQueue({ url, schema, heartbeatSeconds, lossLimits })
    stops.push(() => opened.stop())
    await opened.start()
    return opened
  }
  const within = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => store.transaction(work)
  const put = (...some: readonly NewChunk[]): Promise<void> => within((tx) => queue.put(some, tx))

  beforeEach(async () => {
    schema = postgres?.schema() ?? ''
    const opened = await openPostgresStore({ url, schema: postgres?.schema() ?? '' })
    stops.push(() => opened.close())
    store = opened
    queue = await open()
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop()
  })
  afterAll(() => postgres?.drop())

  /** Watches as a coordinator does until the chunks of silent holders are back. */
  const claimAgain = async (count: number, alone = false) => {
    const back: Awaited<ReturnType<LeaseQueue['claim']>>[number][] = []
    await expect
      .poll(async () => {
        await queue.supervise()
        back.push(...(await queue.claim(count - back.length, alone)))
        return back.length
      }, patience)
      .toBe(count)
    return back
  }

  it('gives each chunk to one of many workers that start and ask at once', async () => {
    const others = await Promise.all([open(), open(), open()])
    await put(...chunks(100))
    const claims = await Promise.all(
      [queue, ...others].map(async (each) => [
        ...(await each.claim(10, false)),
        ...(await each.claim(40, false)),
        ...(await each.claim(100, false)),
      ]),
    )
    const from = claims
      .flat()
      .map((lease) => lease.from)
      .toSorted((a, b) => a - b)
    expect(from).toEqual(chunks(100).map((chunk) => chunk.from))
    expect(claims[0]?.[0]).toMatchObject({ runId: 'r', retryCount: 0, alone: false })
  })

  it('puts in and settles with the transaction, or not at all', async () => {
    const failing = (work: (tx: Tx) => Promise<unknown>): Promise<void> =>
      within(async (tx) => {
        await work(tx)
        throw new TypeError('no')
      })
    await expect(failing((tx) => queue.put(chunks(3), tx))).rejects.toThrow()
    expect(await queue.claim(10, false)).toEqual([])
    await put(...chunks(3))
    const leases = await queue.claim(10, false)
    await expect(failing((tx) => queue.settle(leases, tx))).rejects.toThrow()
    expect(await queue.renew(leases)).toEqual(new Set(leases.map(({ jobId }) => jobId)))
    expect((await within((tx) => queue.settle(leases, tx))).size).toBe(3)
    expect((await queue.renew(leases)).size).toBe(0)
    expect((await within((tx) => queue.settle(leases, tx))).size).toBe(0)
  })

  it('keeps what is renewed and gives back what is not, and fences the old holder', async () => {
    await put(...chunks(2))
    const [kept, silent] = await queue.claim(2, false)
    if (kept === undefined || silent === undefined) throw new TypeError('two chunks were put in')
    const back: unknown[] = []
    await expect
      .poll(async () => {
        expect((await queue.renew([kept])).size).toBe(1)
        await queue.supervise()
        back.push(...(await queue.claim(2, false)))
        return back.length
      }, patience)
      .toBe(1)
    expect(back).toEqual([{ ...silent, retryCount: 1 }])
    expect((await queue.renew([silent])).size).toBe(0)
    expect((await within((tx) => queue.settle([kept, silent], tx))).size).toBe(1)
    const again = { ...silent, retryCount: 1 }
    expect(await within((tx) => queue.settle([again], tx))).toEqual(new Set([again.jobId]))
  })

  it('fences a holder whose chunk waits again and is with nobody', async () => {
    await put(...chunks(1))
    const leases = await queue.claim(1, false)
    await expect
      .poll(
        async () => {
          await queue.supervise()
          return (await queue.renew(leases)).size
        },
        { ...patience, interval: 2500 },
      )
      .toBe(0)
    expect((await within((tx) => queue.settle(leases, tx))).size).toBe(0)
    expect(await queue.pending('r')).toBe(1)
  })

  it('does not deliver what was lost too often, and shows it until it is discarded', async () => {
    await put(...chunks(1), { runId: 'r', from: 100, to: 101, alone: true })
    for (let loss = 0; loss <= lossLimits.chunk; loss++) await claimAgain(1)
    for (let loss = 0; loss <= lossLimits.alone; loss++) await claimAgain(1, true)
    await expect
      .poll(async () => {
        await queue.supervise()
        return (await queue.exhausted(10)).map(({ from, retryCount, alone }) => ({ from, retryCount, alone }))
      }, patience)
      .toEqual(
        expect.arrayContaining([
          { from: 0, retryCount: lossLimits.chunk, alone: false },
          { from: 100, retryCount: lossLimits.alone, alone: true },
        ]),
      )
    expect(await queue.claim(1, false)).toEqual([])
    expect(await queue.pending('r')).toBe(0)
    const lost = await queue.exhausted(10)
    await within((tx) => queue.discard(lost, tx))
    expect(await queue.exhausted(10)).toEqual([])
  })

  it('delivers what is worked on alone to those who ask for it only', async () => {
    await put(...chunks(1), { runId: 'r', from: 100, to: 101, alone: true })
    expect((await queue.claim(10, false)).map(({ from }) => from)).toEqual([0])
    expect(await queue.claim(10, false)).toEqual([])
    const alone = await queue.claim(10, true)
    expect(alone).toMatchObject([{ from: 100, to: 101, alone: true }])
    expect((await queue.renew(alone)).size).toBe(1)
    expect((await within((tx) => queue.settle(alone, tx))).size).toBe(1)
  })

  it('holds batches back until they are let go, each with those before it', async () => {
    const batches = [...chunks(1), ...chunks(2, { batch: 1 }), ...chunks(1, { batch: 2 }), ...chunks(1, { batch: 10 })]
    await put(...batches, ...chunks(1, { runId: 'other', batch: 1 }))
    expect(await queue.claim(10, false)).toHaveLength(1)
    expect(await queue.pending('r')).toBe(5)
    await queue.release('r', 2)
    await queue.release('r', 2)
    expect(await queue.claim(10, false)).toHaveLength(3)
    await queue.release('r')
    expect(await queue.claim(10, false)).toHaveLength(1)
    expect(await queue.pending('other')).toBe(1)
  })

  it('says which database does not answer', async () => {
    const gone = await openPgBossQueue({ url: 'postgres://nobody@127.0.0.1:1/none', schema })
    await expect(gone.start()).rejects.toMatchObject({ code: 'store_unavailable' })
    await gone.stop()
    await expect(openPgBossQueue({ url, schema: 'a"; drop table x' })).rejects.toMatchObject({ code: 'config_invalid' })
  })
})
