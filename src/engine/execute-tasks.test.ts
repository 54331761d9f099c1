import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { failed, succeeded } from '../domain/task.ts'
import type { Handler, Task, TaskAttempt, TaskContext, TaskResult } from '../domain/task.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import type { VirtualClock } from '../lib/virtual-clock.ts'
import { executeTasks } from './execute-tasks.ts'
import type { ExecuteOptions, RunResult, TaskSource } from './execute-tasks.ts'
import type { PolicyInput } from '../domain/policy.ts'

const numbered = (count: number, extra: Partial<Task> = {}): Task<number>[] =>
  Array.from({ length: count }, (_, index) => ({ ...extra, id: `t${index}`, payload: index }))

interface Scene<P, O> {
  readonly tasks: TaskSource<P>
  readonly handler: (task: Task<P>, context: TaskContext, clock: VirtualClock) => ReturnType<Handler<P, O>>
  readonly policy?: PolicyInput
  readonly options?: ExecuteOptions<P, O>
  /** Timers of the handlers that are set when the run is over. */
  readonly late?: number
  /** Called before the clock runs. */
  readonly meanwhile?: (clock: VirtualClock) => void
}

/** Runs tasks on a virtual clock; nothing may be left on it. */
async function play<P, O>({ tasks, handler, policy, options, meanwhile }: Scene<P, O>) {
  const clock = createVirtualClock(1_000_000)
  const over = executeTasks<P, O>(tasks, (task, context) => handler(task, context, clock), policy, {
    clock,
    random: () => 0.5,
    ...options,
  })
  const end = over.then(
    (result) => ({ result, at: clock.now() - 1_000_000, pending: clock.pending }),
    (error: unknown) => ({ error, at: clock.now() - 1_000_000, pending: clock.pending }),
  )
  meanwhile?.(clock)
  await clock.run({ maxTimers: 100_000 })
  return end
}

/** Like {@link play}, for a run that comes back; gives its result and the time it took. */
async function played<P, O>(scene: Scene<P, O>): Promise<RunResult<O, P> & { readonly at: number }> {
  const end = await play(scene)
  if (!('result' in end)) throw end.error
  expect(end.pending).toBe(scene.late ?? 0)
  return { ...end.result, at: end.at }
}

/** A promise of somebody else's, which calls back twice. */
const callingTwice: unknown = {
  // oxlint-disable-next-line unicorn/no-thenable -- that is the point
  then: (done: (value: string) => void) => {
    done('first')
    done('second')
  },
}

const wait = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })
const states = ({ results }: RunResult): string[] => results.map(({ state }) => state)
const hang = (): Promise<never> => new Promise(() => {})

