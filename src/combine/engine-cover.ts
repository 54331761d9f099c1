import type { Meter } from './engine-meter.ts'
import type { Need, PartWanted } from './engine-need.ts'
import type { Part } from './engine-part.ts'
import { algebraicStarts } from './engine-starts.ts'
import type { Stream } from './engine-stream.ts'
import { greedyRows, type GreedyOptions } from './greedy.ts'
import { growRows } from './ipo.ts'
import { improve, type Run, type Start } from './search-run.ts'

/** How a part is covered. */
export interface CoverOptions {
  readonly wanted: PartWanted
  /** Constructions only, no search. */
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

/** A start longer than the shortest by more than this factor is tried only where that is cheap: up to so many rows. */
const hopeless = 1.12
const cheapRows = 60
/** Patience of a trial where there are several starts. */
const trialShare = 0.3

/** Rows tried for each row taken, by tuples to cover: many where that costs little. */
function candidatesFor(tuples: number): number {
  if (tuples < 2_000) return 30
  if (tuples < 50_000) return 8
  return tuples < 400_000 ? 3 : 1
}

/**
 * Covers a part: the shortest of several constructions or, with a search, each of them tried for a while and the best one
 * gone on with.
 */
export function* coverPart(part: Part, need: Need, options: CoverOptions): Generator<undefined, Cover> {
  const { stream, meter, fixed, bound } = options
  const starts = yield* startsOf(part, need, options)
  const shortest = starts[0]
  if (shortest === undefined) return { rows: [], method: 'greedy' }
  const isTooLarge = need.tuples > mostUnasked && !options.hasRestarts
  if (options.isFast || need.createArray === undefined || isTooLarge) return shortest
  const run: Run = { part, createArray: need.createArray, stream, meter, bound }
  const hasClauses = part.compiled.forbidden.length > 0
  const worthy = starts.filter(({ rows }) => rows.length <= Math.max(cheapRows, hopeless * shortest.rows.length))
  let best = shortest
  for (const start of worthy) {
    meter.begin(need.tuples, worthy.length === 1 ? 1 : trialShare)
    best = shorter(best, yield* searched(start, hasClauses, { run, fixed }))
    if (meter.stopped !== 'no_gain') return best
  }
  if (worthy.length === 1 && !options.hasRestarts) return best
  const canStartFresh = worthy.some(({ method }) => method === 'greedy')
  for (let turn = 0; meter.stopped === 'no_gain'; turn++) {
    const isFresh = turn % 3 === 2 && canStartFresh
    const from = isFresh ? yield* greedyCover(part, need, { stream, fixed, candidates: 1 }) : best
    meter.begin(need.tuples)
    best = shorter(best, yield* searched(from, hasClauses !== (turn % 2 === 1), { run, fixed }))
    if (!options.hasRestarts) return best
  }
  return best
}

/** Tuples up to which a run without search constructs greedily several times, and up to which it grows an array too. */
const fewTuples = 3_000
const mostForGrowth = 60_000
const mostForLongGrowth = 6_000_000
const columnsPerValue = 8
const repeats = 6
/** Tuples up to which a search without a limit of its own is begun. */
const mostUnasked = 2_000_000

/** Greedy rows and, where no clause stands in the way and nothing is given, what algebra offers; the shortest first. */
function* startsOf(part: Part, need: Need, options: CoverOptions): Generator<undefined, Cover[]> {
  const { stream, fixed, wanted, isFast } = options
  const candidates = candidatesFor(need.tuples)
  const starts: Cover[] = []
  const times = isFast && need.tuples <= fewTuples ? repeats : 1
  for (let time = 0; time < times; time++) {
    starts.push(yield* greedyCover(part, need, { stream, fixed, candidates }))
    if (!(isFast && need.tuples <= mostForGrowth) && !suitsGrowth(part, need, fixed)) continue
    const { rows } = yield* growRows(part, { wanted, stream, fixed, pairs: need.pairs })
    starts.push({ rows, method: 'IPO' })
  }
  if (need.arePairs && part.compiled.forbidden.length === 0 && fixed.length === 0)
    for (const { rows, name } of algebraicStarts(part.compiled, starts[0]?.rows.length ?? 0)) {
      const { rows: filled } = yield* greedyCover(part, need, { stream, fixed: rows, candidates: 1 })
      starts.push({ rows: filled, method: name })
    }
  return starts.sort((a, b) => a.rows.length - b.rows.length)
}

/** Whether growth gives shorter arrays than greedy rows: higher strengths, many parameters of few values each. */
function suitsGrowth({ compiled }: Part, { arePairs, tuples }: Need, fixed: readonly Int32Array[]): boolean {
  const { counts, forbidden } = compiled
  if (arePairs || forbidden.length > 0 || fixed.length > 0 || tuples < fewTuples || tuples > mostForLongGrowth)
    return false
  return counts.length > columnsPerValue * Math.max(...counts)
}

type GreedyParts = Omit<GreedyOptions, 'part'>

function* greedyCover(part: Part, need: Need, options: GreedyParts): Generator<undefined, Cover> {
  return { rows: yield* greedyRows(need.open(), { part, ...options }), method: 'greedy' }
}

function* searched(
  { rows, method }: Cover,
  isWeighted: boolean,
  { run, fixed }: { readonly run: Run; readonly fixed: readonly Int32Array[] },
): Generator<undefined, Cover> {
  const found = yield* improve({ rows, isWeighted, ...lockOf(fixed) }, run)
  const isNew = found.length < rows.length && !method.endsWith(search)
  return { rows: found, method: isNew ? `${method}${search}` : method }
}

const search = ' + search'

function shorter(a: Cover, b: Cover): Cover {
  return b.rows.length < a.rows.length ? b : a
}

/** Which cells of the first rows stay as they are. */
function lockOf(fixed: readonly Int32Array[]): Pick<Start, 'kept' | 'locked'> {
  const cells = fixed.flatMap((row) => Array.from(row, (symbol) => (symbol === -1 ? 0 : 1)))
  return { kept: fixed.length, locked: Uint8Array.from(cells) }
}
