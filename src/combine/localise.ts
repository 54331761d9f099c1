import type { Compiled } from './compile.ts'
import { tabulate, visitCombinations, type Counted, type OutcomeTable, type RowOutcome } from './localise-counts.ts'
import { proposeRows, type Proposal } from './localise-propose.ts'
import type { Solver } from './solver.ts'
import type { Combination } from './verify.ts'

/** A combination that may be why rows fail. */
interface Suspect {
  readonly combination: Combination
  /** Indices of the given rows that failed and hold it. */
  readonly explains: readonly number[]
  /** Runs of rows that hold it. */
  readonly failed: number
  readonly passed: number
  /**
   * Logarithm of how many times likelier the results are when rows with the combination fail at a rate of their own than
   * when all rows fail at one rate (natural logarithm).
   */
  readonly logLikelihoodRatio: number
}

/** What the results say about which combination fails. */
export interface Localisation {
  /** Whether rows with the cause must be thought of as failing sometimes only. */
  readonly flaky: boolean
  /** The likeliest first. */
  readonly suspects: readonly Suspect[]
  /** Indices into `suspects`: a small set that together explains every failing row it can. */
  readonly explanation: readonly number[]
  /** Indices of the given rows that failed and hold no suspect. */
  readonly unexplained: readonly number[]
  /** Rows to run next, each of which decides about a suspect. */
  readonly proposals: readonly Proposal[]
}

/** How far the search goes. */
export interface LocaliseOptions {
  /** Values in a combination, at most; 3 unless set. */
  readonly largest?: number | undefined
  /** Suspects that are kept, at most; 50 unless set. */
  readonly kept?: number | undefined
  /** Rows that are proposed, at most; 8 unless set. */
  readonly proposals?: number | undefined
}

/** Combinations that are looked at for one size; beyond that the size is left out. */
const mostVisited = 20_000_000

/**
 * Names the smallest combinations that explain why rows fail. Where results are the same each time, a suspect stands in
 * a failing row and in no row that passed, and nothing smaller inside it does; sizes grow until every failing row holds
 * a suspect. Where rows both pass and fail, or no such set exists, combinations are ranked by their likelihood ratio less
 * what it costs to name them (ln of the number of values, for each value).
 */
export function localise(
  { compiled, solver }: { readonly compiled: Compiled; readonly solver: Solver },
  outcomes: readonly RowOutcome[],
  options: LocaliseOptions = {},
): Localisation {
  const { largest = 3, kept = 50, proposals = 8 } = options
  const merged = mergeRows(outcomes)
  const table = tabulate(merged.outcomes, compiled)
  const isMixed = merged.outcomes.some(({ passed, failed }) => passed > 0 && failed > 0)
  const strict = isMixed ? undefined : neverPassing(table, largest)
  const found = strict ?? likeliest(table, { largest, kept, symbols: compiled.symbols })
  const ranked = rank(found, { table, isStrict: strict !== undefined, symbols: compiled.symbols }).slice(0, kept)
  const { chosen, unexplained } = hittingSet(ranked, table.failingRows)
  const suspects = ranked.map((counted) => suspectOf(counted, { table, compiled, members: merged.members }))
  return {
    flaky: table.failingRows.length > 0 && strict === undefined,
    suspects,
    explanation: chosen,
    unexplained: unexplained.flatMap((row) => merged.members[row] ?? []),
    proposals: proposeRows(ranked, { compiled, solver, table, outcomes: merged.outcomes, most: proposals }),
  }
}

interface Merged {
  readonly outcomes: readonly RowOutcome[]
  /** Indices of the given rows behind each. */
  readonly members: readonly (readonly number[])[]
}

/** Equal rows are runs of one row. */
function mergeRows(outcomes: readonly RowOutcome[]): Merged {
  const groups = [...Map.groupBy(outcomes.keys(), (index) => Array.from(outcomes[index]?.row ?? []).join()).values()]
  const merged = groups.map((group): RowOutcome => {
    const runs = group.flatMap((index) => outcomes[index] ?? [])
    return {
      row: runs[0]?.row ?? [],
      passed: runs.reduce((sum, { passed }) => sum + passed, 0),
      failed: runs.reduce((sum, { failed }) => sum + failed, 0),
    }
  })
  return { outcomes: merged, members: groups }
}

/** Minimal combinations of failing rows that never passed; `undefined` where some failing row has none. */
function neverPassing(table: OutcomeTable, largest: number): Counted[] | undefined {
  const found: Counted[] = []
  const known = new Set<string>()
  const hasSmaller = (symbols: readonly number[]): boolean =>
    symbols.length > 1 && properSubsets(symbols).some((subset) => known.has(subset.join()))
  for (let size = 1; size <= largest; size++) {
    const fresh = new Set<string>()
    for (const row of table.failingRows) {
      let visited = 0
      visitCombinations(table.symbolsOf(row), size, (symbols) => {
        if (table.neverPassed(symbols) && !hasSmaller(symbols)) fresh.add(symbols.join())
        return ++visited < mostVisited && fresh.size < mostFresh
      })
    }
    for (const key of fresh) {
      known.add(key)
      found.push(table.count(key.split(',').map(Number)))
    }
    const explained = new Set(found.flatMap(({ failing }) => failing))
    if (table.failingRows.every((row) => explained.has(row))) return found
  }
  return undefined
}

