import type { EarlierPart } from './earlier.ts'
import type { Claimed } from './recording.ts'
import type { Flags } from './surroundings.ts'

/** A run on record, claimed by this process, with what it has left where it was begun and broken off. */
export interface Resumption extends Claimed {
  readonly earlier?: EarlierPart | undefined
}

/** What is kept of a command, so that it can be carried out again. */
export interface StoredInput<T> {
  readonly cwd: string
  readonly flags: Flags
  readonly input: T
  /** Who started it over the service; absent for the command line. */
  readonly by?: string | undefined
}
