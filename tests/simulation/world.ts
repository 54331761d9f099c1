import type { PolicyInput } from '../../src/domain/policy.ts'
import type { Task, TaskUsage } from '../../src/domain/task.ts'
import { createRandom } from '../../src/lib/random.ts'
import { chance, integer, pick, sometimes } from './draw.ts'
import type { Random } from './draw.ts'
import { drawPolicy } from './world-policy.ts'

/** What a handler does at one attempt. Times in milliseconds from its call. */
export type Act =
  | { readonly kind: 'succeed'; readonly afterMs: number; readonly usage?: TaskUsage | undefined }
  | {
      readonly kind: 'fail'
      readonly afterMs: number
      readonly usage?: TaskUsage | undefined
      readonly retry?: boolean | undefined
    }
  /** Throws; where it is final, an error of usage, or one that a layer below has already tried often enough. */
  | { readonly kind: 'throw'; readonly afterMs: number; readonly final?: 'usage' | 'exhausted' | undefined }
  /** Throws what a server answers that has too much to do: 429 or 503. */
  | {
      readonly kind: 'overload'
      readonly afterMs: number
      readonly form: 'field' | 'header' | 'greenloop'
      readonly retryAfterMs?: number | undefined
    }
  /** Never ends, whatever it is told. */
  | { readonly kind: 'hang' }
  /** Never ends of its own; throws as soon as its signal aborts. */
  | { readonly kind: 'obey' }
  /** Does not heed its signal, and answers so long after it has aborted. */
  | { readonly kind: 'late'; readonly lateMs: number; readonly ending: 'value' | 'error' }

/** A task with what its attempts do, the last act again for all further ones. */
export interface SimulatedTask extends Task<readonly Act[]> {
  /** How long an asynchronous source takes to give it, after it was asked. */
  readonly delayMs: number
}

/** Somebody's wish that the run ends. */
interface Cancellation {
  /** From the start of the run; negative: before it. */
  readonly atMs: number
  readonly by: 'signal' | 'scheduler'
}

/** Something that happens in the midst of the engine's own work, at its n-th call of a place, from 0. */
interface Interruption {
  readonly place: 'start-hook' | 'attempt-hook' | 'handler' | 'receiver'
  readonly nth: number
  /** Somebody cancels, or the hook throws. */
  readonly what: 'cancel' | 'throw'
}

/** Everything about one simulated run, made from its seed alone. */
export interface World {
  readonly seed: number
  readonly policy: PolicyInput
  readonly graceMs: number
  readonly drainMs: number
  /** `steps`: an iterator of its own making, whose `return` comes back at once; `async`: a real async generator. */
  readonly source: 'array' | 'generator' | 'steps' | 'async'
  /** Tasks that the source gives; `Infinity` for one that never ends. */
  readonly count: number
  /** The source throws in place of the task of this index. */
  readonly sourceFaultAt?: number | undefined
  /** Asked for the task of this index, the source never answers. */
  readonly sourceStallsAt?: number | undefined
  /** `keep`: no receiver, the results come at the end. */
  readonly receiver: 'keep' | 'prompt' | 'slow'
  /** The receiver throws at its n-th result, from 0. */
  readonly receiverFaultAt?: number | undefined
  /** Milliseconds that a slow receiver takes for its n-th result; 0: it gives no promise. */
  readonly receiverMs: (index: number) => number
  /** Milliseconds that the hook of attempts takes for its n-th one; 0: it gives no promise. */
  readonly attemptMs: (index: number) => number
  readonly cancellation?: Cancellation | undefined
  readonly interruption?: Interruption | undefined
  readonly pauses: readonly { readonly atMs: number; readonly forMs: number }[]
  /** The rate limit is a bucket from outside, so that each grant is seen. */
  readonly sharedLimiter: boolean
  /** The process dies so long after the start of each of its lives; without an entry a life ends in peace. */
  readonly crashes: readonly number[]
  readonly task: (index: number) => SimulatedTask
}

