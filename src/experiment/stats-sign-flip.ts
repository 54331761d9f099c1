import { inGroups } from './stats-groups.ts'

/** What a test says. */
interface FlipTest {
  readonly p: number
  readonly method: 'sign flip, exact' | 'sign flip, sampled'
}

/** Differences up to which all ways of setting the signs are tried. */
const mostEnumerated = 16
/** Work up to which the distribution of whole-numbered differences is built. */
const mostFolded = 4e7

/**
 * Tests that differences lie evenly around 0, two-sided: how often is their sum as far off when each sign is a coin toss?
 * Exact for up to 16 differences other than 0, and for those that are whole multiples of a fraction; else sampled, where p
 * is (1 + hits) / (1 + draws) so that it never is 0 (Phipson and Smyth 2010). Very many get their signs in groups.
 */
export function signFlip(
  differences: Float64Array,
  { draws, random }: { readonly draws: number; readonly random: () => number },
): FlipTest {
  const sizes = differences.filter((value) => value !== 0).map(Math.abs)
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  if (sizes.length <= mostEnumerated) return { p: enumerate(sizes, observed), method: 'sign flip, exact' }
  const whole = wholeNumbers(sizes)
  const exact = whole === undefined ? undefined : fold(whole.values, observed * whole.factor)
  if (exact !== undefined) return { p: exact, method: 'sign flip, exact' }
  const { sums } = inGroups({ sums: differences, sizes: new Float64Array(differences.length).fill(1) }, random)
  return { p: sample(sums.map(Math.abs), observed, { draws, random }), method: 'sign flip, sampled' }
}

/** Slack for sums that differ by rounding only. */
const slack = (sizes: Float64Array): number => 1e-10 * sizes.reduce((sum, size) => sum + size, 0)

function enumerate(sizes: Float64Array, observed: number): number {
  const ways = 2 ** sizes.length
  const bound = observed - slack(sizes)
  let hits = 0
  for (let way = 0; way < ways; way++) {
    let sum = 0
    for (let index = 0; index < sizes.length; index++) {
      const size = sizes[index] as number
      sum += (way >>> index) & 1 ? size : -size
    }
    if (Math.abs(sum) >= bound) hits++
  }
  return hits / ways
}

/** The sizes as whole numbers of the smallest fraction down to 1/60 that they all are multiples of. */
function wholeNumbers(sizes: Float64Array): { readonly values: Float64Array; readonly factor: number } | undefined {
  for (let factor = 1; factor <= 60; factor++) {
    const isWhole = sizes.every((size) => Math.abs(size * factor - Math.round(size * factor)) < 1e-9)
    if (isWhole) return { values: sizes.map((size) => Math.round(size * factor)), factor }
  }
  return undefined
}

/** Probability that the sum is as far off, from the whole distribution of the sum of the positive ones. */
function fold(values: Float64Array, observed: number): number | undefined {
  const most = values.reduce((sum, value) => sum + value, 0)
  if (most * values.length > mostFolded) return undefined
  const chances = new Float64Array(most + 1)
  chances[0] = 1
  let reached = 0
  for (const value of values) {
    reached += value
    for (let sum = reached; sum >= value; sum--) {
      chances[sum] = 0.5 * ((chances[sum] as number) + (chances[sum - value] as number))
    }
    for (let sum = 0; sum < value; sum++) chances[sum] = 0.5 * (chances[sum] as number)
  }
  let p = 0
  for (let sum = 0; sum <= most; sum++) {
    if (Math.abs(2 * sum - most) >= observed - 0.5) p += chances[sum] as number
  }
  return Math.min(1, p)
}

function sample(
  sizes: Float64Array,
  observed: number,
  { draws, random }: { readonly draws: number; readonly random: () => number },
): number {
  const bound = observed - slack(sizes)
  let hits = 0
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0
    let bits = 0
    for (let index = 0; index < sizes.length; index++) {
      if ((index & 31) === 0) bits = (random() * 2 ** 32) | 0
      sum += (bits & 1) === 1 ? (sizes[index] as number) : -(sizes[index] as number)
      bits >>>= 1
    }
    if (Math.abs(sum) >= bound) hits++
  }
  return (1 + hits) / (1 + draws)
}
