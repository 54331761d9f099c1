import type { SubModel } from './model.ts'

/** What has to be covered: all parameters to a strength, and some of them to a higher one. */
export interface Wanted {
  readonly strength: number
  readonly subModels: readonly SubModel[]
}

/** Sets of parameters, each ascending, one after the other. */
export interface ParameterSets {
  readonly count: number
  /** Where each set begins in `members`; one more than sets. */
  readonly starts: Int32Array
  readonly members: Int32Array
}

/** The strength as it can be had with so many parameters, and the sub-models that ask for more than it. */
export function settle(parameters: number, { strength, subModels }: Wanted): Wanted {
  const whole = Math.min(strength, parameters)
  return {
    strength: whole,
    subModels: subModels
      .map((sub) => ({ parameters: sub.parameters, strength: Math.min(sub.strength, sub.parameters.length) }))
      .filter((sub) => sub.strength > whole),
  }
}

/**
 * Every set of parameters whose combinations have to be covered, each once. With a fixed parameter: only the sets that
 * hold it, without it.
 */
export function parameterSets(parameters: number, wanted: Wanted, fixed?: number): ParameterSets {
  const { strength, subModels } = settle(parameters, wanted)
  const all = Array.from({ length: parameters }, (_, p) => p)
  const pools = [{ parameters: all, strength }, ...subModels]
  const sizes: number[] = []
  const members: number[] = []
  const seen = new Set<string>()
  for (const [index, pool] of pools.entries()) {
    if (fixed !== undefined && !pool.parameters.includes(fixed)) continue
    const from = pool.parameters.filter((p) => p !== fixed)
    for (const set of subsets(from, pool.strength - (fixed === undefined ? 0 : 1))) {
      // Sets of the whole differ from each other and, in size, from those of sub-models.
      if (index > 0 && seen.size === seen.add(set.join()).size) continue
      sizes.push(set.length)
      for (const p of set) members.push(p)
    }
  }
  const starts = new Int32Array(sizes.length + 1)
  sizes.forEach((size, index) => (starts[index + 1] = (starts[index] as number) + size))
  return { count: sizes.length, starts, members: Int32Array.from(members) }
}

/** All subsets of a size, in lexical order; the array that is given is the same one each time. */
export function* subsets(from: readonly number[], size: number): Generator<readonly number[]> {
  if (size < 0 || size > from.length) return
  const places = Array.from({ length: size }, (_, index) => index)
  const chosen = places.map((place) => from[place] as number)
  while (true) {
    yield chosen
    let at = size - 1
    while (at >= 0 && places[at] === from.length - size + at) at--
    if (at < 0) return
    let place = (places[at] as number) + 1
    for (; at < size; at++, place++) {
      places[at] = place
      chosen[at] = from[place] as number
    }
  }
}

/** Number of combinations of values over all sets of the whole and of the sub-models, feasible or not. */
export function countTuples(counts: ArrayLike<number>, wanted: Wanted): number {
  const { strength, subModels } = settle(counts.length, wanted)
  // Elementary symmetric polynomials: sums[s] is the sum over all sets of s parameters of the products of their counts.
  const sums = new Float64Array(strength + 1)
  sums[0] = 1
  for (let p = 0; p < counts.length; p++)
    for (let size = strength; size > 0; size--)
      sums[size] = (sums[size] as number) + (sums[size - 1] as number) * (counts[p] as number)
  let total = sums[strength] as number
  const seen = new Set<string>()
  for (const sub of subModels)
    for (const set of subsets(sub.parameters, sub.strength))
      if (seen.size !== seen.add(set.join()).size)
        total += set.reduce((product, p) => product * (counts[p] as number), 1)
  return total
}
