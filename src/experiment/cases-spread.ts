/** The number of combinations of so many values each, exact. */
export function productOf(counts: readonly number[]): bigint {
  return counts.reduce((product, count) => product * BigInt(count), 1n)
}

/**
 * Indices from 0 up to `total`, ascending and without repetition: all of them, or as many as are wanted, one from each of
 * as many equal stretches, so that they are spread over the whole.
 */
export function* spread(total: bigint, most: number, random: () => number): Generator<bigint> {
  if (total <= BigInt(most)) {
    for (let index = 0n; index < total; index++) yield index
    return
  }
  for (let stretch = 0; stretch < most; stretch++) {
    const from = (BigInt(stretch) * total) / BigInt(most)
    const to = (BigInt(stretch + 1) * total) / BigInt(most)
    yield from + below(to - from, random)
  }
}

/** The digits of an index where each place has a base of its own; the last place changes fastest. */
export function digitsOf(index: bigint, bases: readonly number[]): number[] {
  const digits = Array.from(bases, () => 0)
  let rest = index
  for (let place = bases.length - 1; place >= 0; place--) {
    const base = BigInt(bases[place] ?? 1)
    digits[place] = Number(rest % base)
    rest /= base
  }
  return digits
}

const chunk = 2n ** 32n

/** A random number from 0 up to a bound of any size. The bias is below 2^-32. */
function below(bound: bigint, random: () => number): bigint {
  let number = 0n
  for (let range = 1n; range < bound * chunk; range *= chunk)
    number = number * chunk + BigInt(Math.floor(random() * 2 ** 32))
  return number % bound
}
