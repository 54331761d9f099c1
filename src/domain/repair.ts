/** Where a repair is. Each is put on record before what happens in it. */
export const repairPhases = [
  'queued',
  /** Token, project, branch. */
  'preflight',
  /** Commits of the host come into the control repository. */
  'syncing',
  /** Name and head of the branch. */
  'branching',
  /** Files of the AI work folder become a commit. */
  'editing',
  'pushing',
  'mr_open',
  /** The pipeline of what was pushed is looked for. */
  'waiting_pipeline',
  'polling',
  /** Jobs are run again for a reason that is not in the code. */
  'infra_retry',
  /** Traces and reports of failed jobs are fetched. */
  'collecting',
  /** The model is asked. */
  'diagnosing',
  /** The answer becomes a patch, and the guards look at it. */
  'applying',
  /** Syntax and the failing command in the sandbox. */
  'validating',
  /** The merge request tells the end. */
  'finishing',
  'done',
] as const

/** Where a repair is. */
export type RepairPhase = (typeof repairPhases)[number]

/** How a repair ends, with the exit code of the command. */
export const repairEnds = {
  succeeded: 0,
  /** Rounds, budget or ideas are used up. */
  gave_up: 1,
  /** No patch got past the guards. */
  guard_rejected: 1,
  /** A manual job waits for a person, or no runner takes the jobs. */
  blocked_gate: 5,
  auth_failed: 3,
  project_not_found: 3,
  llm_unavailable: 3,
  timed_out: 6,
  cancelled: 130,
} as const

/** How a repair ends. */
export type RepairEnd = keyof typeof repairEnds

/** Why something was not let through, as logs and the merge request name it. */
export interface GuardFinding {
  readonly code: GuardCode
  /** File concerned. */
  readonly path?: string | undefined
  /** In words, for the model and for people. */
  readonly message: string
  /** Whether the patch is refused for it; otherwise it is only told. */
  readonly blocks: boolean
}

/** What guards look at; each has a test and a line in the documents. */
export const guardCodes = {
  path_outside: 'leads out of the project, or is no ordinary path',
  path_link: 'goes through a symbolic link or submodule',
  path_unknown: 'is not in the project, and new files are not allowed',
  path_binary: 'is not text',
  protected_test: 'is a test, its data or its settings',
  protected_ci: 'belongs to the pipeline',
  protected_settings: 'is a setting of linters, coverage, types or the package',
  protected_lock: 'is a lock file',
  protected_git: 'belongs to git or to code ownership',
  denied: 'is denied by the configuration',
  too_many_files: 'changes more files than allowed',
  too_many_lines: 'changes more lines than allowed',
  too_many_new_files: 'adds more files than allowed',
  too_large: 'makes a file too large',
  skip_marker: 'adds a marker that skips or expects a failure',
  silenced: 'silences a check: a linter, the type checker, an exit code',
  test_detection: 'behaves differently where it is tested',
  secret: 'holds a secret',
  hidden_text: 'holds characters that are not seen',
  hidden_code: 'runs code that cannot be read',
  reaches_out: 'starts a program or opens a connection',
  nothing_changed: 'changes nothing',
  same_patch: 'was tried before',
  syntax: 'does not parse',
  deleted_symbol: 'removes a function that is used elsewhere',
  local_failure: 'the failing command still fails here',
  fewer_tests: 'fewer tests ran than before',
  lost_test: 'a test that passed before is gone, skipped or failing',
  lost_job: 'a job that ran before did not run',
} as const

/** What a guard looked at. */
export type GuardCode = keyof typeof guardCodes

/** A job as the story tells it. */
export interface JobNote {
  readonly name: string
  readonly stage: string
  readonly status: string
  readonly failureReason?: string | undefined
  readonly webUrl?: string | undefined
}

/** One round: a failure, what the model made of it, and what became of that. */
export interface RepairRound {
  /** From 1. */
  readonly number: number
  /** Pipeline whose failure it answers. */
  readonly pipelineId: number
  readonly failing: readonly JobNote[]
  /** Hash of the failure, the same for the same failure. */
  readonly signature: string
  /** How the model was asked: blocks, or whole files after those did not work out. */
  readonly strategy: 'blocks' | 'whole_file'
  readonly outcome:
    | 'open'
    /** The answer could not be read as a patch, was empty, or refused. */
    | 'malformed'
    /** Guards refused the patch. */
    | 'rejected'
    /** The failing command still failed here. */
    | 'failed_locally'
    | 'pushed'
    | 'green'
    | 'red'
  /** What the model says it found. */
  readonly explanation: string
  /** The patch as a unified diff, at most 40,000 characters. */
  readonly diff: string
  /** Hash of the patch. */
  readonly patchId?: string | undefined
  readonly findings: readonly GuardFinding[]
  readonly commit?: string | undefined
  /** Proof before the push: `passed`, `failed`, or why there was none. */
  readonly localProof?: string | undefined
  readonly tokens: number
  readonly costUsd: number
}

