import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../src/domain/policy.ts'
import type { TaskResult } from '../../src/domain/task.ts'
import type { Entry, Life } from './log.ts'
import { printEntry } from './log.ts'
import { explain, fingerprint, judge, judgeLife, rules } from './oracle.ts'
import { simulate } from './simulate.ts'
import type { Act, World } from './world.ts'
import { createWorld } from './world.ts'

const retry = { maxAttempts: 3, backoffSeconds: 1, jitter: 'none' } as const
const plain: World = {
  seed: 1,
  policy: { concurrency: 2, timeoutSeconds: 5, retry },
  graceMs: 0,
  drainMs: 5000,
  source: 'steps',
  count: 6,
  receiver: 'prompt',
  receiverMs: () => 0,
  attemptMs: () => 0,
  pauses: [],
  sharedLimiter: false,
  crashes: [],
  task: (index) => ({ id: `t${index}`, payload: scripts[index % scripts.length] ?? [], delayMs: 0 }),
}
const succeed: Act = { kind: 'succeed', afterMs: 100, usage: { tokens: 10, costUsd: 0.5 } }
const scripts: readonly (readonly Act[])[] = [
  [succeed],
  [{ kind: 'throw', afterMs: 50 }, { kind: 'overload', afterMs: 50, form: 'field', retryAfterMs: 3000 }, succeed],
  [{ kind: 'hang' }, { kind: 'fail', afterMs: 10 }],
]

/** Names of the invariants that a life breaks. */
function broken(life: Life): readonly string[] {
  return [...new Set(judgeLife(life).map(({ invariant }) => invariant))]
}

/** What a real run of a world leaves behind. */
async function honest(changes: Partial<World> = {}): Promise<Life> {
  const [life] = (await simulate({ ...plain, ...changes })).lives
  if (life === undefined) throw new Error('a world has at least one life')
  return life
}

/** The same log, with entries of one kind replaced; nothing removes one. */
function doctored<K extends Entry['kind']>(
  life: Life,
  kind: K,
  change: (entry: Extract<Entry, { kind: K }>, nth: number) => Entry | readonly Entry[],
): Life {
  let count = 0
  return {
    ...life,
    log: life.log.flatMap((entry) =>
      entry.kind === kind ? change(entry as Extract<Entry, { kind: K }>, count++) : [entry],
    ),
  }
}

/** The life as it would be judged if this had been its policy. */
function judgedBy(life: Life, policy: PolicyInput): Life {
  return { ...life, world: { ...life.world, policy: { ...life.world.policy, ...policy } } }
}

function withResult(life: Life, change: (result: TaskResult, nth: number) => TaskResult): Life {
  return doctored(life, 'result', (entry, nth) => ({ ...entry, result: change(entry.result, nth) }))
}

