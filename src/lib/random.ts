/** A number from 0 up to, not including, 1; for jitter, where nothing has to be repeatable. */
export function random(): number {
  return Math.random()
}

/**
 * A source of numbers from 0 up to, not including, 1 that is the same for the same seed (a whole number from 0).
 * It is sfc32 by Chris Doty-Humphrey: small, fast, and good enough for jitter and simulation, not for secrets.
 */
export function createRandom(seed: number): () => number {
  let a = seed >>> 0
  let b = Math.floor(seed / 2 ** 32) >>> 0
  let c = 0x9e3779b9
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  // The seed has to get into every bit before the first number is used.
  for (let round = 0; round < 12; round++) next()
  return next
}
