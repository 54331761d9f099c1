/** A project on a code host. */
export interface ForgeProject {
  readonly id: number
  /** Full path with its groups: `tools/qa/calculator`. */
  readonly path: string
  /** Absent while the repository is empty. */
  readonly defaultBranch?: string | undefined
  readonly webUrl: string
  /** Address for git over HTTP, without credentials. */
  readonly cloneUrl: string
  readonly isArchived: boolean
  readonly isEmpty: boolean
  /** Role of whoever asks: 30 developer, 40 maintainer; absent where the host does not say. */
  readonly accessLevel?: number | undefined
  /** File that the pipeline is described in. */
  readonly ciConfigPath: string
}

/** A branch as the host knows it. */
export interface ForgeBranch {
  readonly name: string
  readonly sha: string
  readonly isProtected: boolean
  readonly canPush: boolean
}

/** A merge request. */
export interface MergeRequest {
  readonly iid: number
  readonly title: string
  readonly description: string
  readonly isDraft: boolean
  readonly state: 'opened' | 'closed' | 'merged' | 'locked'
  readonly sourceBranch: string
  readonly targetBranch: string
  readonly sha: string
  readonly webUrl: string
  /** `detailed_merge_status`, as the host names it; unknown values are kept. */
  readonly mergeStatus: string
  readonly headPipeline?: { readonly id: number; readonly sha: string; readonly status: string } | undefined
}

/** A pipeline. `status` is what the host says, known or not. */
export interface ForgePipeline {
  readonly id: number
  readonly projectId: number
  readonly sha: string
  readonly ref: string
  readonly status: string
  /** `push`, `merge_request_event`, `api`, `parent_pipeline` … */
  readonly source: string
  readonly webUrl: string
  /** Errors in the pipeline's own description, where it could not be made from it. */
  readonly yamlErrors?: string | undefined
}

/** A job of a pipeline, or of one of its child pipelines. */
export interface ForgeJob {
  readonly id: number
  readonly projectId: number
  readonly pipelineId: number
  readonly name: string
  readonly stage: string
  /** As the host says, known or not. */
  readonly status: string
  readonly allowFailure: boolean
  readonly failureReason?: string | undefined
  readonly webUrl: string
  /** Epoch milliseconds. */
  readonly startedAt?: number | undefined
  readonly finishedAt?: number | undefined
  /** When a `scheduled` job will begin. */
  readonly scheduledAt?: number | undefined
  /** Another job has taken its place. */
  readonly isRetried: boolean
  /** A bridge starts another pipeline; it has no trace of its own. */
  readonly kind: 'job' | 'bridge'
  /** Pipeline that a bridge has started. */
  readonly downstream?: { readonly projectId: number; readonly pipelineId: number; readonly status: string } | undefined
}

/** A test as a report of the pipeline tells it. */
export interface ReportedTest {
  /** Job or suite of the report that it stands in. */
  readonly suite: string
  readonly classname: string
  readonly name: string
  readonly file?: string | undefined
  readonly status: 'success' | 'failed' | 'error' | 'skipped'
  /** Message and trace of a failure. */
  readonly output?: string | undefined
}

/** What the JUnit reports of a pipeline say together. `tests` is empty where there are none. */
export interface TestReport {
  readonly tests: readonly ReportedTest[]
}

/** Who asks, and what the token allows. */
interface ForgeIdentity {
  readonly username: string
  /** Scopes of the token, where the host tells them. */
  readonly scopes?: readonly string[] | undefined
  /** Day the token ends, as the host writes it. */
  readonly expiresOn?: string | undefined
}

/** Which pipelines are meant. */
export interface PipelineQuery {
  readonly sha?: string | undefined
  readonly ref?: string | undefined
  readonly status?: string | undefined
  /** Also the pipelines of this merge request. */
  readonly mergeRequest?: number | undefined
  /** Newest that are given, at most; 20 unless set. */
  readonly limit?: number | undefined
}

/** A merge request as it is to be. */
export interface NewMergeRequest {
  readonly sourceBranch: string
  readonly targetBranch: string
  readonly title: string
  readonly description: string
}

