import type { Output } from './output.ts'

/** A server that does the work in place of this machine. */
export interface ServerPlace {
  readonly url: string
  /** File with the token, as it was given. */
  readonly tokenFile?: string | undefined
  /** Named on the command line, rather than by GREENLOOP_SERVER. */
  readonly isAsked: boolean
}

/** What every command gets: where it runs, where it writes, and what ends it. */
export interface Session {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly output: Output
  /** Aborts at the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  readonly debug: boolean
  /** Absent where the work is done here. */
  readonly server: ServerPlace | undefined
  /** File of `--token-file`. */
  readonly tokenFile: string | undefined
  /** A run began: errors from now on can say where it lies. */
  readonly begin: (runId: string, runDir: string) => void
  /** Sets the exit code of the process. */
  readonly end: (code: number) => void
  /** As `end`, for a command that is meant to be ended by a signal and did all it should have done. */
  readonly endAsAsked: (code: number) => void
}
