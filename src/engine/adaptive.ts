import type { Policy } from '../domain/policy.ts'
import type { Clock } from '../lib/clock.ts'

/** How many attempts may run at once, learnt from how they end. */
export interface Width {
  readonly current: number
  /** An attempt was answered. `isFirst`: it was the first of its task; `isFull`: it ran while every slot was in use. */
  onAnswer(facts: { readonly isFirst: boolean; readonly isFull: boolean }): void
  /** The other side has too much to do. `retryAfterMs`: how long it asks to be left alone. */
  onOverload(retryAfterMs: number): void
  /** A timeout, or an error that says nothing about load. */
  onTrouble(): void
}

/**
 * The width of a policy. Without `adaptive` it is fixed. With it: doubling in each round until the first overload, then
 * one more in each round, times `decrease` on an overload, at most once in a cooldown (from the end of Retry-After).
 * In a cooldown, which timeouts and errors begin as well, it does not grow. An answer to a retry changes nothing, nor
 * does one that came while slots were free.
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
  let nextCutAt = -Infinity
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
    onOverload(retryAfterMs) {
      const at = clock.monotonic()
      const calmAt = at + retryAfterMs + cooldownMs
      nextGrowthAt = Math.max(nextGrowthAt, calmAt)
      if (at < nextCutAt) return
      isSlowStart = false
      answers = 0
      nextCutAt = calmAt
      current = Math.max(min, Math.floor(current * adaptive.decrease))
    },
    onTrouble() {
      nextGrowthAt = Math.max(nextGrowthAt, clock.monotonic() + cooldownMs)
    },
  }
}

function fixedWidth(current: number): Width {
  return { current, onAnswer: () => {}, onOverload: () => {}, onTrouble: () => {} }
}
