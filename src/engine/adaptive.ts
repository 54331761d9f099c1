import type { Policy } from '../domain/policy.ts'
import type { Clock } from '../lib/clock.ts'

/** How many attempts may run at once, learnt from how they end. */
export interface Width {
  readonly current: number
  /** An attempt was answered. `isFirst`: it was the first of its task; `isFull`: it ran while every slot was in use. */
  onAnswer(facts: { readonly isFirst: boolean; readonly isFull: boolean }): void
  /** The other side has too much to do. */
  onOverload(facts: Overload): void
  /** A timeout, or an error that says nothing about load. */
  onTrouble(): void
}

/** What is known of an attempt that was turned away. */
export interface Overload {
  /** How long the other side asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number
  /** When it was begun, on the clock that never jumps. */
  readonly startAt: number
  /** Attempts that were under way when it was turned away, and so were not turned away themselves. */
  readonly others: number
}

/**
 * The width of a policy. Without `adaptive` it is fixed. With it: doubling in each round until the first overload, then
 * one more in each round. On an overload it goes down to the attempts that are being served; attempts that were begun before
 * the first of such cuts belong to the same overload, and together they take at most the factor `decrease`. In a cooldown
 * (from the end of Retry-After), which timeouts and errors begin as well, it does not grow. An answer to a retry changes
 * nothing, nor does one that came while slots were free.
 */
export function createWidth(
  { concurrency, adaptive }: Pick<Policy, 'concurrency' | 'adaptive'>,
  clock: Pick<Clock, 'monotonic'>,
): Width {
  if (adaptive === undefined) return fixedWidth(concurrency)
  const min = Math.min(adaptive.min, concurrency)
  const cooldownMs = adaptive.cooldownSeconds * 1000
  let current = Math.min(Math.max(adaptive.start, min), concurrency)
  let isSlowStart = true
  let answers = 0
  /** When the last overload was first noticed, and how far down it may take the width. */
  let noticedAt = -Infinity
  let floor = min
  let nextGrowthAt = -Infinity
  return {
    get current() {
      return current
    },
    onAnswer({ isFirst, isFull }) {
      if (!isFirst || !isFull || current >= concurrency || clock.monotonic() < nextGrowthAt) return
      // In slow start each answer of a round adds one, which doubles the width.
      if (!isSlowStart && ++answers < current) return
      answers = 0
      current++
    },
    onOverload({ retryAfterMs, startAt, others }) {
      const at = clock.monotonic()
      nextGrowthAt = Math.max(nextGrowthAt, at + retryAfterMs + cooldownMs)
      if (startAt > noticedAt) {
        noticedAt = at
        floor = Math.max(min, Math.floor(current * adaptive.decrease))
        isSlowStart = false
        answers = 0
      }
      current = Math.min(current, Math.max(floor, Math.min(others, current - 1)))
    },
    onTrouble() {
      nextGrowthAt = Math.max(nextGrowthAt, clock.monotonic() + cooldownMs)
    },
  }
}

function fixedWidth(current: number): Width {
  return { current, onAnswer: () => {}, onOverload: () => {}, onTrouble: () => {} }
}
