import type { Framework } from './suite.ts'

/** How one attempt at one test ended. */
export type Outcome =
  | 'passed'
  | 'failed'
  /** Set-up, teardown or collection broke: the test itself did not get to judge. */
  | 'errored'
  | 'skipped'
  | 'timed_out'
  /** The process ended while the test ran, so nothing was reported for it. */
  | 'crashed'
  | 'cancelled'

/** Part of a test in which something happened. */
export type Phase = 'collection' | 'setup' | 'call' | 'teardown'

/** Why an attempt did not pass. */
export interface Failure {
  readonly phase: Phase
  /** Name of the exception or error, such as `AssertionError`. */
  readonly type: string
  readonly message: string
  /** Trace or diff as the framework prints it. */
  readonly trace: string
  /** Place inside the test's own file where it failed. */
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly expected?: string | undefined
  readonly actual?: string | undefined
}

/** One try at one test. Times are epoch milliseconds and milliseconds. */
export interface Attempt {
  /** Counts from 1. */
  readonly number: number
  readonly outcome: Outcome
  readonly startedAt: number
  readonly durationMs: number
  readonly phasesMs: Readonly<Partial<Record<Phase, number>>>
  readonly failure?: Failure | undefined
  readonly skipReason?: string | undefined
  readonly stdout: string
  readonly stderr: string
  /** Number of the process among those of the run. */
  readonly process: number
}

/** A test as the framework collected it. */
export interface CollectedTest {
  /** The framework's own id, unique in the run; `tests/test_a.py::test_b[1]`. */
  readonly id: string
  readonly name: string
  /** File relative to the working folder, with forward slashes. */
  readonly file: string
  readonly line?: number | undefined
  /** Describe blocks or classes around the test, outermost first; may be empty. */
  readonly suite: readonly string[]
  readonly tags: readonly string[]
  /** Case of the suite this test was written for. */
  readonly caseId?: string | undefined
  /** Allure and other labels: name and value. */
  readonly labels: Readonly<Record<string, string>>
}

/** What we conclude about a test over its attempts. */
export type Verdict = 'passed' | 'failed' | 'flaky' | 'skipped'

/** A test with all that happened to it. */
export interface TestResult extends CollectedTest {
  readonly verdict: Verdict
  /** Outcome of the last attempt; for a test without an attempt, `cancelled`. */
  readonly outcome: Outcome
  readonly attempts: readonly Attempt[]
}

/** What we conclude about a run. */
export type RunVerdict =
  | 'passed'
  | 'failed'
  /** Results are missing: neither green nor red is proven. */
  | 'incomplete'
  /** Nothing was collected, or every test was skipped. */
  | 'empty'
  | 'cancelled'

/** Something that happened to the run as a whole, not to one test. */
export interface RunProblem {
  readonly kind:
    | 'collection_error'
    | 'suite_error'
    | 'process_crashed'
    | 'process_hung'
    | 'results_lost'
    | 'tampered'
    | 'exit_code'
    | 'total_timeout'
    | 'internal_error'
    | 'note'
  readonly message: string
  readonly failure?: Failure | undefined
  readonly file?: string | undefined
}

/** Hits by line of one source file; paths relative to the working folder, with forward slashes. */
export interface FileCoverage {
  readonly file: string
  /** Line number to hits. */
  readonly lines: Readonly<Record<string, number>>
  /** Line number to [taken, total] branches. */
  readonly branches: Readonly<Record<string, readonly [taken: number, total: number]>>
  /** Line number to the targets of the branches that were taken, where the framework knows them. */
  readonly targets?: Readonly<Record<string, readonly number[]>> | undefined
}

/** One measured benchmark. Times in seconds. */
export interface BenchFigure {
  readonly name: string
  readonly testId: string
  readonly unit: 's'
  readonly rounds: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly median: number
  readonly p95: number
  readonly stddev: number
}

/** One process of the framework. */
export interface ProcessRecord {
  readonly number: number
  readonly argv: readonly string[]
  readonly startedAt: number
  readonly durationMs: number
  readonly exitCode: number | null
  readonly signal: string | null
  /** Whether the framework said that it had reached its end. */
  readonly sessionEnded: boolean
  readonly purpose: 'run' | 'remainder' | 'retry' | 'collect'
}

/** Which protection a run really had. */
export type SandboxTier = 'standard' | 'userns' | 'limited' | 'none'

/** All that is known of an execution when it is over. The reports are pure functions of it. */
export interface Execution {
  readonly runId: string
  readonly framework: Framework
  readonly frameworkVersion: string
  readonly interpreter: string
  readonly plugins: Readonly<Record<string, string>>
  /** Working folder of the tests, absolute. */
  readonly cwd: string
  /** Folder that holds the scripts that were laid over the working folder, absolute; absent where there were none. */
  readonly scriptDir?: string | undefined
  readonly startedAt: number
  readonly durationMs: number
  readonly verdict: RunVerdict
  readonly tests: readonly TestResult[]
  readonly deselected: number
  readonly problems: readonly RunProblem[]
  readonly processes: readonly ProcessRecord[]
  /** `undefined` where coverage was not asked for or could not be measured. */
  readonly coverage?: readonly FileCoverage[] | undefined
  readonly benchmarks: readonly BenchFigure[]
  readonly sandbox: { readonly tier: SandboxTier; readonly gaps: readonly string[] }
  readonly environment: Readonly<Record<string, string>>
}

/** Counts of a run; `total` = passed + failed + flaky + skipped + notRun. */
export interface Counts {
  readonly total: number
  /** Passed at the first attempt. */
  readonly passed: number
  /** Verdict failed, whatever the last outcome. */
  readonly failed: number
  readonly flaky: number
  readonly skipped: number
  /** Collected, but no attempt was finished. */
  readonly notRun: number
  /** Of the failed: by last outcome. */
  readonly errored: number
  readonly timedOut: number
  readonly crashed: number
  readonly retries: number
}
