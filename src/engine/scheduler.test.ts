import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../domain/policy.ts'
import { failed, succeeded } from '../domain/task.ts'
import type { Handler, Task, TaskResult } from '../domain/task.ts'
import type { Limiter } from '../lib/limiter.ts'
import { createLimiter } from '../lib/limiter.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import type { VirtualClock } from '../lib/virtual-clock.ts'
import type { EngineParts, RunOptions, TaskSource } from './options.ts'
import { createScheduler } from './scheduler.ts'

const numbered = (count: number, extra: Partial<Task> = {}): Task<number>[] =>
  Array.from({ length: count }, (_, index) => ({ ...extra, id: `t${index}`, payload: index }))

const wait = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })

/** A scheduler on a clock of its own, and when each attempt began. */
function stage(policy: PolicyInput, parts: EngineParts = {}) {
  const clock = createVirtualClock(0)
  const scheduler = createScheduler(policy, { clock, random: () => 0.5, ...parts })
  const starts: (readonly [string, number])[] = []
  const run = async <O>(
    tasks: TaskSource<number>,
    handler: Handler<number, O>,
    options: RunOptions<number, O> = {},
  ) => {
    const watched: Handler<number, O> = (task, context) => {
      starts.push([task.id, clock.now()])
      return handler(task, context)
    }
    const over = scheduler.run(tasks, watched, options).then((result) => ({ ...result, at: clock.now() }))
    over.catch(() => {})
    await clock.run({ maxTimers: 100_000 })
    return over
  }
  return { clock, scheduler, starts, run }
}

const hang = (): Promise<never> => new Promise(() => {})

describe('a scheduler', () => {
  it('tells where it is, what runs and how wide it is', async () => {
    const { clock, scheduler, run } = stage({ concurrency: 20, adaptive: { start: 2 } })
    expect([scheduler.state, scheduler.inFlight, scheduler.concurrency, scheduler.statistics.total]).toEqual([
      'idle',
      0,
      20,
      0,
    ])
    clock.after(5, () => {
      expect([scheduler.state, scheduler.inFlight, scheduler.concurrency]).toEqual(['running', 2, 2])
      expect(scheduler.statistics.attempts).toBe(0)
    })
    clock.after(15, () => expect([scheduler.inFlight, scheduler.concurrency]).toEqual([4, 4]))
    await run(numbered(20), () => wait(clock, 10))
    expect([scheduler.state, scheduler.inFlight]).toEqual(['over', 0])
    expect(scheduler.statistics).toMatchObject({ total: 20, succeeded: 20 })
  })

  it('carries out one run only', async () => {
    const scheduler = createScheduler()
    await scheduler.run([], () => 1)
    await expect(scheduler.run([], () => 1)).rejects.toMatchObject({ code: 'run_conflict' })
  })

  it('refuses a policy and tasks that make no sense', async () => {
    expect(() => createScheduler({ concurrency: 0 })).toThrow(expect.objectContaining({ code: 'policy_invalid' }))
    for (const tasks of [undefined, null, 'text', 3, {}]) {
      await expect(createScheduler().run(tasks as never, () => 1)).rejects.toMatchObject({ code: 'usage_invalid' })
    }
  })

  it('begins nothing while it is paused, and all time limits go on', async () => {
    const { clock, scheduler, starts, run } = stage({ concurrency: 2, timeoutSeconds: 0.5 })
    clock.after(10, () => {
      scheduler.pause()
      expect(scheduler.state).toBe('paused')
    })
    clock.after(1000, () => {
      scheduler.resume()
      expect(scheduler.state).toBe('running')
    })
    const { results } = await run(numbered(4), ({ payload }) => (payload === 0 ? hang() : wait(clock, 100)))
    expect(starts).toEqual([
      ['t0', 0],
      ['t1', 0],
      ['t2', 1000],
      ['t3', 1000],
    ])
    expect(results.map(({ attempts }) => attempts[0]?.endedAt)).toEqual([500, 100, 1100, 1100])
  })

  it('can be paused before it begins', async () => {
    const { clock, scheduler, starts, run } = stage({})
    scheduler.pause()
    expect(scheduler.state).toBe('idle')
    clock.after(50, () => {
      expect(scheduler.state).toBe('paused')
      scheduler.resume()
    })
    await run(numbered(1), () => 1)
    expect(starts).toEqual([['t0', 50]])
  })

  it('can be cancelled before it begins, while it runs, and again', async () => {
    const early = stage({})
    early.scheduler.cancel()
    expect(await early.run(numbered(2), () => 1)).toMatchObject({
      stopped: { kind: 'cancelled', message: 'the run was cancelled' },
      statistics: { cancelled: 2 },
    })
    const { clock, scheduler, run } = stage({ concurrency: 1 })
    clock.after(10, () => scheduler.cancel('by hand'))
    clock.after(20, () => scheduler.cancel('once more'))
    const end = await run(numbered(2), hang)
    expect(end).toMatchObject({ stopped: { message: 'by hand' }, statistics: { cancelled: 2 }, at: 5010 })
    scheduler.cancel('too late')
    scheduler.resume()
    expect(scheduler.state).toBe('over')
  })

  it('takes a call from within a handler or a hook', async () => {
    const { scheduler, run } = stage({ concurrency: 1 })
    const { results } = await run(numbered(3), async ({ payload }) => {
      if (payload === 1) scheduler.cancel('from within')
      return payload
    })
    expect(results.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'cancelled'])
    const other = stage({ concurrency: 1 })
    const end = await other.run(numbered(3), ({ payload }) => payload, {
      onStart: ({ payload }) => {
        if (payload === 1) other.scheduler.cancel('from the hook')
      },
    })
    expect(end.results.map(({ state, attempts }) => [state, attempts.length])).toEqual([
      ['succeeded', 1],
      ['cancelled', 0],
      ['cancelled', 0],
    ])
  })
})