/** Whether a task asks for more tokens than its bucket ever holds. */
export function isRefused({ weight = 1 }: SimulatedTask, { rateLimit }: PolicyInput): boolean {
  return rateLimit !== undefined && weight > (rateLimit.burst ?? 1)
}

/** What a seed stands for. The same seed gives the same world. */
export function createWorld(seed: number): World {
  const random = createRandom(seed)
  const policy = drawPolicy(random)
  const endless = chance(random, 0.04)
  const source = pick(
    random,
    endless ? (['steps', 'async'] as const) : (['array', 'generator', 'steps', 'async'] as const),
  )
  const count = endless
    ? Infinity
    : pick(random, [0, 1, integer(random, 2, 12), integer(random, 5, 30), integer(random, 20, 60)])
  const character = drawCharacter(random, policy)
  const crashes = !endless && chance(random, 0.15) ? drawCrashes(random) : []
  const receiver = pick(
    random,
    crashes.length > 0 ? (['prompt', 'slow'] as const) : (['keep', 'keep', 'prompt', 'slow'] as const),
  )
  const faulty = crashes.length === 0
  const stalls = faulty && (source === 'steps' || source === 'async') && chance(random, 0.04)
  const receiverFaultAt =
    receiver !== 'keep' && faulty ? sometimes(random, 0.05, () => integer(random, 0, 20)) : undefined
  return {
    seed,
    policy,
    graceMs: pick(random, [0, 200, 5000]),
    drainMs: pick(random, [0, 500, 5000]),
    source,
    count,
    sourceFaultAt: source !== 'array' && faulty ? sometimes(random, 0.05, () => integer(random, 0, 20)) : undefined,
    sourceStallsAt: stalls ? integer(random, 0, 12) : undefined,
    receiver,
    receiverFaultAt,
    receiverMs: (index) => {
      const own = createRandom(seed * 7919 + index)
      return receiver === 'slow' && chance(own, 0.5) ? integer(own, 1, 3000) : 0
    },
    attemptMs: (index) => {
      const own = createRandom(seed * 6007 + index)
      return receiver === 'slow' && chance(own, 0.2) ? integer(own, 1, 3000) : 0
    },
    cancellation: drawCancellation(random, endless || stalls),
    pauses: chance(random, 0.15) ? drawPauses(random) : [],
    sharedLimiter: chance(random, 0.5),
    crashes,
    interruption: faulty ? sometimes(random, 0.12, () => drawInterruption(random, receiverFaultAt)) : undefined,
    task: (index) => drawTask(createRandom(seed * 104_729 + index * 31 + 7), { index, policy, character, endless }),
  }
}

/** What kind of work a world has: how likely each act is. */
interface Character {
  readonly weights: readonly (readonly [Act['kind'], number])[]
  readonly longestMs: number
  readonly usage: boolean
  readonly ownTimeouts: boolean
  readonly delays: boolean
}

function drawCharacter(random: Random, policy: PolicyInput): Character {
  const stuck = policy.timeoutSeconds !== undefined
  return {
    weights: [
      ['succeed', 10],
      ['fail', pick(random, [0, 1, 4])],
      ['throw', pick(random, [0, 2, 8])],
      ['overload', pick(random, [0, 0, 2, 6])],
      ['hang', stuck ? pick(random, [0, 1, 3]) : 0],
      ['obey', stuck ? pick(random, [0, 1, 3]) : 0],
      ['late', stuck ? pick(random, [0, 1, 3]) : 0],
    ],
    longestMs: pick(random, [0, 1, 50, 2000, 20_000]),
    usage: policy.stop?.maxTokens !== undefined || policy.stop?.maxCostUsd !== undefined || chance(random, 0.2),
    ownTimeouts: chance(random, 0.2),
    delays: chance(random, 0.6),
  }
}

function drawCrashes(random: Random): readonly number[] {
  const first = integer(random, 0, 20_000)
  return [
    first,
    ...(chance(random, 0.5) ? [integer(random, 0, 20_000)] : []),
    ...(chance(random, 0.3) ? [integer(random, 0, 5000)] : []),
  ]
}