/** Combinations of one size that are remembered. */
const mostFresh = 100_000

function properSubsets(symbols: readonly number[]): number[][] {
  const all = Array.from({ length: 2 ** symbols.length - 2 }, (_, index) => index + 1)
  return all.map((mask) => symbols.filter((_, at) => ((mask >> at) & 1) === 1))
}

interface LikelyScope {
  readonly largest: number
  readonly kept: number
  readonly symbols: number
}

/** Combinations of failing rows that fail more often than the rest, the best of each size. */
function likeliest(table: OutcomeTable, { largest, kept, symbols }: LikelyScope): Counted[] {
  const best: Counted[] = []
  for (let size = 1; size <= largest; size++) {
    const found = new Map<string, Counted>()
    let visited = 0
    for (const row of table.failingRows)
      visitCombinations(table.symbolsOf(row), size, (chosen) => {
        const key = chosen.join()
        if (!found.has(key)) found.set(key, table.count([...chosen]))
        return ++visited < mostLikely
      })
    const rising = [...found.values()].filter((counted) => logRatio(counted, table) > 0)
    best.push(...rank(rising, { table, isStrict: false, symbols }).slice(0, kept))
  }
  return best
}

/** Combinations of one size whose likelihood is worked out. */
const mostLikely = 500_000

interface RankScope {
  readonly table: OutcomeTable
  readonly isStrict: boolean
  readonly symbols: number
}

function rank(found: readonly Counted[], { table, isStrict, symbols }: RankScope): Counted[] {
  const cost = Math.log(symbols)
  const scored = found.map((counted) => ({ counted, score: logRatio(counted, table) - cost * counted.symbols.length }))
  return scored
    .sort((a, b) => {
      const bySize = isStrict ? a.counted.symbols.length - b.counted.symbols.length : 0
      const byRows = isStrict ? b.counted.failing.length - a.counted.failing.length : 0
      return bySize || byRows || b.score - a.score || compareSymbols(a.counted.symbols, b.counted.symbols)
    })
    .map(({ counted }) => counted)
}

function compareSymbols(a: readonly number[], b: readonly number[]): number {
  const place = a.findIndex((symbol, index) => symbol !== b[index])
  return place === -1 ? a.length - b.length : (a[place] ?? 0) - (b[place] ?? 0)
}

/** Log-likelihood ratio of two failure rates against one; 0 where rows with the combination fail no more often. */
function logRatio({ failed, passed }: Counted, { failedRuns, passedRuns }: OutcomeTable): number {
  const restFailed = failedRuns - failed
  const restPassed = passedRuns - passed
  const isRising = failed * (restFailed + restPassed) > restFailed * (failed + passed)
  if (!isRising) return 0
  return logLikelihood(failed, passed) + logLikelihood(restFailed, restPassed) - logLikelihood(failedRuns, passedRuns)
}

/** Of results at their own rate. */
function logLikelihood(failed: number, passed: number): number {
  const runs = failed + passed
  const part = (count: number): number => (count === 0 ? 0 : count * Math.log(count / runs))
  return part(failed) + part(passed)
}

/** Greedy hitting set: again and again the suspect that explains most of what is left, the better one of equals. */
function hittingSet(ranked: readonly Counted[], failing: readonly number[]) {
  const chosen: number[] = []
  let left = new Set(failing)
  while (left.size > 0) {
    const gains = ranked.map((counted) => counted.failing.filter((row) => left.has(row)).length)
    const most = Math.max(0, ...gains)
    if (most === 0) break
    const next = gains.indexOf(most)
    chosen.push(next)
    const explained = new Set(ranked[next]?.failing)
    left = new Set([...left].filter((row) => !explained.has(row)))
  }
  return { chosen, unexplained: [...left] }
}

interface SuspectScope {
  readonly table: OutcomeTable
  readonly compiled: Compiled
  readonly members: readonly (readonly number[])[]
}

function suspectOf(counted: Counted, { table, compiled, members }: SuspectScope): Suspect {
  return {
    combination: counted.symbols.map((symbol) => {
      const parameter = compiled.parameterOf[symbol] ?? 0
      return { parameter, value: symbol - (compiled.offsets[parameter] ?? 0) }
    }),
    explains: counted.failing.flatMap((row) => members[row] ?? []).sort((a, b) => a - b),
    failed: counted.failed,
    passed: counted.passed,
    logLikelihoodRatio: logRatio(counted, table),
  }
}