describe('a rate limit', () => {
  it('spreads the beginnings, and the waits are told apart', async () => {
    const { clock, starts, run } = stage({ concurrency: 2, rateLimit: { perMinute: 600, burst: 2 } })
    const { results, statistics } = await run(numbered(5), () => wait(clock, 50))
    expect(starts.map(([, at]) => at)).toEqual([0, 0, 100, 200, 300])
    expect(results.map(({ attempts }) => attempts[0]?.rateMs)).toEqual([0, 0, 50, 100, 100])
    expect(statistics).toMatchObject({ rateMs: 250, queueMs: 0, serviceMs: 250 })
  })

  it('takes the weight of a task, and ends one that weighs too much', async () => {
    const { starts, run } = stage({ concurrency: 1, rateLimit: { perMinute: 60, burst: 3 } })
    const tasks = [3, 0, 4, 2].map((weight, payload) => ({ id: `t${payload}`, payload, weight }))
    const { results } = await run(tasks, () => 1)
    expect(starts).toEqual([
      ['t0', 0],
      ['t1', 0],
      ['t3', 2000],
    ])
    expect(results[2]).toMatchObject({
      state: 'error',
      attempts: [],
      error: { class: 'system_error', message: '4 tokens can never be had from a bucket of 3' },
    })
  })

  it('takes its tokens when an attempt really begins, though a pause came in between', async () => {
    const clock = createVirtualClock(0)
    const limiter = createLimiter({ perMinute: 60, clock })
    const { scheduler, starts, run } = { ...stage({ concurrency: 1 }, { clock }) }
    clock.after(500, () => scheduler.pause())
    clock.after(1500, () => expect(limiter.availableInMs()).toBe(0))
    clock.after(3000, () => scheduler.resume())
    const over = run(numbered(2), () => clock.now(), { limiter })
    await clock.run()
    const { results } = await over
    expect(results.map(({ output }) => output)).toEqual([0, 3000])
    expect(starts).toHaveLength(2)
    expect(results[1]?.attempts[0]).toMatchObject({ rateMs: 1000, queueMs: 2000 })
  })

  it('may be shared, may take nothing back, and may answer after the end', async () => {
    const { clock, scheduler, run } = stage({ concurrency: 1 })
    const granted: number[] = []
    const limiter: Limiter = {
      acquire: async (count = 1) => {
        await wait(clock, 100)
        granted.push(count)
      },
      tryAcquire: () => false,
      penalize: () => {},
    }
    clock.after(150, () => scheduler.pause())
    clock.after(250, () => scheduler.resume())
    clock.after(420, () => scheduler.cancel())
    const { results } = await run(numbered(4, { weight: 2 }), () => clock.now(), { limiter })
    expect(results.map(({ output }) => output)).toEqual([100, 350, undefined, undefined])
    expect(granted).toEqual([2, 2, 2, 2])
  })

  it('begins a task again that stands at its head once more when its tokens come', async () => {
    const { clock, starts, run } = stage({
      concurrency: 1,
      rateLimit: { perMinute: 60 },
      retry: { maxAttempts: 3, backoffSeconds: 0 },
    })
    await run(numbered(1), () => {
      throw new Error('again')
    })
    expect(starts.map(([, at]) => at)).toEqual([0, 1000, 2000])
    expect(clock.pending).toBe(0)
  })
})