describe('running tasks', () => {
  it('gives results in the order of the tasks, with their attempts and statistics', async () => {
    const result = await played({
      tasks: numbered(3, { metadata: { from: 'here' } }),
      handler: async ({ payload }, _context, clock) => {
        await wait(clock, 30 - 10 * payload)
        return payload === 1 ? succeeded('one', { tokens: 7, costUsd: 0.5 }) : payload === 2 ? undefined : 'zero'
      },
      policy: { concurrency: 2 },
    })
    expect(result.results).toEqual([
      {
        task: { id: 't0', payload: 0, metadata: { from: 'here' } },
        state: 'succeeded',
        output: 'zero',
        attempts: [attempt({ startedAt: 1_000_000, serviceMs: 30 })],
        usage: { tokens: 0, costUsd: 0 },
      },
      {
        task: { id: 't1', payload: 1, metadata: { from: 'here' } },
        state: 'succeeded',
        output: 'one',
        attempts: [attempt({ startedAt: 1_000_000, serviceMs: 20, usage: { tokens: 7, costUsd: 0.5 } })],
        usage: { tokens: 7, costUsd: 0.5 },
      },
      {
        task: { id: 't2', payload: 2, metadata: { from: 'here' } },
        state: 'succeeded',
        attempts: [attempt({ startedAt: 1_000_020, serviceMs: 10 })],
        usage: { tokens: 0, costUsd: 0 },
      },
    ])
    expect(result.statistics).toEqual({
      total: 3,
      succeeded: 3,
      failed: 0,
      timeout: 0,
      cancelled: 0,
      error: 0,
      attempts: 3,
      retries: 0,
      serviceMs: 60,
      queueMs: 0,
      rateMs: 0,
      tokens: 7,
      costUsd: 0.5,
    })
    expect(result).toMatchObject({ sourceExhausted: true, at: 30 })
    expect(result).not.toHaveProperty('stopped')
  })

  it('needs no policy, no options and no virtual clock', async () => {
    const result = await executeTasks(numbered(20), async ({ payload }) => payload * 2)
    expect(result.results.map(({ output }) => output)).toEqual(numbered(20).map(({ payload }) => payload * 2))
    await expect(executeTasks([], () => 1)).resolves.toMatchObject({ results: [], sourceExhausted: true })
  })

  it('never has more in flight than allowed, and asks the source only when there is room', async () => {
    let given = 0
    let inFlight = 0
    let most = 0
    let ahead = 0
    function* source(): Generator<Task<number>> {
      for (const task of numbered(50)) {
        given++
        yield task
      }
    }
    let over = 0
    await played({
      tasks: source(),
      handler: async ({ payload }, _context, clock) => {
        most = Math.max(most, ++inFlight)
        await wait(clock, 1 + ((payload * 7) % 5))
        inFlight--
        over++
        ahead = Math.max(ahead, given - over)
      },
      policy: { concurrency: 4 },
      options: { onResult: () => {} },
    })
    expect([most, ahead]).toEqual([4, 3])
  })

  it('takes handlers that answer at once, with anything that can be awaited, or that throw', async () => {
    const { results } = await played<number, unknown>({
      tasks: numbered(5),
      handler: ({ payload }) => {
        if (payload === 0) return 'at once'
        if (payload === 1) throw new Error('at once')
        if (payload === 2) return callingTwice
        return payload === 3 ? failed('no', { output: 'partly' }) : succeeded('yes')
      },
    })
    expect(results.map(({ state, output, error }) => [state, output, error?.message])).toEqual([
      ['succeeded', 'at once', undefined],
      ['error', undefined, 'at once'],
      ['succeeded', 'first', undefined],
      ['failed', 'partly', 'no'],
      ['succeeded', 'yes', undefined],
    ])
  })

  it('tells the handler its attempt and a key that stays', async () => {
    const seen: unknown[] = []
    const handler: Handler<number, void> = (_task, { attempt: number, key, signal }) => {
      seen.push([number, key, signal.aborted])
      throw new Error('again')
    }
    await played({
      tasks: numbered(1),
      handler,
      policy: { retry: { maxAttempts: 2, backoffSeconds: 0 } },
      options: { runId: 'r1' },
    })
    await executeTasks(numbered(1), handler)
    expect(seen).toEqual([
      [1, 'r1/t0', false],
      [2, 'r1/t0', false],
      [1, 'run/t0', false],
    ])
  })

  it.each([
    ['at once', () => {}],
    ['in a moment', async () => {}],
  ])('lets the event loop have its turn while tasks that answer %s go on', async (_how, handler) => {
    const loop = { hasTurned: false }
    setImmediate(() => {
      loop.hasTurned = true
    })
    function* untilTurned(): Generator<Task<undefined>> {
      for (let index = 0; !loop.hasTurned; index++) yield { id: String(index), payload: undefined }
    }
    const { stopped } = await executeTasks(untilTurned(), handler, {}, { onResult: () => {} })
    expect(stopped).toBeUndefined()
  })

  it('dates attempts by the wall clock of their time, though it jumps', async () => {
    const clock = createVirtualClock(0)
    let error = 0
    const jumping = { ...clock, now: () => clock.now() + error }
    const over = executeTasks(
      numbered(2),
      async ({ payload }) => {
        error = 3_600_000 * (payload + 1)
        await wait(clock, 2000)
      },
      { concurrency: 1 },
      { clock: jumping },
    )
    await clock.run()
    const { results } = await over
    expect(
      results.map(({ attempts }) => [attempts[0]?.startedAt, attempts[0]?.endedAt, attempts[0]?.serviceMs]),
    ).toEqual([
      [0, 2000, 2000],
      [3_602_000, 3_604_000, 2000],
    ])
  })
})