/** What a check of the pipeline's description says. */
export interface CiLint {
  readonly isValid: boolean
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  /** The whole description with its includes, as YAML, where the host gives it. */
  readonly merged?: string | undefined
}

/** How a new project is set up. */
interface ProjectSetup {
  readonly path: string
  readonly visibility: 'private' | 'internal' | 'public'
}

/**
 * A code host with pipelines. Every call throws `forge_auth_failed` (token or role), `forge_rejected` (the request makes no
 * sense to it), `forge_unavailable` and `forge_rate_limited` (after its retries), `forge_garbled` (not its protocol); an abort
 * throws the signal's reason. What is created is looked for before it is created again, so that a lost answer makes no second one.
 */
export interface Forge {
  /** How reports call it: `GitLab gitlab.example.com`, `local`. */
  readonly name: string
  /** What a person does with a branch that is green, where that is not to merge its merge request. */
  readonly afterGreen?: ((branch: string) => string) | undefined
  identify(signal: AbortSignal): Promise<ForgeIdentity>
  /** A project by its full path or id; `undefined` where it is not there or not visible. */
  findProject(path: string, signal: AbortSignal): Promise<ForgeProject | undefined>
  searchProjects(text: string, signal: AbortSignal): Promise<readonly ForgeProject[]>
  createProject(setup: ProjectSetup, signal: AbortSignal): Promise<ForgeProject>
  findBranch(projectId: number, name: string, signal: AbortSignal): Promise<ForgeBranch | undefined>
  protectBranch(projectId: number, name: string, signal: AbortSignal): Promise<void>
  /** The open or closed merge request of a source branch, newest first. */
  findMergeRequest(projectId: number, sourceBranch: string, signal: AbortSignal): Promise<MergeRequest | undefined>
  mergeRequest(projectId: number, iid: number, signal: AbortSignal): Promise<MergeRequest | undefined>
  /** Opens one; one that is open for the same source branch is given back instead. */
  openMergeRequest(projectId: number, request: NewMergeRequest, signal: AbortSignal): Promise<MergeRequest>
  updateMergeRequest(
    at: { readonly projectId: number; readonly iid: number },
    change: { readonly title?: string; readonly description?: string },
    signal: AbortSignal,
  ): Promise<MergeRequest>
  /** Paths that a merge request changes. */
  changedPaths(
    at: { readonly projectId: number; readonly iid: number },
    signal: AbortSignal,
  ): Promise<readonly string[]>
  /** Writes the one comment that holds `marker`, or changes it. */
  putNote(
    at: { readonly projectId: number; readonly iid: number },
    note: { readonly marker: string; readonly body: string },
    signal: AbortSignal,
  ): Promise<void>
  /** Newest first. */
  pipelines(projectId: number, query: PipelineQuery, signal: AbortSignal): Promise<readonly ForgePipeline[]>
  pipeline(projectId: number, id: number, signal: AbortSignal): Promise<ForgePipeline>
  /** Starts a pipeline by hand. Throws `forge_rejected` with the host's words where its description is bad. */
  createPipeline(projectId: number, ref: string, signal: AbortSignal): Promise<ForgePipeline>
  cancelPipeline(projectId: number, id: number, signal: AbortSignal): Promise<void>
  /** All jobs with those of child pipelines, retried ones too. */
  jobs(projectId: number, pipelineId: number, signal: AbortSignal): Promise<readonly ForgeJob[]>
  /** Runs a job once more; gives the new job. */
  retryJob(projectId: number, jobId: number, signal: AbortSignal): Promise<ForgeJob>
  /** Starts a manual job. */
  playJob(projectId: number, jobId: number, signal: AbortSignal): Promise<ForgeJob>
  /** The whole output of a job so far, at most 32 MiB of it (head and tail). */
  trace(projectId: number, jobId: number, signal: AbortSignal): Promise<string>
  testReport(projectId: number, pipelineId: number, signal: AbortSignal): Promise<TestReport>
  /** Checks the description of the pipeline as it stands at `ref`. */
  lint(projectId: number, ref: string, signal: AbortSignal): Promise<CiLint>
  close(): Promise<void>
}
