import type { Compiled } from './compile.ts'
import { largestClique } from './coverage-clique.ts'
import { decode, poolsOf } from './coverage-sets.ts'
import { restrict } from './engine-part.ts'
import { createTupleCheck, decidePairs, type PairTable } from './feasibility.ts'
import type { SubModel } from './model.ts'
import { createSolver, type Solver } from './solver.ts'

/** What bounds are worked out from. */
interface BoundScope {
  readonly compiled: Compiled
  readonly solver: Solver
  readonly pairs: PairTable
}

/** What is to be covered. */
export interface Wanted {
  readonly subModels: readonly SubModel[]
  readonly strength: number
  /** The pairs of this model, where they are decided already. */
  readonly pairs?: PairTable | undefined
}

/**
 * A number of rows that no covering array of this model can do with fewer of. The combinations of one set of parameters
 * stand in different rows, so the largest set counts. At strength 2 its pairs are exchanged for more pairs of which no
 * two fit into one row either; sizes that were proven in general for many parameters go in as well. Rows without a
 * negative value and rows with each of them are different rows, so their bounds add up.
 */
export function lowerBound(compiled: Compiled, wanted: Wanted): number {
  const { negative, parameterOf } = compiled
  const { subModels, strength } = wanted
  const negatives = [...negative.keys()].filter((symbol) => negative[symbol] === 1)
  if (negatives.length === 0) return Math.max(1, partBound(compiled, wanted))
  const plain = partBound(restrict(compiled, (symbol) => negative[symbol] === 0).compiled, { subModels, strength })
  const each = negatives.map((own) => {
    const isKept = (symbol: number): boolean =>
      symbol === own || (negative[symbol] === 0 && parameterOf[symbol] !== parameterOf[own])
    return partBound(restrict(compiled, isKept).compiled, { subModels: [], strength: strength - 1 })
  })
  return Math.max(
    1,
    each.reduce((sum, bound) => sum + bound, plain),
  )
}

/** The bound of a model without negative values; 0 where it has no row at all. */
function partBound(compiled: Compiled, { subModels, strength, pairs }: Wanted): number {
  const solver = createSolver(compiled)
  if (!solver.isFeasible([])) return 0
  const { counts } = compiled
  const scope: BoundScope = { compiled, solver, pairs: pairs ?? decidePairs(compiled, solver) }
  const pools = poolsOf(counts.length, subModels, strength).filter((pool) => pool.strength > 0)
  const bySets = pools.map((pool) => setBound(scope, pool.parameters, pool.strength))
  const whole = pools[0]?.strength ?? 0
  return Math.max(1, ...bySets, whole === 2 ? pairBound(scope) : uniformBound(freeCounts(scope), whole))
}

/** Parameters that are looked at, those with most values first, and combinations that are tried one by one. */
const widest = 10
const mostTried = 100_000

/** The most feasible combinations of one set among the parameters with most values. */
function setBound(scope: BoundScope, parameters: readonly number[], strength: number): number {
  const { compiled, solver, pairs } = scope
  const { counts, offsets } = compiled
  const isFeasible = createTupleCheck(compiled, solver, pairs)
  const chosen = [...parameters]
    .sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0))
    .slice(0, Math.max(widest, strength))
  const free = new Set(freeParameters(scope))
  const sets = setsOf(chosen, strength)
    .map((set) => ({ set, size: set.reduce((product, parameter) => product * (counts[parameter] ?? 1), 1) }))
    .sort((a, b) => b.size - a.size)
  let best = 0
  let tried = 0
  for (const { set, size } of sets) {
    if (size <= best) break
    if (set.every((parameter) => free.has(parameter))) best = Math.max(best, size)
    else if (tried + size <= mostTried) {
      tried += size
      const codes = Array.from({ length: size }, (_, code) => code)
      const isHeld = (code: number): boolean =>
        isFeasible(decode(code, set, counts).map((value, at) => (offsets[set[at] ?? 0] ?? 0) + value))
      best = Math.max(best, codes.filter(isHeld).length)
    }
  }
  return best
}

function setsOf(parameters: readonly number[], size: number): number[][] {
  if (size === 0) return [[]]
  return parameters.flatMap((first, index) =>
    setsOf(parameters.slice(index + 1), size - 1).map((rest) => [first, ...rest]),
  )
}

/** Parameters that no constraint and no negative value touches. */
function freeParameters({ compiled }: BoundScope): number[] {
  const { counts, offsets, clausesOf, negative } = compiled
  return [...counts.keys()].filter((parameter) => {
    const symbols = clausesOf
      .keys()
      .drop(offsets[parameter] ?? 0)
      .take(counts[parameter] ?? 0)
    return symbols.every((symbol) => clausesOf[symbol]?.length === 0 && negative[symbol] === 0)
  })
}

function freeCounts(scope: BoundScope): number[] {
  return freeParameters(scope).map((parameter) => scope.compiled.counts[parameter] ?? 1)
}

/**
 * Fixing one value of the largest parameter leaves rows that cover the others to one strength less, for each value
 * others: N(t) is at least v times N(t - 1).
 */
function uniformBound(counts: readonly number[], strength: number): number {
  const sorted = [...counts].sort((a, b) => b - a)
  if (strength <= 2 || sorted.length <= strength) return strength === 2 ? freePairBound(sorted) : 1
  return (sorted[0] ?? 1) * uniformBound(sorted.slice(1), strength - 1)
}

/**
 * Lower bounds for parameters whose pairs are all feasible. Two values: N rows serve at most C(N - 1, ⌈N / 2⌉) parameters
 * (Katona 1973; Kleitman and Spencer 1973); parameters with more values do not make that easier. v values: v² rows hold
 * every pair once and are an orthogonal array, which has at most v + 1 columns.
 */
function freePairBound(counts: readonly number[]): number {
  const most = (least: number): number => counts.filter((count) => count >= least).length
  if (most(2) < 2) return 1
  let rows = 4
  while (most(2) > choose(rows - 1, Math.ceil(rows / 2))) rows++
  const squares = counts.filter((count) => most(count) > count + 1).map((count) => count * count + 1)
  return Math.max(rows, ...squares)
}

function choose(n: number, k: number): number {
  let result = 1
  for (let i = 1; i <= k; i++) result = (result * (n - k + i)) / i
  return Math.round(result)
}

function pairBound(scope: BoundScope): number {
  const { compiled, pairs } = scope
  const { counts } = compiled
  const independent = pairwiseFree(scope).map((parameter) => counts[parameter] ?? 1)
  const general = freePairBound(independent)
  if (pairs.infeasible === 0 || counts.length < 2) return general
  return Math.max(general, largestClique(compiled, pairs))
}

/** Parameters of which every two have only feasible pairs, those that clash least taken first. */
function pairwiseFree({ compiled, pairs }: BoundScope): number[] {
  const { counts, offsets, symbols } = compiled
  const clashes = (p: number, q: number): boolean => {
    for (let a = offsets[p] as number; a < (offsets[p + 1] as number); a++)
      for (let b = offsets[q] as number; b < (offsets[q + 1] as number); b++)
        if (pairs.feasible[a * symbols + b] === 0) return true
    return false
  }
  const all = [...counts.keys()]
  const degree = all.map((p) => all.filter((q) => q !== p && clashes(p, q)).length)
  const chosen: number[] = []
  for (const p of all.sort((a, b) => (degree[a] ?? 0) - (degree[b] ?? 0)))
    if (chosen.every((q) => !clashes(p, q))) chosen.push(p)
  return chosen
}