describe('batches', () => {
  it('follow each other with a pause in between, and none behind the last', async () => {
    const { clock, starts, run } = stage({ concurrency: 5, batchSize: 2, batchPauseSeconds: 1 })
    const { at, results } = await run(numbered(4), ({ payload }) => wait(clock, 100 * (payload + 1)))
    expect(starts).toEqual([
      ['t0', 0],
      ['t1', 0],
      ['t2', 1200],
      ['t3', 1200],
    ])
    expect(at).toBe(1600)
    expect(results.every(({ attempts }) => attempts[0]?.queueMs === 0)).toBe(true)
  })

  it('are over only with the last attempt of the last task', async () => {
    const { starts, run } = stage({
      batchSize: 2,
      retry: { maxAttempts: 2, backoffSeconds: 1, jitter: 'none' },
    })
    await run(numbered(3), ({ payload }, { attempt }) => {
      if (payload === 0 && attempt === 1) throw new Error('again')
    })
    expect(starts).toEqual([
      ['t0', 0],
      ['t1', 0],
      ['t0', 1000],
      ['t2', 1000],
    ])
  })

  it('can be left in a pause', async () => {
    const { clock, scheduler, run } = stage({ batchSize: 1, batchPauseSeconds: 100 })
    clock.after(50, () => scheduler.cancel())
    const { at, results } = await run(numbered(3), () => 1)
    expect(at).toBe(50)
    expect(results.map(({ state }) => state)).toEqual(['succeeded', 'cancelled', 'cancelled'])
  })
})