describe('the limit of an attempt', () => {
  it('aborts its signal and ends it, though the handler hangs, and drops what comes late', async () => {
    const reasons: unknown[] = []
    const { results } = await played<number, string>({
      tasks: [...numbered(2), { id: 'own', payload: 2, timeoutMs: 5 }],
      handler: async ({ payload }, { signal }, clock) => {
        signal.addEventListener('abort', () => reasons.push([payload, (signal.reason as Error).name]))
        await wait(clock, payload === 0 ? 999 : payload === 1 ? 3000 : 10)
        if (payload === 1) throw new Error('late')
        return 'answer'
      },
      policy: { timeoutSeconds: 1, concurrency: 3 },
      late: 1,
    })
    expect(states({ results } as RunResult)).toEqual(['succeeded', 'timeout', 'timeout'])
    expect(results[1]).toMatchObject({
      error: { class: 'timeout', code: 'attempt_timeout', message: 'the attempt took longer than 1000 ms' },
      attempts: [{ serviceMs: 1000 }],
    })
    expect(results[2]?.attempts[0]?.serviceMs).toBe(5)
    expect(reasons).toEqual([
      [2, 'TimeoutError'],
      [1, 'TimeoutError'],
    ])
  })

  it('shows in a signal that is looked at only when it is over', async () => {
    let late: TaskContext | undefined
    await played({
      tasks: numbered(1),
      handler: (_task, context) => {
        late = context
        return hang()
      },
      policy: { timeoutSeconds: 1 },
    })
    expect(late?.signal.aborted).toBe(true)
  })

  it('may differ from task to task, with any number of limits', async () => {
    const tasks = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, payload: index, timeoutMs: index + 1 }))
    const { results } = await played({
      tasks,
      handler: ({ payload }, _context, clock) => (payload % 2 === 0 ? hang() : wait(clock, payload)),
      policy: { concurrency: 7 },
    })
    for (const { task, state, attempts } of results) {
      expect([state, attempts[0]?.serviceMs]).toEqual(
        task.payload % 2 === 0 ? ['timeout', task.payload + 1] : ['succeeded', task.payload],
      )
    }
  })

  it('is not passed where a timer comes early', async () => {
    const clock = createVirtualClock()
    const hasty = { ...clock, after: (ms: number, action: () => void) => clock.after(Math.max(1, ms - 1), action) }
    const over = executeTasks(numbered(1), hang, { timeoutSeconds: 0.05 }, { clock: hasty })
    await clock.run()
    expect((await over).results[0]?.attempts[0]?.serviceMs).toBe(50)
  })
})