/** A receiver that cancels does not throw as well: which of the two ends the run would be a matter of taste. */
function drawInterruption(random: Random, receiverFaultAt: number | undefined): Interruption {
  const places = ['start-hook', 'attempt-hook', 'handler', 'receiver'] as const
  const place = pick(random, receiverFaultAt === undefined ? places : places.slice(0, -1))
  const nth = integer(random, 0, pick(random, [3, 20]))
  return { place, nth, what: place.endsWith('hook') && chance(random, 0.4) ? 'throw' : 'cancel' }
}

/** A source without an end needs somebody who ends the run. */
function drawCancellation(random: Random, endless: boolean): Cancellation | undefined {
  if (!endless && !chance(random, 0.25)) return undefined
  const atMs = endless
    ? integer(random, 0, 5000)
    : pick(random, [-1, 0, integer(random, 0, 3000), integer(random, 0, 60_000)])
  return { atMs, by: chance(random, 0.4) ? 'scheduler' : 'signal' }
}

function drawPauses(random: Random): World['pauses'] {
  const first = {
    atMs: integer(random, pick(random, [-1, 0]), pick(random, [0, 5000])),
    forMs: integer(random, 0, 10_000),
  }
  if (!chance(random, 0.5)) return [first]
  return [first, { atMs: first.atMs + first.forMs + integer(random, 1, 5000), forMs: integer(random, 0, 10_000) }]
}

interface TaskPlan {
  readonly index: number
  readonly policy: PolicyInput
  readonly character: Character
  readonly endless: boolean
}

function drawTask(random: Random, { index, policy, character, endless }: TaskPlan): SimulatedTask {
  const burst = policy.rateLimit?.burst ?? 1
  const acts = Array.from({ length: integer(random, 1, 4) }, () => drawAct(random, character, endless))
  const delayMs = endless
    ? integer(random, 20, 200)
    : character.delays
      ? integer(random, 0, pick(random, [0, 100, 2000]))
      : 0
  return {
    id: `t${index}`,
    payload: acts,
    delayMs,
    ...(character.ownTimeouts && chance(random, 0.5) ? { timeoutMs: integer(random, 1, 5000) } : {}),
    ...(policy.rateLimit !== undefined ? drawWeight(random, burst) : {}),
    ...(chance(random, 0.1) ? { metadata: { index } } : {}),
  }
}

/** Mostly what the bucket can give; now and then more than it ever holds. */
function drawWeight(random: Random, burst: number): { readonly weight?: number } {
  if (chance(random, 0.01)) return { weight: burst + 1 }
  return burst > 1 && chance(random, 0.3) ? { weight: integer(random, 0, burst) } : {}
}

function drawAct(random: Random, character: Character, endless: boolean): Act {
  const afterMs = integer(random, endless ? 20 : 0, Math.max(endless ? 20 : 0, character.longestMs))
  const usage = character.usage
    ? { tokens: integer(random, 0, 2000), costUsd: integer(random, 0, 400) / 1024 }
    : undefined
  const kind = weighted(random, character.weights)
  switch (kind) {
    case 'succeed':
      return { kind, afterMs, usage }
    case 'fail':
      return { kind, afterMs, usage, retry: pick(random, [undefined, undefined, true, false]) }
    case 'throw':
      return { kind, afterMs, final: sometimes(random, 0.15, () => pick(random, ['usage', 'exhausted'] as const)) }
    case 'overload':
      return {
        kind,
        afterMs,
        form: pick(random, ['field', 'header', 'greenloop'] as const),
        retryAfterMs: sometimes(random, 0.5, () => 1000 * integer(random, 0, 20)),
      }
    case 'hang':
    case 'obey':
      return { kind }
    case 'late':
      return { kind, lateMs: integer(random, 0, 8000), ending: pick(random, ['value', 'error'] as const) }
  }
}

function weighted<T>(random: Random, choices: readonly (readonly [T, number])[]): T {
  let left = random() * choices.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [value, weight] of choices) {
    left -= weight
    if (left < 0) return value
  }
  throw new RangeError('no choice has a weight')
}
