import type { Compiled } from './compile.ts'
import { coverPart, type Cover } from './engine-cover.ts'
import type { Meter, Stop } from './engine-meter.ts'
import { needOf, pairsOf, type Need, type PartWanted } from './engine-need.ts'
import { liveRestriction, type Part } from './engine-part.ts'
import { countTuples, type Wanted } from './engine-sets.ts'
import { createStream, type Stream } from './engine-stream.ts'
import type { PairTable } from './feasibility.ts'
import { boundOf } from './engine-bound.ts'
import { greedyRows } from './greedy.ts'
import { weigh } from './engine-weights.ts'
import { growRows } from './ipo.ts'
import { leftOver } from './engine-left.ts'
import type { CombineOptions } from './options.ts'
import { mergeRanked, rankRows, type Ranked } from './order.ts'
import type { Solver } from './solver.ts'

/** A model and what has to be covered of it. */
export interface Whole {
  readonly compiled: Compiled
  readonly solver: Solver
  readonly wanted: Wanted
}

/** What an engine found: value indices by row and parameter, and what they amount to. */
export interface Found {
  readonly rows: readonly (readonly number[])[]
  readonly method: string
  readonly tuples: { readonly covered: number; readonly infeasible: number }
  readonly bound: number
  readonly stopped?: Stop | 'max_cases' | undefined
}

interface WholeOptions {
  /** Rows that the array begins with: symbols by parameter, -1 for a cell to fill; each can be completed. */
  readonly fixed: readonly Int32Array[]
  readonly meter: Meter
  readonly options: CombineOptions
}

/** A part with the given rows that belong to it. */
interface Job {
  readonly part: Part
  readonly wanted: PartWanted
  readonly fixed: Int32Array[]
  /** The places of these rows among all given ones. */
  readonly places: number[]
}

interface Done {
  readonly job: Job
  readonly cover: Cover
  readonly tuples: number
  readonly bound: number
  readonly ranked: readonly Ranked[]
}

/**
 * Covers a model part by part: the rows without a negative value, and those of each negative value on their own. A row
 * of one part is of no use to another one.
 */
export function* coverAll(whole: Whole, given: WholeOptions): Generator<undefined, Found> {
  const { compiled, wanted } = whole
  const stream = createStream(given.options.seed ?? 0)
  const jobs = jobsOf(whole)
  place(given.fixed, jobs)
  const done: Done[] = []
  // The small parts first: what time is left is for the large one.
  for (const job of jobs.toReversed()) done.unshift(yield* perform(job, given, stream))
  const kept: number[][] = given.fixed.map(() => [])
  for (const { job, cover } of done)
    job.places.forEach((at, index) => (kept[at] = valuesOf(cover.rows[index] as Int32Array, job.part, compiled)))
  const lists = done.map(({ job, ranked }) => {
    const back = (row: Int32Array): Int32Array => Int32Array.from(valuesOf(row, job.part, compiled))
    return ranked.map(({ row, gain }) => ({ row: back(row), gain }))
  })
  const rows = [...kept, ...mergeRanked(lists).map((row) => Array.from(row))]
  const left = leftOver(whole, jobs.find((job) => job.wanted.fixed === undefined)?.part, rows)
  const covered = done.reduce((sum, { tuples }) => sum + tuples, left.tuples)
  return {
    rows: [...rows, ...left.rows],
    method: done[0]?.cover.method ?? 'greedy',
    tuples: { covered, infeasible: countTuples(compiled.counts, wanted) - covered },
    bound: Math.max(
      1,
      done.reduce((sum, { bound }) => sum + bound, 0),
    ),
  }
}

/** The part without negative values, then one for each negative value that some row holds. */
function jobsOf({ compiled, wanted }: Whole): Job[] {
  const { negative, parameterOf, symbols } = compiled
  const jobs: Job[] = []
  const add = (part: Part | undefined, fixed?: number): void => {
    if (part !== undefined) jobs.push({ part, wanted: { ...wanted, fixed }, fixed: [], places: [] })
  }
  add(liveRestriction(compiled, (symbol) => negative[symbol] === 0))
  for (let own = 0; own < symbols; own++) {
    if (negative[own] === 0) continue
    const parameter = parameterOf[own] as number
    const isKept = (symbol: number): boolean =>
      symbol === own || (negative[symbol] === 0 && parameterOf[symbol] !== parameter)
    add(liveRestriction(compiled, isKept), parameter)
  }
  return jobs
}

