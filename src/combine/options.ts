import type { Stop } from './engine-meter.ts'

/** How rows are made: `best` is a portfolio improved by search; the others are single methods. */
export type EngineName = 'best' | 'PICT' | 'IPO' | 'naive'

/** A row as value indices by parameter; -1 leaves the parameter open. */
export type Row = ArrayLike<number>

/** What is wanted of an array. What is left out has a default. */
export interface CombineOptions {
  /** `best` unless set. */
  readonly engine?: EngineName | undefined
  /** Size of the parameter sets whose combinations are covered, 1 to 6; the model's own, or 2, unless set. */
  readonly strength?: number | undefined
  /** Equal seeds give equal arrays; 0 unless set. */
  readonly seed?: number | undefined
  /** Wall-clock time for the search; with it the search starts anew until the time is up, above a second on two threads. */
  readonly timeLimitSeconds?: number | undefined
  /** Steps of the search, as an exactly repeatable limit; the clock is then not asked. */
  readonly maxSteps?: number | undefined
  /** No search: rows are made and that is all. */
  readonly fast?: boolean | undefined
  /** Most rows that `naive` makes; 100,000 unless set. */
  readonly maxCases?: number | undefined
  /** Rows that the array begins with; open cells are filled. Throws `rows_invalid` where one cannot be valid. */
  readonly seeds?: readonly Row[] | undefined
  /** Combinations, whole rows or parts of them, that no row may hold. */
  readonly exclude?: readonly Row[] | undefined
  /** Whether rows are put into an order in which early ones cover most; seeds stay first. */
  readonly prioritize?: boolean | undefined
  /** Rows of an older array: those that are still possible are kept and completed, with as few new ones as can be found. */
  readonly extend?: readonly Row[] | undefined
  readonly signal?: AbortSignal | undefined
  /** Milliseconds of a clock that never jumps. */
  readonly clock?: (() => number) | undefined
}

/** An array that covers a model. */
export interface Combination {
  /** Names by parameter. */
  readonly parameters: readonly string[]
  /** Value indices by row and parameter. */
  readonly rows: readonly (readonly number[])[]
  readonly strength: number
  /** The method that gave the array. */
  readonly engine: string
  /** Combinations of values that the rows hold, and those that no row can hold. */
  readonly tuples: { readonly covered: number; readonly infeasible: number }
  /** No array that covers all this has fewer rows. */
  readonly lowerBound: number
  /** What ended the search; `max_cases` says that `naive` left rows out. */
  readonly stopped: Stop | 'max_cases'
  /** Rows of `extend` that the model does not allow any more, by index. */
  readonly dropped: readonly number[]
}
