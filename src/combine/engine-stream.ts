/** A repeatable stream of random numbers. */
export interface Stream {
  /** A whole number from 0 up to, not including, `bound`; `bound` at most 2^32. */
  below(bound: number): number
}

const words = 4294967296

/**
 * The generator xoshiro128** of Blackman and Vigna, its state filled from the seed by the SplitMix step of the same
 * authors. Equal seeds give equal streams on every machine.
 */
export function createStream(seed: number): Stream {
  const next = splitMix(seed)
  let a = next()
  let b = next()
  let c = next()
  let d = next() | 1
  return {
    below(bound) {
      const product = Math.imul(b, 5)
      const word = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
      const shifted = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= shifted
      d = (d << 11) | (d >>> 21)
      return Math.floor((word / words) * bound)
    },
  }
}

function splitMix(seed: number): () => number {
  let state = (Math.floor(seed) ^ Math.floor(seed / words)) | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let word = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return word ^ (word >>> 16)
  }
}

/** Puts the first `length` entries into random order, in place (Fisher and Yates). */
export function shuffle(entries: Int32Array, length: number, stream: Stream): void {
  for (let last = length - 1; last > 0; last--) {
    const other = stream.below(last + 1)
    const held = entries[last] as number
    entries[last] = entries[other] as number
    entries[other] = held
  }
}
