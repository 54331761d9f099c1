import type { StopReason, TaskAttempt, TaskResult, TaskStatistics } from '../../src/domain/task.ts'
import type { Recorded } from './journal.ts'
import type { World } from './world.ts'

/** Something that was seen of a run from outside: what the engine called, and what it was told. */
export type Happening =
  | { readonly kind: 'begin' }
  /** The engine asks the source for a task. */
  | { readonly kind: 'asked' }
  | { readonly kind: 'offered'; readonly task: string }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'source-fault' }
  /** One of the hooks of attempts throws. */
  | { readonly kind: 'hook-fault' }
  /** The engine tells the source that it wants no more. */
  | { readonly kind: 'returned' }
  /** A token bucket from outside gave tokens. */
  | { readonly kind: 'grant'; readonly tokens: number }
  /** Tokens that were given came back unused. */
  | { readonly kind: 'refund'; readonly tokens: number }
  | { readonly kind: 'penalty'; readonly forMs: number }
  /** The hook that tells of an attempt about to begin. */
  | { readonly kind: 'announced'; readonly task: string; readonly attempt: number }
  /** The handler was called. `width`: attempts that the engine allows itself at this moment. */
  | { readonly kind: 'start'; readonly task: string; readonly attempt: number; readonly width: number }
  /** The handler is done with an attempt, whether or not somebody still listens. */
  | { readonly kind: 'answer'; readonly task: string; readonly attempt: number }
  /** The handler's signal aborted. */
  | { readonly kind: 'abort'; readonly task: string; readonly attempt: number }
  /** The hook that tells of an attempt that another one follows. */
  | { readonly kind: 'attempt'; readonly task: string; readonly record: TaskAttempt }
  | { readonly kind: 'result'; readonly result: TaskResult }
  /** A slow receiver is done with a result, or a slow hook with an attempt. */
  | { readonly kind: 'taken'; readonly task: string }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'width'; readonly width: number }
  /** The run came back. */
  | {
      readonly kind: 'over'
      readonly results: readonly TaskResult[]
      readonly statistics: TaskStatistics
      readonly stopped?: StopReason | undefined
      readonly sourceExhausted: boolean
    }
  /** The run threw. */
  | { readonly kind: 'fault'; readonly message: string }
  /** What the run left on the clock and on the caller's signal when it came back. */
  | { readonly kind: 'left'; readonly timers: number; readonly listeners: number }
  /** No timer is left, and the run has not come back. */
  | { readonly kind: 'stuck' }
  | { readonly kind: 'crash' }

/** A happening at its time, in milliseconds of the virtual clock. */
export type Entry = Happening & { readonly at: number }

/** One life of a process: from the call of the engine until the run came back or the process died. */
export interface Life {
  readonly world: World
  readonly log: readonly Entry[]
  /** What was on record of tasks before this life. */
  readonly recorded: Recorded
}

/** What tasks do is told by their seed. */
function withoutPayload(key: string, value: unknown): unknown {
  return key === 'payload' || key === 'delayMs' ? undefined : value
}

/** An entry as one line of text. */
export function printEntry({ at, ...happening }: Entry): string {
  const { kind, ...rest } = happening
  const facts = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value, withoutPayload)}`)
  return [`${(at / 1000).toFixed(3).padStart(10)} s`, kind.padEnd(10), ...facts].join('  ')
}
