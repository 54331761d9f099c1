import type { ReportedTest } from '../domain/forge.ts'

/** A job as its pipeline's description plans it. */
export interface CiJob {
  readonly name: string
  readonly stage: string
  readonly when: 'on_success' | 'on_failure' | 'always' | 'manual' | 'delayed' | 'never'
  readonly allowFailure: boolean
  /** Exit codes that are allowed, where only these are. */
  readonly allowedExitCodes: readonly number[]
  /** Jobs it waits for instead of its stage. */
  readonly needs?: readonly string[] | undefined
  readonly timeoutMs?: number | undefined
  /** Further tries by the runner itself, after a failure of these kinds. */
  readonly retry: { readonly max: number; readonly when: readonly string[] }
  /** Wait of a delayed job. */
  readonly startInMs?: number | undefined
  /** Files of JUnit reports, as globs. */
  readonly junit: readonly string[]
  /** A local file that a bridge starts a child pipeline from, and whether it waits for it. */
  readonly trigger?: { readonly include: string; readonly isDepended: boolean } | undefined
}

/** A pipeline that can be run. */
export interface CiPlan {
  readonly stages: readonly string[]
  readonly jobs: readonly CiJob[]
  /** The whole description, includes and extends filled in, as YAML. */
  readonly merged: string
}

/** What a pipeline is made for. */
export interface CiContext {
  /** Working copy with a `.git` of its own, at the commit. */
  readonly folder: string
  /** File that describes the pipeline, relative to the folder. */
  readonly file: string
  readonly variables: Readonly<Record<string, string>>
}

/** How a job ended. `output` of the job was handed out while it ran. */
export interface CiJobEnd {
  readonly outcome: 'success' | 'failed' | 'cancelled'
  readonly exitCode?: number | undefined
  /** As GitLab names it: `script_failure`, `job_execution_timeout`, `runner_system_failure`. */
  readonly failureReason?: string | undefined
  readonly tests: readonly ReportedTest[]
}

/** Plans and runs jobs on this machine. */
export interface CiRunner {
  /** The plan, or what is wrong with the description. Throws `ci_failed` where nothing can be run here. */
  plan(
    context: CiContext,
    signal: AbortSignal,
  ): Promise<{ readonly plan: CiPlan } | { readonly errors: readonly string[] }>
  /**
   * Runs one job to its end. `onOutput` gets the trace as GitLab writes it: section markers, the commands, their output, the
   * trailer (`Job succeeded`, `ERROR: Job failed: exit code 1`). Artifacts of earlier jobs of the same folder are there.
   */
  run(
    job: { readonly name: string; readonly id: number; readonly timeoutMs: number } & CiContext,
    onOutput: (text: string) => void,
    signal: AbortSignal,
  ): Promise<CiJobEnd>
}
