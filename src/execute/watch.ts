import { every, monotonic } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import type { Session } from './session.ts'

/** How long a process may be silent, in milliseconds. */
export interface Silence {
  /** While a test runs: its own limit and some grace, for the framework is first to notice. */
  readonly testMs: number
  /** Without a running test: while files are collected, or between two tests. */
  readonly idleMs: number
  /** After the framework has said that it is at its end. */
  readonly exitMs: number
}

/** Why a process has to be ended. */
export type Overdue =
  /** One test, or several that ran together and are silent for much the same time. */
  | { readonly kind: 'tests'; readonly ids: readonly string[] }
  | { readonly kind: 'collection' }
  | { readonly kind: 'idle' }
  | { readonly kind: 'exit' }

/** Says whether a process has been silent for too long at this tick. */
export function overdueAt(session: Session, silence: Silence, tick: number): Overdue | undefined {
  const quietMs = tick - session.lastTick
  if (session.exitCode !== undefined) return quietMs > silence.exitMs ? { kind: 'exit' } : undefined
  const silentFor = (ms: number): string[] =>
    [...session.open].filter(([, test]) => tick - test.lastTick > ms).map(([id]) => id)
  if (silentFor(silence.testMs).length > 0) return { kind: 'tests', ids: silentFor(silence.testMs / 2) }
  if (session.open.size > 0 || quietMs <= silence.idleMs) return undefined
  return { kind: session.collected ? 'idle' : 'collection' }
}

/** Looks after a process until cancelled; calls `onOverdue` once. */
export function watch(session: Session, silence: Silence, onOverdue: (overdue: Overdue) => void): Timer {
  const shortest = Math.min(silence.testMs, silence.idleMs, silence.exitMs)
  const timer = every(Math.min(500, Math.max(20, shortest / 4)), () => {
    const overdue = overdueAt(session, silence, monotonic())
    if (overdue === undefined) return
    timer.cancel()
    onOverdue(overdue)
  })
  return timer
}
