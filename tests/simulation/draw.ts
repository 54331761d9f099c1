/** Numbers from 0 up to, not including, 1, always the same ones for a seed. */
export type Random = () => number

/** A whole number from `low` to `high`, both possible. */
export function integer(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1))
}

/** One of the values, each as likely as the next. */
export function pick<T>(random: Random, values: readonly T[]): T {
  return values[integer(random, 0, values.length - 1)] as T
}

/** True in so many of 1 cases. */
export function chance(random: Random, share: number): boolean {
  return random() < share
}

/** A drawn value in so many of 1 cases, else nothing. */
export function sometimes<T>(random: Random, share: number, draw: () => T): T | undefined {
  return chance(random, share) ? draw() : undefined
}