/** How many tests a pipeline ran, and which passed. */
export interface TestBaseline {
  /** Tests that ran: passed, failed or broke; skipped ones are not among them. */
  readonly executed: number
  readonly passed: readonly string[]
  /** Names of all that ran. */
  readonly names: readonly string[]
  /** `report`: from JUnit reports, by name. `trace`: counts from the traces alone. `none`: nothing to compare. */
  readonly source: 'report' | 'trace' | 'none'
}

/** All that a repair knows, as it is put on record at each transition. Small: traces and prompts lie among the artifacts. */
export interface RepairState {
  readonly phase: RepairPhase
  readonly projectId?: number | undefined
  readonly projectPath: string
  /** Branch that is repaired. */
  readonly targetBranch?: string | undefined
  /** Our branch, below `greenloop/`. */
  readonly branch?: string | undefined
  readonly baseSha?: string | undefined
  /** Commit that is to be pushed, or was. */
  readonly headSha?: string | undefined
  /** Head of our branch on the host as we left it. */
  readonly pushedSha?: string | undefined
  readonly mergeRequest?: { readonly iid: number; readonly webUrl: string } | undefined
  /** Pipeline that is watched, for `pushedSha`. */
  readonly pipelineId?: number | undefined
  /** Pipelines of the same commit that have to be green too, after this one. */
  readonly otherPipelines?: readonly number[] | undefined
  /** Pipelines of the same commit that are green already. */
  readonly greenPipelines?: readonly number[] | undefined
  /** Rounds so far; the last may be open. */
  readonly rounds: readonly RepairRound[]
  /** Jobs run again for other reasons than the code, by name. */
  readonly retries: Readonly<Record<string, number>>
  /** Jobs run once more because they failed for the first time with nothing changed, by name. */
  readonly reruns?: readonly string[] | undefined
  /** Jobs that are run again now; each is looked for before. */
  readonly toRetry?: readonly { readonly id: number; readonly name: string }[] | undefined
  /** Manual jobs that were started, by name. */
  readonly played?: readonly string[] | undefined
  /** Manual jobs that are started now; each is looked at before. */
  readonly toPlay?: readonly string[] | undefined
  /** Jobs that failed and then passed with nothing changed. */
  readonly flaky: readonly string[]
  readonly baseline?: TestBaseline | undefined
  /** Jobs of the first pipeline that ran. */
  readonly baselineJobs?: readonly string[] | undefined
  /** Answer of the open round as it came, at most 200,000 characters: it is never paid for twice. */
  readonly pendingAnswer?: string | undefined
  /** Whether that answer broke off. */
  readonly isCutOff?: boolean | undefined
  /** What was wrong with the first answer of the open round; it is asked once more with this. */
  readonly complaint?: { readonly answer: string; readonly text: string } | undefined
  /** Output of the failing command with the last patch that failed here, for the next round. */
  readonly localOutput?: string | undefined
  /** Rounds of this run that a branch held when it was taken over. */
  readonly roundsBefore?: number | undefined
  /** Milliseconds worked before this process took over. */
  readonly spentMs: number
  readonly tokens: number
  readonly costUsd: number
  /** What people should know, in words; the merge request shows them. */
  readonly notes: readonly string[]
  readonly end?: RepairEnd | undefined
  /** Why it ended so. */
  readonly reason?: string | undefined
  /** What a person can do now: one line. */
  readonly advice?: string | undefined
  /** Phase in which an end that time or a person may cure is taken up again. */
  readonly resumeAt?: RepairPhase | undefined
}

/** What happens in a repair, as logs, `repair watch` and the gRPC service tell it. */
export type RepairEvent =
  | { readonly kind: 'state'; readonly state: RepairState }
  /** A line for people. */
  | { readonly kind: 'step'; readonly text: string }
  /** A pipeline or job changed. */
  | {
      readonly kind: 'pipeline'
      readonly pipelineId: number
      readonly status: string
      readonly jobs: readonly JobNote[]
    }
  | { readonly kind: 'log'; readonly job: string; readonly text: string }

/** What a finished repair is. */
export interface RepairResult {
  readonly runId: string
  readonly end: RepairEnd
  readonly exitCode: number
  readonly state: RepairState
  /** Folder of its artifacts, absolute. */
  readonly folder: string
}
