import type { Part } from './engine-part.ts'
import type { Stream } from './engine-stream.ts'
import type { OpenTuples } from './greedy-open.ts'
import { RowMaker } from './greedy-row.ts'

/** How greedily rows are made. */
export interface GreedyOptions {
  readonly part: Part
  readonly stream: Stream
  /** Rows tried for each row taken. */
  readonly candidates: number
  /** Rows that must stand in the array first: symbols by parameter, -1 for a cell to fill; each can be completed. */
  readonly fixed: readonly Int32Array[]
}

/** Covers what is open one row at a time, the best of several random candidates each; pauses after each row. */
export function* greedyRows(open: OpenTuples, options: GreedyOptions): Generator<undefined, Int32Array[]> {
  const maker = new RowMaker(open, options)
  const rows: Int32Array[] = []
  const take = (start: Int32Array | undefined, candidates: number): void => {
    let best = new Int32Array(0)
    let bestGain = -1
    for (let tried = 0; tried < candidates; tried++) {
      const gain = maker.make(start)
      if (gain <= bestGain) continue
      bestGain = gain
      best = maker.row.slice()
    }
    open.cover(best)
    rows.push(best)
  }
  for (const start of options.fixed) {
    take(start, start.includes(-1) ? options.candidates : 1)
    yield
  }
  while (open.left > 0) {
    take(undefined, options.candidates)
    yield
  }
  return rows
}