describe('the end of a run before its tasks', () => {
  it('comes with the last failure that is borne; what runs goes on to its end', async () => {
    const { clock, run } = stage({ concurrency: 3, stop: { maxFailures: 2 } })
    const { results, stopped, at } = await run(numbered(6), async ({ payload }) => {
      await wait(clock, payload === 2 ? 500 : 10)
      return payload === 2 ? payload : failed<number>('no')
    })
    expect(results.map(({ state }) => state)).toEqual([
      'failed',
      'failed',
      'succeeded',
      'failed',
      'cancelled',
      'cancelled',
    ])
    expect(stopped).toEqual({ kind: 'max_failures', message: '2 tasks ended badly, which is the limit' })
    expect(results[5]?.error).toEqual({ class: 'cancelled', message: stopped?.message, code: 'max_failures' })
    expect(at).toBe(500)
  })

  it('lets no failed attempt be followed by another', async () => {
    const { clock, run } = stage({ concurrency: 2, stop: { maxFailures: 1 }, retry: { maxAttempts: 5 } })
    const { results } = await run(numbered(2), async ({ payload }) => {
      if (payload === 0) return failed<number>('no')
      await wait(clock, 10)
      throw new Error('would be tried again')
    })
    expect(results.map(({ state, attempts }) => [state, attempts.length])).toEqual([
      ['failed', 1],
      ['error', 1],
    ])
  })

  it('comes when its time is up, and ends what runs', async () => {
    const { run } = stage({ stop: { timeoutSeconds: 2 } }, { graceMs: 0 })
    const reasons: unknown[] = []
    const { results, stopped, at } = await run(numbered(20), (_task, { signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason))
      return hang()
    })
    expect(stopped).toEqual({ kind: 'timeout', message: 'the run took longer than 2 s' })
    expect(reasons[0]).toMatchObject({ code: 'cancelled', message: stopped?.message })
    expect(results.every(({ state }) => state === 'cancelled')).toBe(true)
    expect([at, results.length]).toEqual([2000, 20])
  })

  it('may be followed by a cancellation, which ends what runs', async () => {
    const { clock, scheduler, run } = stage({ concurrency: 2, stop: { maxFailures: 1 } }, { graceMs: 10 })
    clock.after(100, () => scheduler.cancel('now'))
    const { results, stopped, at } = await run(numbered(3), async ({ payload }) => {
      await wait(clock, 1)
      return payload === 0 ? failed('no') : hang()
    })
    expect([stopped?.kind, at]).toEqual(['max_failures', 110])
    expect(results.map(({ error }) => error?.code)).toEqual([undefined, 'cancelled', 'max_failures'])
  })

  it('comes with a budget that is used up while something still needs it', async () => {
    const spend = async (tokens: number, count: number) => {
      const { clock, run } = stage({ concurrency: 1, stop: { maxTokens: 100 } })
      return run(numbered(count), async () => {
        await wait(clock, 1)
        return succeeded('ok', { tokens })
      })
    }
    const { results, stopped } = await spend(50, 4)
    expect(results.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'cancelled', 'cancelled'])
    expect(stopped).toEqual({ kind: 'token_budget', message: 'the budget of 100 tokens is used up: 100 tokens' })
    expect(await spend(50, 2)).not.toHaveProperty('stopped')
  })

  it('does not wait for attempts that a budget will not allow', async () => {
    const { run } = stage({ stop: { maxCostUsd: 1 }, retry: { maxAttempts: 2, backoffSeconds: 3600, jitter: 'none' } })
    const { at, stopped, results } = await run(numbered(1), () =>
      failed('again', { retry: true, usage: { costUsd: 1 } }),
    )
    expect([at, stopped?.kind, results[0]?.state]).toEqual([0, 'cost_budget', 'cancelled'])
  })

  it('sets aside what those in flight may use', async () => {
    const { clock, starts, run } = stage({ concurrency: 4, stop: { maxTokens: 100 } })
    await run(numbered(10), async ({ payload }) => {
      await wait(clock, payload === 0 ? 1 : 10)
      return succeeded(payload, { tokens: 30 })
    })
    // After the first, three in flight may use 90 of the 70 that are left.
    expect(starts.map(([, at]) => at)).toEqual([0, 0, 0, 0])
  })
})

describe('what is left in a source after a stop', () => {
  it('is given up when it does not end, and the source is told', async () => {
    let isClosed = false
    function* endless(): Generator<Task<number>> {
      try {
        for (let index = 0; ; index++) yield { id: `t${index}`, payload: index }
      } finally {
        isClosed = true
      }
    }
    const { scheduler, run } = stage({ concurrency: 1 })
    let count = 0
    const end = await run(endless(), () => scheduler.cancel(), { onResult: () => void count++ })
    expect(end).toMatchObject({ sourceExhausted: false, statistics: { total: 1_000_001, succeeded: 1 } })
    expect([isClosed, count]).toEqual([true, 1_000_001])
  })

  it('is waited for so long as is allowed, and what was given out by then is ended', async () => {
    const { clock, scheduler, run } = stage({ concurrency: 1 }, { drainMs: 35 })
    const seen: string[] = []
    async function* slow(): AsyncGenerator<Task<number>> {
      try {
        for (const task of numbered(100)) {
          await wait(clock, 10)
          yield task
        }
      } finally {
        seen.push('closed')
      }
    }
    clock.after(25, () => scheduler.cancel())
    const { results, sourceExhausted, at } = await run(slow(), () => 1)
    expect(results.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'cancelled', 'cancelled', 'cancelled'])
    expect([sourceExhausted, at]).toEqual([false, 60])
    expect(seen).toEqual(['closed'])
  })

  it('that does not let go is left behind', async () => {
    const { clock, run } = stage({ concurrency: 1, stop: { maxFailures: 1 } }, { drainMs: 100 })
    const tasks = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false as const, value: { id: 't', payload: 0 } }),
        return: hang,
      }),
    }
    let results = 0
    const options = {
      // A receiver that is busy holds up the draining as well.
      onResult: () => {
        results++
        return wait(clock, 30)
      },
    }
    const { sourceExhausted, statistics, at } = await run(tasks, () => failed('no'), options)
    expect(sourceExhausted).toBe(false)
    expect(statistics).toMatchObject({ total: results, failed: 1, cancelled: results - 1 })
    expect(at).toBe(220)
  })

  it('may be a source that throws when it is told', async () => {
    const { scheduler, run } = stage({ concurrency: 1 }, { drainMs: 10 })
    const tasks = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          scheduler.inFlight === 0 ? Promise.resolve({ done: false as const, value: { id: 't', payload: 0 } }) : hang(),
        return: () => {
          throw new Error('cannot be closed')
        },
      }),
    }
    const { results } = await run(tasks, () => {
      scheduler.cancel()
      return hang()
    })
    expect(results.map(({ state }) => state)).toEqual(['cancelled'])
    const plain = stage({ concurrency: 1 }, { drainMs: 10 })
    const bare = {
      [Symbol.iterator]: () => ({ next: () => ({ done: false as const, value: { id: 't', payload: 0 } }) }),
    }
    const end = await plain.run(bare, () => plain.scheduler.cancel(), { onResult: () => {} })
    expect(end.sourceExhausted).toBe(false)
  })
})

