import type { Compiled } from './compile.ts'

/** The clauses of a model, laid out for propagation. */
export interface ClauseIndex {
  /** Clauses of one symbol: these symbols stand in no row. A clause of none makes everything impossible. */
  readonly units: readonly number[]
  readonly impossible: boolean
  /** Partners that a symbol cannot stand with: `pairTargets[pairStarts[s] … pairStarts[s + 1]]`. */
  readonly pairStarts: Int32Array
  readonly pairTargets: Int32Array
  /** Longer clauses by symbol: numbers `wideOf[wideStarts[s] … wideStarts[s + 1]]`. */
  readonly wideStarts: Int32Array
  readonly wideOf: Int32Array
  /** Symbols of longer clauses: `literals[literalStarts[c] … literalStarts[c + 1]]`. */
  readonly literalStarts: Int32Array
  readonly literals: Int32Array
  /** All negative symbols. */
  readonly negatives: Int32Array
  /** Parameters that clauses join, in groups that no clause joins with each other. */
  readonly components: readonly Int32Array[]
}

/** Lays out the clauses of a model. */
export function indexClauses(compiled: Compiled): ClauseIndex {
  const { forbidden, symbols, negative } = compiled
  const pairs: number[][] = Array.from({ length: symbols }, () => [])
  const wide: number[][] = Array.from({ length: symbols }, () => [])
  const long = forbidden.filter((clause) => clause.length > 2)
  long.forEach((clause, index) => clause.forEach((symbol) => wide[symbol]?.push(index)))
  for (const [a, b] of forbidden.filter((clause) => clause.length === 2)) {
    if (a === undefined || b === undefined) continue
    pairs[a]?.push(b)
    pairs[b]?.push(a)
  }
  const [pairStarts, pairTargets] = flat(pairs)
  const [wideStarts, wideOf] = flat(wide)
  const [literalStarts, literals] = flat(long)
  return {
    units: forbidden.flatMap((clause) => (clause.length === 1 ? [...clause] : [])),
    impossible: forbidden.some((clause) => clause.length === 0),
    pairStarts,
    pairTargets,
    wideStarts,
    wideOf,
    literalStarts,
    literals,
    negatives: Int32Array.from(negative.keys().filter((symbol) => negative[symbol] === 1)),
    components: componentsOf(compiled),
  }
}

function flat(lists: readonly ArrayLike<number>[]): [Int32Array, Int32Array] {
  const starts = new Int32Array(lists.length + 1)
  lists.forEach((list, index) => (starts[index + 1] = (starts[index] ?? 0) + list.length))
  const items = new Int32Array(starts[lists.length] ?? 0)
  lists.forEach((list, index) => items.set(list, starts[index] ?? 0))
  return [starts, items]
}

/** Groups of at least two parameters; a parameter that only single symbols are forbidden of stands in none. */
function componentsOf({ counts, forbidden, parameterOf }: Compiled): Int32Array[] {
  const parents = Int32Array.from(counts.keys())
  const rootOf = (start: number): number => {
    let at = start
    while ((parents[at] ?? at) !== at) {
      parents[at] = parents[parents[at] ?? at] ?? at
      at = parents[at] ?? at
    }
    return at
  }
  for (const clause of forbidden) {
    const first = rootOf(parameterOf[clause[0] ?? 0] ?? 0)
    for (const symbol of clause) parents[rootOf(parameterOf[symbol] ?? 0)] = first
  }
  const groups = Map.groupBy(counts.keys(), rootOf)
  return [...groups.values()].filter((group) => group.length > 1).map((group) => Int32Array.from(group))
}
