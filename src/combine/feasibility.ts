import type { Compiled } from './compile.ts'
import type { Solver } from './solver.ts'

/** Which pairs of symbols some valid row holds. */
export interface PairTable {
  /** 1 at `a * symbols + b` and `b * symbols + a` where a row holds both; a symbol with itself says whether a row holds it. */
  readonly feasible: Uint8Array
  /** Number of pairs of two parameters that no row holds. */
  readonly infeasible: number
  /** Number of pairs that some row holds. */
  readonly total: number
}

/**
 * Decides every pair. One row proves every pair inside it, so the solver is asked only for pairs that no row so far
 * holds, and each row is steered towards values with many such pairs.
 */
export function decidePairs(compiled: Compiled, solver: Solver): PairTable {
  const { symbols, parameterOf, offsets } = compiled
  const feasible = new Uint8Array(symbols * symbols)
  const open = openPartners(compiled)
  const prefer = (parameter: number, candidates: Int32Array, n: number): number => {
    let best = candidates[0] as number
    for (let at = 1; at < n; at++) {
      const value = candidates[at] as number
      const start = offsets[parameter] as number
      if ((open[start + value] as number) > (open[start + best] as number)) best = value
    }
    return best
  }
  let infeasible = 0
  let total = 0
  for (let a = 0; a < symbols; a++) {
    for (let b = offsets[(parameterOf[a] as number) + 1] as number; b < symbols; b++) {
      if (feasible[a * symbols + b] === 0) prove(solver.complete([a, b], prefer), { compiled, feasible, open })
      if (feasible[a * symbols + b] === 1) total++
      else infeasible++
    }
  }
  // A model of one parameter has no pairs to prove its symbols.
  for (let a = 0; a < symbols; a++) if (solver.isFeasible([a])) feasible[a * symbols + a] = 1
  return { feasible, infeasible, total }
}

/** Number of symbols of other parameters, by symbol. */
function openPartners({ counts, parameterOf, symbols }: Compiled): Int32Array {
  return Int32Array.from(parameterOf, (parameter) => symbols - (counts[parameter] as number))
}

interface Proof {
  readonly compiled: Compiled
  readonly feasible: Uint8Array
  readonly open: Int32Array
}

function prove(row: Int32Array | undefined, { compiled: { offsets, symbols }, feasible, open }: Proof): void {
  if (row === undefined) return
  for (let p = 0; p < row.length; p++) {
    const a = (offsets[p] as number) + (row[p] as number)
    for (let q = p + 1; q < row.length; q++) {
      const b = (offsets[q] as number) + (row[q] as number)
      if (feasible[a * symbols + b] === 1) continue
      feasible[a * symbols + b] = 1
      feasible[b * symbols + a] = 1
      ;(open[a] as number)--
      ;(open[b] as number)--
    }
  }
}

/** Decides tuples one by one, asking the solver only where the pairs inside do not refuse them; remembers nothing. */
export function createTupleCheck(
  compiled: Compiled,
  solver: Solver,
  pairs: PairTable,
): (symbols: ArrayLike<number>) => boolean {
  const { feasible } = pairs
  return (tuple) => {
    for (let i = 0; i < tuple.length; i++)
      for (let j = i; j < tuple.length; j++)
        if (feasible[(tuple[i] as number) * compiled.symbols + (tuple[j] as number)] === 0) return false
    return tuple.length <= 2 || solver.isFeasible(tuple)
  }
}