describe('another attempt', () => {
  const flaky = (times: number) => {
    const calls = new Map<string, number>()
    return ({ id }: Task<number>): string => {
      const call = (calls.get(id) ?? 0) + 1
      calls.set(id, call)
      if (call <= times) throw new Error(`call ${call}`)
      return `call ${call}`
    }
  }

  it('comes after a growing wait, and frees the slot meanwhile', async () => {
    const starts: unknown[] = []
    const told: TaskAttempt[] = []
    const { results, statistics } = await played({
      tasks: numbered(2),
      handler: async (task, _context, clock) => {
        starts.push([task.id, clock.now() - 1_000_000])
        await wait(clock, 10)
        if (task.payload === 0) throw new Error('again')
      },
      policy: { concurrency: 1, retry: { maxAttempts: 3, backoffSeconds: 1, jitter: 'none' } },
      options: { onAttempt: (_task, each) => void told.push(each) },
    })
    expect(starts).toEqual([
      ['t0', 0],
      ['t1', 10],
      ['t0', 1010],
      ['t0', 3020],
    ])
    expect(results[0]).toMatchObject({ state: 'error', attempts: [{ number: 1 }, { number: 2 }, { number: 3 }] })
    expect(told).toEqual(results[0]?.attempts.slice(0, 2))
    expect(statistics).toMatchObject({ attempts: 4, retries: 2, error: 1, succeeded: 1, queueMs: 0 })
  })

  it('is no more than the policy allows, and only after what may pass', async () => {
    const run = async (error: unknown, retry: PolicyInput['retry']): Promise<number> => {
      const { results } = await played({
        tasks: numbered(1),
        handler: () => {
          throw error
        },
        policy: { retry: { maxAttempts: 3, backoffSeconds: 0, ...retry } },
      })
      return results[0]?.attempts.length ?? 0
    }
    expect(await run(new Error('passing'), {})).toBe(3)
    expect(await run(new GreenloopError('suite_invalid', 'lasting'), {})).toBe(1)
    expect(await run(new Error('not wanted'), { on: ['timeout'] })).toBe(1)
    expect(await run(markExhausted(new Error('tried below')), {})).toBe(1)
  })

  it('follows a business failure only where the policy or the failure says so', async () => {
    const run = async (retry: boolean | undefined, on: NonNullable<PolicyInput['retry']>['on']): Promise<number> => {
      const { results } = await played({
        tasks: numbered(1),
        handler: () => failed('no', { retry, usage: { tokens: 2 } }),
        policy: { retry: { maxAttempts: 3, backoffSeconds: 0, on } },
      })
      expect(results[0]).toMatchObject({ state: 'failed', error: { class: 'business_failure', message: 'no' } })
      expect(results[0]?.usage).toEqual({ tokens: 2 * (results[0]?.attempts.length ?? 0), costUsd: 0 })
      return results[0]?.attempts.length ?? 0
    }
    expect(await run(undefined, ['system_error'])).toBe(1)
    expect(await run(undefined, ['business_failure'])).toBe(3)
    expect(await run(true, [])).toBe(3)
    expect(await run(false, ['business_failure'])).toBe(1)
  })

  it('may be refused without a word', async () => {
    const { results } = await played({ tasks: numbered(1), handler: () => failed(undefined as never) })
    expect(results[0]?.error?.message).toBe('failed')
  })

  it('goes before new tasks when its wait is over', async () => {
    const order: string[] = []
    await played({
      tasks: numbered(4),
      handler: async (task, { attempt: number }, clock) => {
        order.push(`${task.id}/${number}`)
        await wait(clock, 10)
        if (task.payload === 0 && number === 1) throw new Error('again')
      },
      policy: { concurrency: 1, retry: { maxAttempts: 2, backoffSeconds: 0.005, jitter: 'none' } },
    })
    expect(order).toEqual(['t0/1', 't1/1', 't0/2', 't2/1', 't3/1'])
  })

  it('waits as long as the other side asks, and no attempt of anybody begins meanwhile where there is a rate limit', async () => {
    const starts: (readonly [string, number])[] = []
    const { results } = await played({
      tasks: numbered(2),
      handler: async (task, { attempt: number }, clock) => {
        starts.push([`${task.id}/${number}`, clock.now() - 1_000_000])
        await wait(clock, 100)
        if (task.payload === 0 && number === 1)
          throw Object.assign(new Error('later'), { status: 429, retryAfterMs: 9000 })
      },
      policy: { concurrency: 1, retry: { maxAttempts: 2 }, rateLimit: { perMinute: 60_000 } },
    })
    // Half a fifth on top by the draw of 0.5.
    expect(starts).toEqual([
      ['t0/1', 0],
      ['t1/1', 9101],
      ['t0/2', 10_000],
    ])
    expect(results[1]?.attempts[0]).toMatchObject({ queueMs: 0, rateMs: 9001 })
    expect(results[0]?.attempts[1]).toMatchObject({ number: 2, queueMs: 0, rateMs: 0 })
  })

  it('is limited over all tasks by the retry budget', async () => {
    const { statistics } = await played({
      tasks: numbered(20),
      handler: flaky(1),
      policy: { concurrency: 1, retry: { maxAttempts: 2, backoffSeconds: 0, budget: { ratio: 0.1, reserve: 3 } } },
    })
    expect(statistics).toMatchObject({ retries: 5, error: 15, succeeded: 5 })
  })

  it('goes on from what is on record, and one is always made', async () => {
    const numbers: number[] = []
    const { results } = await played<number, string>({
      tasks: numbered(2),
      handler: (_task, { attempt: number }) => {
        numbers.push(number)
        throw new Error('again')
      },
      policy: { concurrency: 1, retry: { maxAttempts: 3, backoffSeconds: 0 } },
      options: {
        attemptsBefore: ({ id }) => (id === 't0' ? { numbered: 4, counted: 1 } : { numbered: 3, counted: 3 }),
      },
    })
    expect(numbers).toEqual([5, 6, 4])
    expect(results.map(({ attempts }) => attempts.length)).toEqual([2, 1])
  })

  it('takes tasks no faster from the source than waiting ones are worked off', async () => {
    let given = 0
    function* source(): Generator<Task<number>> {
      for (; given < 5000; given++) yield { id: String(given), payload: given }
    }
    let atOnce = 0
    await played({
      tasks: source(),
      handler: (_task, { attempt: number }) => {
        if (number > 1) return undefined
        atOnce = given
        throw new Error('again')
      },
      policy: { retry: { maxAttempts: 2, backoffSeconds: 100, jitter: 'none' }, concurrency: 1 },
      options: { onResult: () => {} },
      meanwhile: (clock) => clock.after(1, () => expect(given).toBe(1023)),
    })
    expect(atOnce).toBe(4999)
  })
})

