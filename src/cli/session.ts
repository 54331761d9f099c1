import type { Output } from './output.ts'

/** What every command gets: where it runs, where it writes, and what ends it. */
export interface Session {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly output: Output
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  readonly debug: boolean
  /** A run began: errors from now on can say where it lies. */
  readonly begin: (runId: string, runDir: string) => void
  /** Sets the exit code of the process. */
  readonly end: (code: number) => void
  /** As `end`, for a command that is meant to be ended by a signal and did all it should have done. */
  readonly endAsAsked: (code: number) => void
}
