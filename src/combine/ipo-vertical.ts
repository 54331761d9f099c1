import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import { setOf, symbolsOf, type TupleIndex } from './tuples.ts'

/** One parameter on its way into an array. */
export interface Growth {
  readonly part: Part
  /** The tuples of the sets that the parameter completes. */
  readonly index: TupleIndex
  /** 1 by tuple while no row holds it. */
  readonly open: Uint8Array
  /** Symbols by parameter, -1 for open cells; rows are added at the end. */
  readonly rows: Int32Array[]
  readonly parameter: number
  readonly stream: Stream
}

/** Tuples between two pauses. */
const tuplesPerPause = 2_000

/** Puts every open tuple into a row that has room for it, or into a new one. */
export function* growDown(growth: Growth): Generator<undefined, void> {
  const { index, open, rows, part } = growth
  let placed = 0
  for (let tuple = 0; tuple < open.length; tuple++) {
    if (open[tuple] === 0) continue
    const symbols = symbolsOf(index, tuple, setOf(index, tuple))
    put(symbols, rows, part)
    open[tuple] = 0
    if (++placed % tuplesPerPause === 0) yield
  }
}

function put(symbols: Int32Array, rows: Int32Array[], part: Part): void {
  const { parameterOf, counts } = part.compiled
  let free: Int32Array | undefined
  for (const row of rows) {
    const room = roomFor(symbols, row, parameterOf)
    if (room === 'holds') return
    if (room === 'fits' && free === undefined && fitsWith(symbols, row, part)) free = row
  }
  const row = free ?? new Int32Array(counts.length).fill(-1)
  for (const symbol of symbols) row[parameterOf[symbol] as number] = symbol
  if (free === undefined) rows.push(row)
}

function roomFor(symbols: Int32Array, row: Int32Array, parameterOf: Int32Array): 'holds' | 'fits' | 'clashes' {
  let holds = true
  for (let at = 0; at < symbols.length; at++) {
    const cell = row[parameterOf[symbols[at] as number] as number] as number
    if (cell === symbols[at]) continue
    if (cell !== -1) return 'clashes'
    holds = false
  }
  return holds ? 'holds' : 'fits'
}

/** Whether a row with open cells can be completed once it also holds these symbols. */
export function fitsWith(symbols: ArrayLike<number>, row: Int32Array, { compiled, solver }: Part): boolean {
  if (compiled.forbidden.length === 0) return true
  solver.reset()
  for (let p = 0; p < row.length; p++) if (row[p] !== -1 && !solver.assign(row[p] as number)) return false
  for (let at = 0; at < symbols.length; at++) if (!solver.assign(symbols[at] as number)) return false
  return solver.completable()
}