/** An attempt with everything that is usual. */
function attempt({
  startedAt,
  serviceMs,
  ...rest
}: Partial<TaskAttempt> & { startedAt: number; serviceMs: number }): TaskAttempt {
  return {
    number: 1,
    state: 'succeeded',
    startedAt,
    endedAt: startedAt + serviceMs,
    serviceMs,
    queueMs: 0,
    rateMs: 0,
    ...rest,
  }
}

describe('cancelling', () => {
  it('before the beginning cancels everything, and no handler is called', async () => {
    const results: TaskResult[] = []
    const signal = AbortSignal.abort(new Error('not today'))
    const end = await played({
      tasks: numbered(3),
      handler: () => expect.unreachable(),
      options: { signal, onResult: (result) => void results.push(result as TaskResult) },
    })
    expect(end).toMatchObject({
      stopped: { kind: 'cancelled', message: 'not today' },
      statistics: { total: 3, cancelled: 3, attempts: 0 },
      sourceExhausted: true,
      at: 0,
    })
    expect(results[2]).toEqual({
      task: { id: 't2', payload: 2 },
      state: 'cancelled',
      attempts: [],
      error: { class: 'cancelled', message: 'not today', code: 'cancelled' },
      usage: { tokens: 0, costUsd: 0 },
    })
  })

  it('ends attempts, between attempts, and what has not begun; what still succeeds counts', async () => {
    const stop = new AbortController()
    const end = await played<number, string>({
      tasks: numbered(6),
      handler: async ({ payload }, { signal }, clock) => {
        if (payload === 0) throw new Error('again')
        if (payload === 1) return hang()
        if (payload === 2)
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
        await wait(clock, 2000)
        if (payload === 4) return failed('in vain')
        return 'still done'
      },
      policy: { concurrency: 4, retry: { maxAttempts: 2, backoffSeconds: 60, jitter: 'none' } },
      options: { signal: stop.signal },
      meanwhile: (clock) => clock.after(100, () => stop.abort(new Error('enough'))),
    })
    expect(states(end)).toEqual(['cancelled', 'cancelled', 'cancelled', 'succeeded', 'failed', 'cancelled'])
    expect(end.results.map(({ attempts }) => attempts.map(({ state }) => state))).toEqual([
      ['error'],
      ['cancelled'],
      ['cancelled'],
      ['succeeded'],
      ['failed'],
      [],
    ])
    expect(end.results.slice(0, 3).map(({ error }) => error?.message)).toEqual(['enough', 'enough', 'enough'])
    expect(end.at).toBe(5100)
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })

  it('waits no longer than it is told', async () => {
    const stop = new AbortController()
    const end = await played({
      tasks: numbered(1),
      handler: hang,
      options: { signal: stop.signal, graceMs: 10 },
      meanwhile: (clock) => clock.after(5, () => stop.abort()),
    })
    expect(end).toMatchObject({ at: 15, stopped: { message: 'the run was cancelled' } })
  })

  it('leaves no listener on the signal when it never comes', async () => {
    const { signal } = new AbortController()
    await played({ tasks: numbered(3), handler: () => 1, options: { signal } })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends the wait for the rate limit', async () => {
    const stop = new AbortController()
    const end = await played({
      tasks: numbered(3),
      handler: () => 'done',
      policy: { rateLimit: { perMinute: 1 } },
      options: { signal: stop.signal },
      meanwhile: (clock) => clock.after(5, () => stop.abort()),
    })
    expect([states(end), end.at]).toEqual([['succeeded', 'cancelled', 'cancelled'], 5])
  })
})
