import type { Part } from './engine-part.ts'
import { settle, subsets, type ParameterSets } from './engine-sets.ts'
import type { PartWanted } from './engine-need.ts'
import type { Stream } from './engine-stream.ts'
import { weightedChoice } from './engine-weights.ts'
import type { PairTable } from './feasibility.ts'
import { growDown, type Growth } from './ipo-vertical.ts'
import { growAcross } from './ipo-horizontal.ts'
import { indexTuples } from './tuples.ts'
import { decideTuples } from './tuples-feasible.ts'

/** What the growth of an array needs. */
export interface IpoOptions {
  readonly wanted: PartWanted
  readonly stream: Stream
  readonly pairs: PairTable
  /** Rows that the array begins with; -1 for a cell to fill. Each can be completed. */
  readonly fixed: readonly Int32Array[]
}

/** Rows, symbols by parameter, and the number of tuples that they were made for. */
export interface Grown {
  readonly rows: readonly Int32Array[]
  readonly tuples: number
}

/**
 * In-parameter-order growth (IPOG-F of Forbes, Lawrence, Lei, Kacker and Kuhn 2008): parameters come in one after the
 * other, those with most values first. Each is written into the rows that are there, the best of all rows and values
 * first; what is then still open goes into free cells or new rows. Only the tuples of one parameter are kept at a time.
 */
export function* growRows(part: Part, options: IpoOptions): Generator<undefined, Grown> {
  const { counts } = part.compiled
  const { wanted, stream, pairs, fixed } = options
  const rows = fixed.map((row) => row.slice())
  const order = Array.from(counts.keys()).sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b)
  let tuples = 0
  for (const [place, parameter] of order.entries()) {
    const sets = setsWith(parameter, order.slice(0, place), { parameters: counts.length, wanted })
    if (sets.count === 0) continue
    const index = indexTuples(part.compiled, sets)
    const open = decideTuples(part, index, pairs)
    for (const isOpen of open) tuples += isOpen
    const growth: Growth = { part, index, open, rows, parameter, stream }
    yield* growAcross(growth)
    yield* growDown(growth)
  }
  if (rows.length === 0) rows.push(new Int32Array(counts.length).fill(-1))
  // One fixed value at strength 1: the value itself is all there is to cover.
  if (wanted.fixed !== undefined && settle(counts.length, wanted).strength === 1) tuples++
  return { rows: rows.map((row) => filled(row, part, stream)), tuples }
}

interface SetScope {
  readonly parameters: number
  readonly wanted: PartWanted
}

/** The sets to cover that hold a parameter and, besides it, only earlier ones. */
function setsWith(parameter: number, earlier: readonly number[], { parameters, wanted }: SetScope): ParameterSets {
  const { strength, subModels } = settle(parameters, wanted)
  const all = Array.from({ length: parameters }, (_, p) => p)
  const { fixed } = wanted
  const members: number[] = []
  const starts = [0]
  const seen = new Set<string>()
  for (const pool of [{ parameters: all, strength }, ...subModels]) {
    const isWithin = pool.parameters.includes(parameter) && (fixed === undefined || pool.parameters.includes(fixed))
    if (!isWithin || parameter === fixed) continue
    const from = earlier.filter((p) => p !== fixed && pool.parameters.includes(p)).sort((a, b) => a - b)
    for (const rest of subsets(from, pool.strength - (fixed === undefined ? 1 : 2))) {
      const set = [...rest, parameter].sort((a, b) => a - b)
      if (subModels.length > 0 && seen.size === seen.add(set.join()).size) continue
      members.push(...set)
      starts.push(members.length)
    }
  }
  return { count: starts.length - 1, starts: Int32Array.from(starts), members: Int32Array.from(members) }
}

/** Gives open cells values, heavier ones more often. */
function filled(row: Int32Array, { compiled, solver }: Part, stream: Stream): Int32Array {
  if (!row.includes(-1)) return row
  const { offsets } = compiled
  const found = solver.complete(
    row.filter((symbol) => symbol !== -1),
    weightedChoice(compiled, stream),
  )
  return found === undefined ? row : found.map((value, p) => (offsets[p] as number) + value)
}
