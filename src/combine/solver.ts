import type { Compiled } from './compile.ts'
import { indexClauses } from './solver-index.ts'
import type { ClauseIndex } from './solver-index.ts'
import { Trail } from './solver-trail.ts'

/** Chooses the next value of a parameter among its first `n` candidates (value indices); gives one of them. */
export type Prefer = (parameter: number, candidates: Int32Array, n: number) => number

/** Answers exactly what fits into a valid row. */
export interface Solver {
  /** A full valid row (value index by parameter) that holds these symbols, or `undefined` where there is none. */
  complete(fixed: ArrayLike<number>, prefer?: Prefer): Int32Array | undefined
  /** Whether some full valid row holds these symbols. */
  isFeasible(symbols: ArrayLike<number>): boolean
  /** Whether a full row (value index by parameter) violates nothing. */
  valid(row: ArrayLike<number>): boolean
  /** Empties the incremental row. The calls above leave that row alone. */
  reset(): void
  /** Position in the history of the incremental row, for `undo`. */
  mark(): number
  /** Takes back everything since the mark. */
  undo(mark: number): void
  /** Puts a symbol into the incremental row and propagates; `false`, with nothing changed, where that clashes at once. */
  assign(symbol: number): boolean
  /** 1 by symbol while propagation leaves it possible in the incremental row; not to be written. */
  readonly alive: Uint8Array
  /** Number of values still possible by parameter; not to be written. */
  readonly left: Int32Array
  /** Whether the incremental row can be completed; changes nothing. */
  completable(): boolean
  /** Completes the incremental row; changes nothing. Rows without a negative value go first. */
  finish(prefer?: Prefer): Int32Array | undefined
}

/**
 * A solver for one model: unit propagation and depth-first search, group by group of the parameters that clauses join,
 * with growing restarts that keep what they learned about where rows fail. Exact; the same calls give the same answers.
 */
export function createSolver(compiled: Compiled): Solver {
  const index = indexClauses(compiled)
  const row = new Trail(compiled, index)
  const scratch = new Trail(compiled, index)
  const emptyMark = row.mark()
  const finishRow = createFinish(compiled, index)
  const complete = (fixed: ArrayLike<number>, prefer?: Prefer): Int32Array | undefined => {
    if (scratch.impossible) return undefined
    const mark = scratch.mark()
    let found: Int32Array | undefined
    if (Array.from(fixed).every((symbol) => scratch.assign(symbol))) found = finishRow(scratch, prefer)
    scratch.undo(mark)
    return found
  }
  return {
    complete,
    isFeasible: (symbols) => complete(symbols) !== undefined,
    valid: (values) => isValid(values, compiled),
    reset: () => row.undo(emptyMark),
    mark: () => row.mark(),
    undo: (mark) => row.undo(mark),
    assign: (symbol) => !row.impossible && row.assign(symbol),
    alive: row.alive,
    left: row.left,
    completable: () => finishRow(row) !== undefined,
    finish: (prefer) => finishRow(row, prefer),
  }
}

/** Whether a full row holds no forbidden combination and at most one negative value. */
function isValid(
  values: ArrayLike<number>,
  { counts, offsets, forbidden, clausesOf, negative, parameterOf }: Compiled,
): boolean {
  if (values.length !== counts.length || forbidden[0]?.length === 0) return false
  const holds = (symbol: number): boolean => {
    const parameter = parameterOf[symbol] as number
    return (offsets[parameter] as number) + (values[parameter] as number) === symbol
  }
  let negatives = 0
  for (let parameter = 0; parameter < counts.length; parameter++) {
    const value = values[parameter] as number
    if (!(value >= 0 && value < (counts[parameter] as number))) return false
    const symbol = (offsets[parameter] as number) + value
    if (negative[symbol] === 1 && ++negatives > 1) return false
    const clauses = clausesOf[symbol] ?? []
    for (let at = 0; at < clauses.length; at++) {
      const clause = forbidden[clauses[at] as number]
      if (clause?.[0] === symbol && clause.every(holds)) return false
    }
  }
  return true
}

