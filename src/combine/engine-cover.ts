import type { EngineName } from './options.ts'
import type { Meter } from './engine-meter.ts'
import type { Need } from './engine-need.ts'
import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import { greedyRows } from './greedy.ts'
import { improve, type Run, type Start } from './search-run.ts'

/** How a part is covered. */
export interface CoverOptions {
  readonly engine: Exclude<EngineName, 'naive'>
  readonly isFast: boolean
  readonly stream: Stream
  readonly meter: Meter
  /** Rows that the part begins with; -1 for a cell to fill. Each can be completed. */
  readonly fixed: readonly Int32Array[]
  /** No array is smaller. */
  readonly bound: number
  /** Whether the search starts anew where it gains nothing more, until a limit ends it. */
  readonly hasRestarts: boolean
}

/** Rows of a part, symbols by parameter, with the method that gave them. */
export interface Cover {
  readonly rows: readonly Int32Array[]
  readonly method: string
}

/** Rows tried for each row taken, by tuples to cover: many where that costs little. */
function candidatesFor(tuples: number, isFast: boolean): number {
  if (tuples < 2_000) return 30
  return tuples < 200_000 ? (isFast ? 6 : 10) : 1
}

/** Covers a part with what is kept of its tuples. */
export function* coverPart(part: Part, need: Need, options: CoverOptions): Generator<undefined, Cover> {
  const { engine, isFast, stream, meter, fixed, bound, hasRestarts } = options
  const candidates = engine === 'PICT' ? 1 : candidatesFor(need.tuples, isFast)
  const greedy = yield* greedyRows(need.open(), { part, stream, candidates, fixed })
  if (engine === 'PICT' || isFast || need.createArray === undefined) return { rows: greedy, method: 'greedy' }
  const run: Run = { part, createArray: need.createArray, stream, meter, bound }
  const hasClauses = part.compiled.forbidden.length > 0
  const startFrom = (rows: readonly Int32Array[], isWeighted: boolean): Start => ({
    rows,
    isWeighted,
    ...lockOf(fixed),
  })
  meter.begin(need.tuples)
  let best = yield* improve(startFrom(greedy, hasClauses), run)
  for (let turn = 1; hasRestarts && meter.stopped === 'no_gain'; turn++) {
    meter.begin(need.tuples)
    const again = yield* greedyRows(need.open(), { part, stream, candidates: 1, fixed })
    const found = yield* improve(startFrom(again, hasClauses !== (turn % 2 === 1)), run)
    if (found.length < best.length) best = found
  }
  return { rows: best, method: best === greedy ? 'greedy' : 'greedy + search' }
}

/** Which cells of the first rows stay as they are. */
function lockOf(fixed: readonly Int32Array[]): Pick<Start, 'kept' | 'locked'> {
  const cells = fixed.flatMap((row) => Array.from(row, (symbol) => (symbol === -1 ? 0 : 1)))
  return { kept: fixed.length, locked: Uint8Array.from(cells) }
}