const changed: readonly [keyof typeof rules, string, (life: Life) => Life][] = [
  ['comes-back', 'a run that never comes back', (life) => doctored(life, 'over', ({ at }) => ({ at, kind: 'stuck' }))],
  [
    'one-result-each',
    'a result that is lost',
    (life) => doctored(life, 'result', (entry, nth) => (nth === 0 ? [] : entry)),
  ],
  [
    'one-result-each',
    'a result that comes twice',
    (life) => doctored(life, 'result', (entry, nth) => (nth === 0 ? [entry, entry] : entry)),
  ],
  [
    'one-result-each',
    'a count that forgets a task',
    (life) => doctored(life, 'over', (entry) => ({ ...entry, statistics: { ...entry.statistics, total: 5 } })),
  ],
  [
    'results-in-order',
    'results that are kept though a receiver took them',
    (life) => doctored(life, 'over', (entry) => ({ ...entry, results: [{} as TaskResult] })),
  ],
  [
    'source-treated-well',
    'a source that is asked twice at a time',
    (life) => doctored(life, 'asked', (entry) => [entry, entry]),
  ],
  ['source-treated-well', 'a source that was left without a word', (life) => doctored(life, 'exhausted', () => [])],
  [
    'statistics-add-up',
    'a retry too many in the statistics',
    (life) =>
      doctored(life, 'over', (entry) => ({
        ...entry,
        statistics: { ...entry.statistics, retries: entry.statistics.retries + 1 },
      })),
  ],
  [
    'results-follow-attempts',
    'a failed task that is called succeeded',
    (life) => withResult(life, (result) => ({ ...result, state: 'succeeded' })),
  ],
  [
    'results-follow-attempts',
    'usage that is lost on its way',
    (life) => withResult(life, (result) => ({ ...result, usage: { tokens: 0, costUsd: 0 } })),
  ],
  [
    'stops-for-a-reason',
    'a stop for failures that never were',
    (life) => doctored(life, 'over', (entry) => ({ ...entry, stopped: { kind: 'cancelled', message: '' } })),
  ],
  [
    'stops-for-a-reason',
    'a cancelled task without a stop',
    (life) => withResult(life, (result) => ({ ...result, state: 'cancelled' })),
  ],
  [
    'faults-are-told',
    'an error out of nowhere',
    (life) => doctored(life, 'over', ({ at }) => ({ at, kind: 'fault', message: 'boom' })),
  ],
  [
    'over-is-over',
    'an attempt that begins when all is over',
    (life) =>
      doctored(life, 'left', (entry) => [entry, { at: entry.at, kind: 'start', task: 't0', attempt: 2, width: 2 }]),
  ],
  ['nothing-left', 'a timer that is left', (life) => doctored(life, 'left', (entry) => ({ ...entry, timers: 1 }))],
  [
    'nothing-left',
    'a listener that is left',
    (life) => doctored(life, 'left', (entry) => ({ ...entry, listeners: 1 })),
  ],
  [
    'attempts-numbered',
    'a number that is left out',
    (life) => doctored(life, 'start', (entry) => ({ ...entry, attempt: entry.attempt + 1 })),
  ],
  [
    'attempts-told',
    'an attempt that nobody announced',
    (life) => doctored(life, 'announced', (entry, nth) => (nth === 0 ? [] : entry)),
  ],
  [
    'attempts-told',
    'an attempt that nobody told',
    (life) => doctored(life, 'attempt', (entry, nth) => (nth === 0 ? [] : entry)),
  ],
  [
    'attempts-end-rightly',
    'a timeout before its time',
    (life) => withResult(life, (result) => withLast(result, { state: 'timeout' })),
  ],
  [
    'attempts-end-rightly',
    'an attempt cancelled by nobody',
    (life) => withResult(life, (result) => withLast(result, { state: 'cancelled' })),
  ],
  ['times-true', 'a negative wait', (life) => withResult(life, (result) => withLast(result, { queueMs: -1 }))],
  [
    'times-true',
    'a wait that counts as service',
    (life) => withResult(life, (result) => withLast(result, { serviceMs: 4999 })),
  ],
  [
    'width-shrinks-rightly',
    'a width that falls without an overload',
    (life) =>
      judgedBy(
        doctored(life, 'start', (entry, nth) => ({ ...entry, width: nth === 0 ? 2 : 1 })),
        { adaptive: { start: 2 } },
      ),
  ],
  ['width-kept', 'a width beyond the policy', (life) => doctored(life, 'start', (entry) => ({ ...entry, width: 3 }))],
  [
    'pauses-kept',
    'an attempt that begins in a pause',
    (life) => doctored(life, 'begin', (entry) => [entry, { at: entry.at, kind: 'pause' }]),
  ],
  [
    'receiver-not-flooded',
    'a receiver that never takes anything',
    (life) => ({ ...life, world: { ...life.world, receiverMs: () => 1 } }),
  ],
  [
    'end-is-end',
    'an attempt that begins after the cancellation',
    (life) => doctored(life, 'begin', (entry) => [entry, { at: entry.at, kind: 'cancel' }]),
  ],
  [
    'no-idle-slot',
    'a slot that stays empty',
    (life) =>
      judgedBy(
        doctored(life, 'start', (entry) => ({ ...entry, width: 4 })),
        { concurrency: 4 },
      ),
  ],
]

function withLast(result: TaskResult, change: Partial<TaskResult['attempts'][number]>): TaskResult {
  return { ...result, attempts: result.attempts.map((attempt) => ({ ...attempt, ...change })) }
}

