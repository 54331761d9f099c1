import type { Part } from './engine-part.ts'
import { countTuples, parameterSets, settle, type Wanted } from './engine-sets.ts'
import { decidePairs, type PairTable } from './feasibility.ts'
import type { OpenTuples } from './greedy-open.ts'
import { OpenPairs } from './greedy-pairs.ts'
import { OpenTriples } from './greedy-triples.ts'
import { OpenIndexed } from './greedy-tuples.ts'
import type { SearchArray } from './search-array.ts'
import { PairArray } from './search-pairs.ts'
import { TupleArray, type NeededTuples } from './search-tuples.ts'
import { indexTuples } from './tuples.ts'
import { decideTuples } from './tuples-feasible.ts'

/** What a part has to cover, in the form that suits its size. */
export interface Need {
  /** Whether it is all pairs of all parameters. */
  readonly arePairs: boolean
  /** Feasible tuples. */
  readonly tuples: number
  /** Pairs of the part, where they were decided. */
  readonly pairs: PairTable
  /** Begins a greedy construction. */
  open(): OpenTuples
  /** An empty array to search on; absent where it would be too large. */
  readonly createArray: ((capacity: number) => SearchArray) | undefined
}

/** What is covered of a part: everything, or only what holds one fixed parameter. */
export interface PartWanted extends Wanted {
  readonly fixed?: number | undefined
}

/** Most symbols for which a search keeps every pair, most tuples of other strengths. */
const mostSearchSymbols = 6_000
const mostSearchTuples = 20_000_000
/** Most tuples that are kept one by one, and most bits of open triples. */
const mostTuples = 40_000_000
const mostTripleBits = 4_000_000_000
/** Most symbols for which pairs are kept. */
const mostSymbols = 20_000

/** Works out what a part needs; `undefined` where there are too many tuples to keep each of them. */
export function needOf(part: Part, wanted: PartWanted): Need | undefined {
  const { counts, symbols } = part.compiled
  const { strength, subModels } = settle(counts.length, wanted)
  if (symbols > mostSymbols) return undefined
  const isPlain = subModels.length === 0
  const size = strength - (wanted.fixed === undefined ? 0 : 1)
  if (isPlain && size === 2) return pairNeed(part, wanted.fixed)
  const total = countTuples(counts, wanted)
  const areTriples = isPlain && wanted.fixed === undefined && size === 3 && total > mostSmallTuples
  if (areTriples && symbols * symbols * Math.ceil(symbols / 32) * 32 <= mostTripleBits) return tripleNeed(part, wanted)
  return total > mostTuples ? undefined : indexedNeed(part, wanted)
}

/** Below this, keeping every tuple is as quick, and the search needs it anyway. */
const mostSmallTuples = 20_000

/** Every pair of values, decided; without clauses they are all feasible. */
export function pairsOf({ compiled, solver }: Part): PairTable {
  if (compiled.forbidden.length > 0) return decidePairs(compiled, solver)
  const { symbols, offsets, parameterOf } = compiled
  const feasible = new Uint8Array(symbols * symbols).fill(1)
  let total = 0
  for (let a = 0; a < symbols; a++) {
    const first = offsets[parameterOf[a] as number] as number
    const end = offsets[(parameterOf[a] as number) + 1] as number
    for (let b = first; b < end; b++) if (b !== a) feasible[a * symbols + b] = 0
    total += symbols - end
  }
  return { feasible, infeasible: 0, total }
}

function pairNeed(part: Part, fixed: number | undefined): Need {
  const { compiled } = part
  const { symbols, parameterOf } = compiled
  const pairs = pairsOf(part)
  const needed = pairs.feasible.slice()
  let tuples = 0
  for (let a = 0; a < symbols; a++)
    for (let b = 0; b < symbols; b++) {
      const isTwin = b <= a || parameterOf[a] === fixed || parameterOf[b] === fixed
      if (isTwin) needed[a * symbols + b] = 0
      else tuples += needed[a * symbols + b] as number
    }
  return {
    arePairs: fixed === undefined,
    tuples,
    pairs,
    open: () => new OpenPairs(compiled, needed),
    createArray: symbols > mostSearchSymbols ? undefined : (capacity) => new PairArray(compiled, needed, capacity),
  }
}

function tripleNeed(part: Part, wanted: PartWanted): Need {
  const pairs = pairsOf(part)
  const first = new OpenTriples(part, pairs)
  const total = countTuples(part.compiled.counts, wanted)
  const index = lazily(() => decided(part, wanted, pairs))
  let isUsed = false
  return {
    arePairs: false,
    tuples: first.left,
    pairs,
    open: () => {
      const open = isUsed ? new OpenTriples(part, pairs) : first
      isUsed = true
      return open
    },
    createArray: total > mostSearchTuples ? undefined : (capacity) => new TupleArray(part.compiled, index(), capacity),
  }
}

function indexedNeed(part: Part, wanted: PartWanted): Need {
  const pairs = pairsOf(part)
  const decidedTuples = decided(part, wanted, pairs)
  let tuples = 0
  for (const isNeeded of decidedTuples.needed) tuples += isNeeded
  return {
    arePairs: false,
    tuples,
    pairs,
    open: () => new OpenIndexed(part.compiled.symbols, decidedTuples),
    createArray:
      decidedTuples.index.total > mostSearchTuples
        ? undefined
        : (capacity) => new TupleArray(part.compiled, decidedTuples, capacity),
  }
}

function decided(part: Part, wanted: PartWanted, pairs: PairTable): NeededTuples {
  const index = indexTuples(part.compiled, parameterSets(part.compiled.counts.length, wanted, wanted.fixed))
  return { index, needed: decideTuples(part, index, pairs) }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}
