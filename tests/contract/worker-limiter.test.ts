import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TokenStore } from '../../src/domain/queue.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { random } from '../../src/lib/random.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { PostgresStore } from '../../src/store/postgres.ts'
import { findPostgres } from '../support/postgres.ts'
import { SharedLimiter } from '../../src/engine/worker-limiter.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe

whereItIs('a limit that workers share', () => {
  let store: PostgresStore
  let count = 0
  const lines: string[] = []
  const over = new AbortController()
  const limit = (perMinute: number, burst: number) => ({ key: `limit ${count++}`, perMinute, burst })
  const limiter = (of: ReturnType<typeof limit>, tokens: TokenStore = store): SharedLimiter =>
    new SharedLimiter(of, {
      store: tokens,
      clock: systemClock,
      random,
      log: (line) => lines.push(line),
      signal: over.signal,
    })

  beforeAll(async () => {
    store = await openPostgresStore({ url: postgres?.url ?? '', schema: postgres?.schema() ?? '' })
  })
  afterAll(async () => {
    over.abort()
    await store.close()
    await postgres?.drop()
  })

  it('gives at most the burst and the rate to all of them together', async () => {
    const shared = limit(6000, 10)
    const granted: number[] = []
    const start = performance.now()
    const take = async (mine: SharedLimiter): Promise<void> => {
      for (let index = 0; index < 50; index++) {
        await mine.acquire()
        granted.push(performance.now() - start)
      }
    }
    await Promise.all([limiter(shared), limiter(shared), limiter(shared)].map(take))
    const slack = 5
    for (const [from, first] of granted.entries())
      for (const [to, last] of granted.entries())
        if (to >= from) expect(to - from + 1).toBeLessThanOrEqual(10 + slack + (last - first) / 10 + 1e-9)
    expect(granted).toHaveLength(150)
  })

  it('gives first to whom came first, also where the first wants more', async () => {
    const mine = limiter(limit(60_000, 4))
    const order: number[] = []
    const wait = async (tokens: number): Promise<void> => {
      await mine.acquire(tokens)
      order.push(tokens)
    }
    await Promise.all([wait(3), wait(4), wait(1), wait(2)])
    expect(order).toEqual([3, 4, 1, 2])
  })

  it('never gives without a wait, and refuses what no bucket could hold', async () => {
    const mine = limiter(limit(60, 2))
    expect(mine.tryAcquire()).toBe(false)
    await expect(mine.acquire(3)).rejects.toMatchObject({ code: 'policy_invalid' })
  })

  it('takes no token for somebody who has left', async () => {
    const slow = limit(60, 1)
    const mine = limiter(slow)
    await mine.acquire()
    const leaving = new AbortController()
    const left = mine.acquire(1, leaving.signal)
    leaving.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    await expect(mine.acquire(1, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    await limiter(slow).acquire()
  })

  it('closes for all when one was told to wait', async () => {
    const shared = limit(60_000, 5)
    const start = performance.now()
    limiter(shared).penalize(400)
    const other = limiter(shared)
    const late = limiter(shared)
    late.penalize(400)
    await late.acquire()
    await other.acquire()
    expect(performance.now() - start).toBeGreaterThan(390)
  })

  it('waits out a database that does not answer', async () => {
    let isDown = true
    const flaky: TokenStore = {
      take: (of, wanted) => (isDown ? Promise.reject(new Error('down')) : store.take(of, wanted)),
      penalize: () => Promise.reject(new Error('down')),
    }
    const mine = limiter(limit(60_000, 5), flaky)
    mine.penalize(0)
    const wait = mine.acquire()
    await expect.poll(() => lines.join('\n')).toContain('no tokens could be taken')
    expect(lines.join('\n')).toContain('pause not shared')
    isDown = false
    await wait
  })
})
