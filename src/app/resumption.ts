import type { EarlierPart } from './earlier.ts'
import type { Claimed } from './recording.ts'
import type { Flags } from './surroundings.ts'

/** A run that was broken off, claimed by this process, with what it has left. */
export interface Resumption extends Claimed {
  readonly earlier: EarlierPart
}

/** What is kept of a command, so that it can be carried out again. */
export interface StoredInput<T> {
  readonly cwd: string
  readonly flags: Flags
  readonly input: T
}
