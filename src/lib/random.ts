/** A number from 0 up to, not including, 1; for jitter, where nothing has to be repeatable. */
export function random(): number {
  return Math.random()
}
