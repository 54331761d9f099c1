import type { Compiled } from './compile.ts'
import { createSolver, type Solver } from './solver.ts'

/**
 * A piece of a model that is covered on its own: the rows without a negative value, or those with one certain negative
 * value. Symbols and parameters count anew; `symbolOf` and `parameterOf` lead back.
 */
export interface Part {
  readonly compiled: Compiled
  readonly solver: Solver
  /** Symbol of the whole model by symbol of the part. */
  readonly symbolOf: Int32Array
  /** Symbol of the part by symbol of the whole model; -1 where it is left out. */
  readonly symbolIn: Int32Array
}

/** The part of a model that has only some symbols; every parameter keeps its index. */
export function restrict(whole: Compiled, kept: (symbol: number) => boolean): Part {
  const symbolOf = Int32Array.from(Array.from({ length: whole.symbols }, (_, symbol) => symbol).filter(kept))
  const symbolIn = new Int32Array(whole.symbols).fill(-1)
  symbolOf.forEach((symbol, index) => (symbolIn[symbol] = index))
  const counts = new Int32Array(whole.counts.length)
  for (const symbol of symbolOf) (counts[whole.parameterOf[symbol] as number] as number)++
  const offsets = new Int32Array(counts.length + 1)
  counts.forEach((count, p) => (offsets[p + 1] = (offsets[p] as number) + count))
  const forbidden = whole.forbidden
    .filter((clause) => clause.every((symbol) => symbolIn[symbol] !== -1))
    .map((clause) => clause.map((symbol) => symbolIn[symbol] as number))
  const compiled: Compiled = {
    counts,
    offsets,
    symbols: symbolOf.length,
    parameterOf: symbolOf.map((symbol) => whole.parameterOf[symbol] as number),
    negative: new Uint8Array(symbolOf.length),
    weights: Float64Array.from(symbolOf, (symbol) => whole.weights[symbol] as number),
    forbidden,
    clausesOf: clausesBySymbol(forbidden, symbolOf.length),
  }
  return { compiled, solver: createSolver(compiled), symbolOf, symbolIn }
}

/** Like {@link restrict}, without the symbols that no row of the part holds; `undefined` where the part has no row. */
export function liveRestriction(whole: Compiled, kept: (symbol: number) => boolean): Part | undefined {
  const part = restrict(whole, kept)
  const { symbols, offsets, forbidden } = part.compiled
  if (!part.solver.isFeasible([])) return undefined
  if (forbidden.length === 0) return part
  const isHeld = new Uint8Array(symbols)
  const prefer = (parameter: number, candidates: Int32Array, n: number): number => {
    const start = offsets[parameter] as number
    for (let at = 0; at < n; at++) if (isHeld[start + (candidates[at] as number)] === 0) return candidates[at] as number
    return candidates[0] as number
  }
  for (let symbol = 0; symbol < symbols; symbol++)
    if (isHeld[symbol] === 0)
      part.solver.complete([symbol], prefer)?.forEach((value, p) => (isHeld[(offsets[p] as number) + value] = 1))
  if (isHeld.every((held) => held === 1)) return part
  return restrict(whole, (symbol) => isHeld[part.symbolIn[symbol] as number] === 1)
}

/** The model with more forbidden combinations, each a sorted list of symbols. */
export function withForbidden(compiled: Compiled, more: readonly Int32Array[]): Compiled {
  if (more.length === 0) return compiled
  const holdsAll = (clause: Int32Array, other: Int32Array): boolean => other.every((symbol) => clause.includes(symbol))
  // A clause that holds another one adds nothing.
  const added = more.filter(
    (clause, at) =>
      !compiled.forbidden.some((other) => holdsAll(clause, other)) &&
      !more.some((other, place) => holdsAll(clause, other) && (clause.length > other.length || at > place)),
  )
  const kept = compiled.forbidden.filter((clause) => !added.some((other) => holdsAll(clause, other)))
  const forbidden = [...kept, ...added]
  return { ...compiled, forbidden, clausesOf: clausesBySymbol(forbidden, compiled.symbols) }
}

function clausesBySymbol(forbidden: readonly Int32Array[], symbols: number): Int32Array[] {
  const touching: number[][] = Array.from({ length: symbols }, () => [])
  forbidden.forEach((clause, index) => clause.forEach((symbol) => touching[symbol]?.push(index)))
  return touching.map((indices) => Int32Array.from(indices))
}