describe('a fault', () => {
  const faulty = async (act: Parameters<ReturnType<typeof stage>['run']>, policy: PolicyInput = { concurrency: 2 }) => {
    const { run, clock, scheduler } = stage(policy, { graceMs: 50 })
    const error: unknown = await run(...act).then(
      () => expect.unreachable(),
      (thrown: unknown) => thrown,
    )
    return { error, at: clock.now(), pending: clock.pending, scheduler }
  }

  it('of the source ends the run with it when what runs is over', async () => {
    const results: TaskResult[] = []
    function* source(): Generator<Task<number>> {
      yield* numbered(1)
      throw new Error('line 2 cannot be read')
    }
    const end = await faulty([source(), hang, { onResult: (result) => void results.push(result) }])
    expect(end).toMatchObject({ error: { message: 'line 2 cannot be read' }, at: 50, pending: 0 })
    expect(results).toMatchObject([{ state: 'cancelled', error: { code: 'fault', message: 'line 2 cannot be read' } }])
    expect(end.scheduler.state).toBe('over')
    async function* later(): AsyncGenerator<Task<number>> {
      yield* numbered(1)
      throw new Error('the connection broke')
    }
    expect(await faulty([later(), () => 1])).toMatchObject({ error: { message: 'the connection broke' }, at: 0 })
  })

  it('of a source is what is no task', async () => {
    for (const nothing of [undefined, null, 'text', { id: 3 }]) {
      const asynchronous = (async function* () {
        yield nothing as never
      })()
      expect(await faulty([[nothing as never], () => 1])).toMatchObject({ error: { code: 'usage_invalid' } })
      expect(await faulty([asynchronous, () => 1])).toMatchObject({ error: { code: 'usage_invalid' } })
    }
  })

  it('of a source that had been given up is nobody’s any more', async () => {
    const { clock, scheduler, run } = stage({ concurrency: 1 }, { drainMs: 10 })
    const tasks = (message: string | undefined) => ({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          await wait(clock, 1000)
          if (message !== undefined) throw new Error(message)
          return { done: false as const, value: { id: 't', payload: 0 } }
        },
      }),
    })
    clock.after(1, () => scheduler.cancel())
    expect(await run(tasks('too late'), () => 1)).toMatchObject({ statistics: { total: 0 }, at: 11 })
    const other = stage({ concurrency: 1 }, { drainMs: 10 })
    other.clock.after(1, () => other.scheduler.cancel())
    expect(await other.run(tasks(undefined), () => 1)).toMatchObject({ statistics: { total: 0 }, at: 11 })
  })

  it('of a receiver ends the run, and it is not called again', async () => {
    let calls = 0
    const thrown = () => {
      calls++
      throw new Error('disk full')
    }
    const end = await faulty([numbered(10), async ({ payload }) => (payload === 0 ? 1 : hang()), { onResult: thrown }])
    expect(end).toMatchObject({ error: { message: 'disk full' }, at: 50, pending: 0 })
    const rejected = () => {
      calls++
      return Promise.reject(new Error('disk still full'))
    }
    expect(await faulty([numbered(10), () => 1, { onResult: rejected }])).toMatchObject({
      error: { message: 'disk still full' },
    })
    expect(calls).toBe(3)
  })

  it('of any other hook ends the run too', async () => {
    const boom = (): never => {
      throw new Error('hook')
    }
    const throwing = (): never => {
      throw new Error('handler')
    }
    const retry = { retry: { maxAttempts: 2 } }
    expect(await faulty([numbered(2), () => 1, { onStart: boom }])).toMatchObject({ error: { message: 'hook' } })
    expect(await faulty([numbered(2), () => 1, { attemptsBefore: boom }])).toMatchObject({ error: { message: 'hook' } })
    expect(await faulty([numbered(2), throwing, { classify: boom }])).toMatchObject({ error: { message: 'hook' } })
    expect(await faulty([numbered(2), throwing, { onAttempt: boom }], retry)).toMatchObject({
      error: { message: 'hook' },
    })
    const late = async (): Promise<void> => boom()
    expect(await faulty([numbered(2), throwing, { onAttempt: late }], retry)).toMatchObject({
      error: { message: 'hook' },
    })
    const strange: unknown = Object.create(null)
    const onStart = (): never => {
      throw strange
    }
    expect((await faulty([numbered(2), () => 1, { onStart }])).error).toBe(strange)
  })
})

