import type { Observed } from './observed.ts'

/** A rule that did not hold, in words, with the place in the log where it showed. */
export interface Breach {
  readonly message: string
  readonly index?: number | undefined
}

/** Gives what breaks a rule; nothing where it holds. */
export type Rule = (seen: Observed) => Iterable<Breach>