const stricter: readonly [keyof typeof rules, string, PolicyInput][] = [
  ['width-kept', 'one task at a time', { concurrency: 1 }],
  ['attempts-numbered', 'two attempts', { retry: { ...retry, maxAttempts: 2 } }],
  ['attempts-end-rightly', 'a shorter time', { timeoutSeconds: 1 }],
  ['retries-allowed', 'no retry of timeouts', { retry: { ...retry, on: ['system_error'] } }],
  ['retries-made', 'a retry of failures', { retry: { ...retry, on: ['business_failure', 'system_error', 'timeout'] } }],
  ['retry-budget', 'no retries beyond one', { retry: { ...retry, budget: { ratio: 0, reserve: 1 } } }],
  ['backoff-kept', 'longer waits', { retry: { ...retry, backoffSeconds: 4 } }],
  ['backoff-kept', 'shorter waits', { retry: { ...retry, backoffSeconds: 0.1 } }],
  ['rate-kept', 'ten in a minute', { rateLimit: { perMinute: 10, burst: 2 } }],
  ['batches-kept', 'batches of two', { batchSize: 2 }],
  ['end-is-end', 'an end after the first failure', { stop: { maxFailures: 1 } }],
  ['end-is-end', 'an end after a second', { stop: { timeoutSeconds: 1 } }],
  ['end-is-end', 'a budget of tokens', { stop: { maxTokens: 5 } }],
  ['end-is-end', 'a budget in dollars', { stop: { maxCostUsd: 0.25 } }],
]

describe('the oracle', () => {
  it('finds nothing in an honest run', async () => {
    expect(judgeLife(await honest())).toEqual([])
    expect(judgeLife(await honest({ receiver: 'keep' }))).toEqual([])
  })

  it.each(changed)('%s fires for %s', async (invariant, _, change) => {
    expect(broken(change(await honest()))).toContain(invariant)
  })

  it.each(stricter)('%s fires for a run that did not know of %s', async (invariant, _, policy) => {
    expect(broken(judgedBy(await honest(), policy))).toContain(invariant)
  })

  it('results-in-order fires for kept results that stand otherwise', async () => {
    const life = await honest({ receiver: 'keep' })
    const turned = doctored(life, 'over', (entry) => ({ ...entry, results: entry.results.toReversed() }))
    expect(broken(turned)).toContain('results-in-order')
  })

  it('has a test that fires for every rule', () => {
    const fired = new Set<string>([...changed, ...stricter].map(([invariant]) => invariant))
    expect(Object.keys(rules).filter((name) => !fired.has(name))).toEqual([])
  })
})

describe('a breach', () => {
  it('is shown with its seed, its invariant, what happened before it, and how to see all of it', async () => {
    const simulation = await simulate({ ...plain, seed: 4711 })
    const { world, lives } = simulation
    const strict = { ...world, policy: { ...world.policy, concurrency: 1 } }
    const changed = { ...simulation, world: strict, lives: lives.map((life) => ({ ...life, world: strict })) }
    const finding = judge(changed).find(({ invariant }) => invariant === 'width-kept')
    const text = finding === undefined ? '' : explain(changed, finding)
    expect(text).toMatch(/^seed 4711: width-kept: a width of 2\n/)
    expect(text).toMatch(/0\.000 s {2}start {7}task="t0" {2}attempt=1 {2}width=2\n/)
    expect(text).toMatch(/replay: node tests\/simulation\/replay\.ts 4711$/)
  })

  it('can be seen again by its seed, from the first event to the last', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'replay.ts'), '7'])
    const simulation = await simulate(createWorld(7))
    for (const { log } of simulation.lives) for (const entry of log) expect(stdout).toContain(printEntry(entry))
    expect(stdout).toContain(`fingerprint ${fingerprint(simulation)}`)
    expect(stdout).toContain('every invariant holds')
  })
})

describe('the oracle, over crashes', () => {
  const crashing: Partial<World> = { crashes: [4000, 3000] }

  it('finds nothing in an honest run', async () => {
    const simulation = await simulate({ ...plain, ...crashing })
    expect(simulation.lives.length).toBe(3)
    expect(judge(simulation)).toEqual([])
  })

  it('fires for a task that is lost, recorded twice, or worked on after its result', async () => {
    const simulation = await simulate({ ...plain, ...crashing })
    const { notes } = simulation.journal
    const fires = (changed: typeof notes): boolean =>
      judge({ ...simulation, journal: { ...simulation.journal, notes: changed } }).some(
        ({ invariant }) => invariant === 'resumes-where-it-stood',
      )
    expect(fires(notes)).toBe(false)
    expect(fires(notes.filter((note) => note.kind !== 'result' || note.result.task.id !== 't0'))).toBe(true)
    expect(fires([...notes, ...notes.filter(({ kind }) => kind === 'result')])).toBe(true)
    expect(fires([...notes, { kind: 'start', task: 't0', number: 2 }])).toBe(true)
    expect(fires([...notes.filter(({ kind }) => kind === 'start').slice(0, 1), ...notes])).toBe(true)
  })
})