/** Gives each row that was given to the first part that can complete it. */
function place(fixed: readonly Int32Array[], jobs: readonly Job[]): void {
  for (const [index, row] of fixed.entries()) {
    const own = row.filter((symbol) => symbol !== -1)
    const fits = ({ part }: Job): boolean => {
      const symbols = own.map((symbol) => part.symbolIn[symbol] as number)
      return !symbols.includes(-1) && part.solver.isFeasible(symbols)
    }
    const job = jobs.find(fits)
    if (job === undefined) continue
    job.fixed.push(row.map((symbol) => (symbol === -1 ? -1 : (job.part.symbolIn[symbol] as number))))
    job.places.push(index)
  }
}

function* perform(job: Job, given: WholeOptions, stream: Stream): Generator<undefined, Done> {
  const { part, wanted, fixed } = job
  const { engine = 'best', fast: isFast = false, prioritize = false } = given.options
  const need = engine === 'IPO' ? undefined : needOf(part, wanted)
  const bound = boundOf(part, wanted, { pairs: need?.pairs, isThorough: engine === 'best' && !isFast })
  const { cover: found, tuples } =
    need === undefined ? yield* grown(job, stream) : yield* covered(job, need, { given, stream, bound })
  const rows = need === undefined ? found.rows : weigh(part, need, { rows: found.rows, kept: fixed.length, stream })
  const cover = { ...found, rows }
  const ranking = prioritize ? (need ?? needOf(part, wanted)) : undefined
  const kept = fixed.length
  const ranked = ranking === undefined ? unranked(cover.rows, kept) : rankRows(cover.rows, kept, ranking.open())
  return { job, cover, tuples, bound, ranked }
}

interface Covering {
  readonly cover: Cover
  /** Number of combinations that are covered. */
  readonly tuples: number
}

function* grown({ part, wanted, fixed }: Job, stream: Stream): Generator<undefined, Covering> {
  const pairs = part.compiled.forbidden.length === 0 ? noPairs : pairsOf(part)
  const { rows, tuples } = yield* growRows(part, { wanted, stream, pairs, fixed })
  return { cover: { rows, method: 'IPO' }, tuples }
}

interface CoverScope {
  readonly given: WholeOptions
  readonly stream: Stream
  readonly bound: number
}

function* covered(job: Job, need: Need, { given, stream, bound }: CoverScope): Generator<undefined, Covering> {
  const { part, wanted, fixed } = job
  const { engine = 'best', fast: isFast = false, timeLimitSeconds, maxSteps } = given.options
  const { tuples } = need
  if (engine === 'PICT') {
    const rows = yield* greedyRows(need.open(), { part, stream, candidates: 1, fixed })
    return { cover: { rows, method: 'PICT' }, tuples }
  }
  const hasLimits = timeLimitSeconds !== undefined || maxSteps !== undefined
  const hasRestarts = hasLimits && wanted.fixed === undefined
  const { meter } = given
  return { cover: yield* coverPart(part, need, { wanted, isFast, stream, meter, fixed, bound, hasRestarts }), tuples }
}

const noPairs: PairTable = { feasible: new Uint8Array(0), infeasible: 0, total: 0 }

/** Rows in the order they have. */
function unranked(rows: readonly Int32Array[], kept: number): Ranked[] {
  return rows.slice(kept).map((row) => ({ row, gain: 0 }))
}

function valuesOf(row: Int32Array, { symbolOf }: Part, { offsets }: Compiled): number[] {
  return Array.from(row, (symbol, p) => (symbolOf[symbol] as number) - (offsets[p] as number))
}

/** Number of combinations that some valid row holds, by the rules of negative values; those of huge parts left out. */
export function feasibleTuples(whole: Whole): number {
  const jobs = jobsOf(whole)
  const plain = jobs.find((job) => job.wanted.fixed === undefined)?.part
  return jobs.reduce(
    (sum, { part, wanted }) => sum + (needOf(part, wanted)?.tuples ?? 0),
    leftOver(whole, plain, []).tuples,
  )
}