describe('a receiver that takes its time', () => {
  it('holds up what begins, and the run is over when it is done', async () => {
    const { clock, starts, run } = stage({ concurrency: 2 })
    const { at } = await run(numbered(6), () => 1, { onResult: () => wait(clock, 100) })
    expect(starts.map(([, start]) => start)).toEqual([0, 0, 100, 100, 200, 200])
    expect(at).toBe(300)
  })

  it('may be told of attempts as well', async () => {
    const { clock, run } = stage({ concurrency: 1, retry: { maxAttempts: 2, backoffSeconds: 0 } })
    const { at } = await run(
      numbered(1),
      () => {
        throw new Error('again')
      },
      { onAttempt: () => wait(clock, 100), onResult: () => undefined },
    )
    expect(at).toBe(100)
  })
})

describe('a class of errors of one’s own', () => {
  it('may say that nobody is to blame', async () => {
    const { run } = stage({ retry: { maxAttempts: 3 } })
    const { results, statistics } = await run(
      numbered(1),
      () => {
        throw new Error('the chunk was lost')
      },
      { classify: () => ({ class: 'cancelled', message: 'lost', retryable: true, overload: false }) },
    )
    expect(results[0]).toMatchObject({ state: 'cancelled', error: { class: 'cancelled', message: 'lost' } })
    expect(statistics).toMatchObject({ cancelled: 1, attempts: 1 })
  })
})

describe('an adaptive run', () => {
  it('grows until the other side has enough, and then keeps to what it bears', async () => {
    const { clock, scheduler, run } = stage({
      concurrency: 64,
      adaptive: { start: 2, cooldownSeconds: 1 },
      retry: { maxAttempts: 50, backoffSeconds: 0.05 },
    })
    const widths: number[] = []
    let inFlight = 0
    const { statistics } = await run(numbered(3000), async () => {
      inFlight++
      widths.push(scheduler.concurrency)
      try {
        if (inFlight > 20) throw Object.assign(new Error('too many'), { status: 429 })
        await wait(clock, 100)
      } finally {
        inFlight--
      }
      return 'ok'
    })
    expect(statistics.succeeded).toBe(3000)
    expect(Math.max(...widths)).toBeLessThanOrEqual(32)
    const settled = widths.slice(-1000)
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(14)
    expect(Math.max(...settled)).toBeLessThanOrEqual(24)
    expect(statistics.retries).toBeLessThan(300)
  })
})