type Finish = (trail: Trail, prefer?: Prefer) => Int32Array | undefined

function createFinish(compiled: Compiled, index: ClauseIndex): Finish {
  const { counts, offsets } = compiled
  const { negatives } = index
  const candidates = new Int32Array(Math.max(0, ...counts))
  const choose = (trail: Trail, parameter: number, prefer: Prefer | undefined): number => {
    const start = offsets[parameter] as number
    let n = 0
    for (let value = 0; value < (counts[parameter] as number); value++)
      if (trail.alive[start + value] === 1) candidates[n++] = value
    const value = n === 1 || prefer === undefined ? (candidates[0] as number) : prefer(parameter, candidates, n)
    return start + value
  }
  const solveGroups = (trail: Trail, prefer: Prefer | undefined): boolean =>
    index.components.every((group) => solveGroup(trail, group, (parameter) => choose(trail, parameter, prefer)))
  // Without a negative value in doubt, the groups have nothing to do with each other.
  const solve = (trail: Trail, prefer: Prefer | undefined): boolean => {
    const open = negatives.filter((symbol) => trail.alive[symbol] === 1)
    if (open.length === 0) return solveGroups(trail, prefer)
    const mark = trail.mark()
    if (trail.exclude(open) && solveGroups(trail, prefer)) return true
    trail.undo(mark)
    return open.some((symbol) => {
      if (trail.assign(symbol) && solveGroups(trail, prefer)) return true
      trail.undo(mark)
      return false
    })
  }
  return (trail, prefer) => {
    if (trail.impossible) return undefined
    const mark = trail.mark()
    const found = solve(trail, prefer)
      ? counts.map((_, parameter) => choose(trail, parameter, prefer) - (offsets[parameter] as number))
      : undefined
    trail.undo(mark)
    return found
  }
}

/** Dead ends before the first restart; each further one waits twice as long, so that every search ends. */
const firstBudget = 64

/** Gives each parameter of a group one value; `false`, with nothing changed, where that cannot be. */
function solveGroup(trail: Trail, group: Int32Array, choose: (parameter: number) => number): boolean {
  const start = trail.mark()
  for (let budget = firstBudget; ; budget *= 2) {
    const result = descend(trail, { group, choose, budget })
    if (result !== 'restart') return result
    trail.undo(start)
  }
}

interface Descent {
  readonly group: Int32Array
  readonly choose: (parameter: number) => number
  readonly budget: number
}

function descend(trail: Trail, { group, choose, budget }: Descent): boolean | 'restart' {
  const start = trail.mark()
  const decisions: { readonly symbol: number; readonly mark: number }[] = []
  let deadEnds = 0
  for (let parameter = mostUrgent(trail, group); parameter !== -1; parameter = mostUrgent(trail, group)) {
    let refuted = choose(parameter)
    const mark = trail.mark()
    if (trail.assign(refuted)) {
      decisions.push({ symbol: refuted, mark })
      continue
    }
    while (!trail.exclude([refuted])) {
      const last = decisions.pop()
      if (last === undefined) {
        trail.undo(start)
        return false
      }
      trail.undo(last.mark)
      refuted = last.symbol
      deadEnds++
    }
    if (deadEnds > budget) return 'restart'
  }
  return true
}

/** The undecided parameter with fewest values left, those that failed often first; -1 where all are decided. */
function mostUrgent({ left, blame }: Trail, group: Int32Array): number {
  let best = -1
  let bestScore = Number.POSITIVE_INFINITY
  for (let at = 0; at < group.length; at++) {
    const parameter = group[at] as number
    const values = left[parameter] as number
    if (values === 1) continue
    const score = values / (1 + (blame[parameter] as number))
    if (score >= bestScore) continue
    best = parameter
    bestScore = score
  }
  return best
}
