import type { Compiled } from './compile.ts'
import type { Counted, OutcomeTable, RowOutcome } from './localise-counts.ts'
import type { Solver } from './solver.ts'

/** A row that decides about one suspect: when it fails, the suspect stands; when it passes, the suspect is cleared. */
export interface Proposal {
  /** Value index by parameter. */
  readonly row: Int32Array
  /** Index of the suspect it decides about. */
  readonly suspect: number
  /** Indices of other suspects that it could not do without. */
  readonly alsoHolds: readonly number[]
}

/** What rows are proposed from. */
export interface ProposeScope {
  readonly compiled: Compiled
  readonly solver: Solver
  readonly table: OutcomeTable
  readonly outcomes: readonly RowOutcome[]
  /** Rows that are proposed, at most. */
  readonly most: number
}

/**
 * Rows that hold one suspect each and otherwise, as far as the constraints allow, only values that were seen to pass and
 * complete no other suspect. Rows that were run already are left out.
 */
export function proposeRows(suspects: readonly Counted[], scope: ProposeScope): readonly Proposal[] {
  const known = new Set(scope.outcomes.map(({ row }) => Array.from(row).join()))
  const proposals: Proposal[] = []
  for (const [index, suspect] of suspects.entries()) {
    if (proposals.length >= scope.most) break
    const row = buildRow(suspect, suspects, scope)
    const key = row?.join() ?? ''
    if (row === undefined || known.has(key)) continue
    known.add(key)
    proposals.push({
      row,
      suspect: index,
      alsoHolds: heldBy(row, suspects, scope.compiled).filter((each) => each !== index),
    })
  }
  return proposals
}

function buildRow(suspect: Counted, suspects: readonly Counted[], scope: ProposeScope): Int32Array | undefined {
  const { compiled, solver, table } = scope
  const { counts, offsets } = compiled
  const others = suspects.filter((other) => other !== suspect)
  const chosen = new Set(suspect.symbols)
  // A value that completes another suspect is the worst; one that brings it nearer is worse than none.
  const danger = (symbol: number): number =>
    others
      .filter(({ symbols }) => symbols.includes(symbol))
      .reduce(
        (sum, { symbols }) => sum + 1000 ** -symbols.filter((each) => each !== symbol && !chosen.has(each)).length,
        0,
      )
  const passes = (symbol: number): number => table.count([symbol]).passed
  const fill = (parameter: number): void => {
    const symbols = Array.from({ length: counts[parameter] ?? 0 }, (_, value) => (offsets[parameter] ?? 0) + value)
    const candidates = symbols
      .filter((symbol) => solver.alive[symbol] === 1)
      .map((symbol) => ({ symbol, danger: danger(symbol), passes: passes(symbol) }))
      .sort((a, b) => a.danger - b.danger || b.passes - a.passes || a.symbol - b.symbol)
    const taken = candidates.find(({ symbol }) => take(solver, symbol))
    if (taken !== undefined) chosen.add(taken.symbol)
  }
  solver.reset()
  const isPossible = suspect.symbols.every((symbol) => solver.assign(symbol)) && solver.completable()
  if (isPossible) for (const parameter of counts.keys()) fill(parameter)
  const row = isPossible ? solver.finish() : undefined
  solver.reset()
  return row
}

/** Puts a symbol in if the row can still be completed then. */
function take(solver: Solver, symbol: number): boolean {
  const mark = solver.mark()
  if (solver.assign(symbol) && solver.completable()) return true
  solver.undo(mark)
  return false
}

function heldBy(row: Int32Array, suspects: readonly Counted[], { offsets }: Compiled): number[] {
  const symbols = new Set(row.map((value, parameter) => (offsets[parameter] ?? 0) + value))
  return [...suspects.keys()].filter(
    (index) => suspects[index]?.symbols.every((symbol) => symbols.has(symbol)) === true,
  )
}
