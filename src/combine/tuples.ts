import type { Compiled } from './compile.ts'
import type { ParameterSets } from './engine-sets.ts'

/** Numbers for the combinations of values of sets of parameters: each set has a run of numbers, in mixed radix. */
export interface TupleIndex {
  readonly counts: Int32Array
  readonly offsets: Int32Array
  readonly sets: ParameterSets
  /** Number of tuples. */
  readonly total: number
  /** First tuple by set, and `total` at the end. */
  readonly bases: Int32Array
  /** By place in `sets.members`: what one value more adds to the number. */
  readonly strides: Int32Array
  /** By set: what to add to the sum of symbol × stride over its parameters, to get the number. */
  readonly shifts: Int32Array
  /** By parameter: the sets that hold it. */
  readonly setsOf: readonly Int32Array[]
}

/** Numbers all tuples of the sets. Their number must stay below 2^31. */
export function indexTuples({ counts, offsets }: Compiled, sets: ParameterSets): TupleIndex {
  const { count, starts, members } = sets
  const bases = new Int32Array(count + 1)
  const strides = new Int32Array(members.length)
  const shifts = new Int32Array(count)
  const held = new Int32Array(counts.length)
  for (let set = 0; set < count; set++) {
    let stride = 1
    let shift = 0
    for (let at = (starts[set + 1] as number) - 1; at >= (starts[set] as number); at--) {
      const p = members[at] as number
      strides[at] = stride
      shift += stride * (offsets[p] as number)
      stride *= counts[p] as number
      held[p] = (held[p] as number) + 1
    }
    bases[set + 1] = (bases[set] as number) + stride
    shifts[set] = (bases[set] as number) - shift
  }
  const setsOf = Array.from(held, (length) => new Int32Array(length))
  held.fill(0)
  for (let set = 0; set < count; set++)
    for (let at = starts[set] as number; at < (starts[set + 1] as number); at++) {
      const p = members[at] as number
      const list = setsOf[p] as Int32Array
      list[held[p] as number] = set
      held[p] = (held[p] as number) + 1
    }
  return { counts, offsets, sets, total: bases[count] as number, bases, strides, shifts, setsOf }
}

/** The tuple of a set that a row (symbols by parameter) holds; the cells of the set must be filled. */
export function tupleIn({ sets, strides, shifts }: TupleIndex, set: number, row: ArrayLike<number>): number {
  const { starts, members } = sets
  const end = starts[set + 1] as number
  let tuple = shifts[set] as number
  for (let at = starts[set] as number; at < end; at++)
    tuple += (row[members[at] as number] as number) * (strides[at] as number)
  return tuple
}

/** Set of a tuple, by halving. */
export function setOf({ bases, sets }: TupleIndex, tuple: number): number {
  let low = 0
  let high = sets.count
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((bases[middle] as number) <= tuple) low = middle
    else high = middle
  }
  return low
}

/** Symbols of a tuple, in the order of its parameters. */
export function symbolsOf(index: TupleIndex, tuple: number, set = setOf(index, tuple)): Int32Array {
  const { starts, members } = index.sets
  const start = starts[set] as number
  const symbols = new Int32Array((starts[set + 1] as number) - start)
  let rest = tuple - (index.bases[set] as number)
  for (let at = 0; at < symbols.length; at++) {
    const stride = index.strides[start + at] as number
    const value = Math.floor(rest / stride)
    rest -= value * stride
    symbols[at] = (index.offsets[members[start + at] as number] as number) + value
  }
  return symbols
}
