import type { BenchFigure, CollectedTest, Failure, FileCoverage, Outcome, Phase, SandboxTier } from './run.ts'
import type { Framework } from './suite.ts'

/** What is sent to a model. */
export interface Prompt {
  readonly system: string
  readonly user: string
}

/** Tokens of one call, as the server counted them, or estimated (`estimated: true`). */
export interface Usage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly estimated: boolean
}

/** What came back from a model. `length` means it was cut off by a limit. */
export interface Answer {
  readonly text: string
  /** Thoughts that the server sent in a field of their own. */
  readonly reasoning: string
  readonly finish: 'stop' | 'length' | 'unknown'
  readonly model: string
  /** Name of the provider that answered, where it is not the one that was asked. */
  readonly provider?: string | undefined
  readonly usage: Usage
  readonly durationMs: number
}

/** Options of one call; `onText` is called with each piece as it comes. */
export interface CallOptions {
  readonly signal: AbortSignal
  readonly onText?: ((piece: string) => void) | undefined
}

/** A model, however it is reached. */
export interface Provider {
  /** How it is named in reports: `http qwen-max`, `mock answer.md`. */
  readonly name: string
  /** Name of the model, where it is known before a call. */
  readonly model?: string | undefined
  complete(prompt: Prompt, options: CallOptions): Promise<Answer>
}

/** What one process of a test framework tells us, one JSON object a line, over an inherited descriptor. */
export type TestEvent =
  | {
      readonly event: 'session_start'
      readonly version: string
      readonly interpreter: string
      readonly plugins: Readonly<Record<string, string>>
    }
  /** Files this process is about to collect, one after another; a framework that collects first does not tell them. */
  | { readonly event: 'files'; readonly files: readonly string[] }
  /** All tests of this file are told. */
  | { readonly event: 'file_done'; readonly file: string }
  /** Tests this process has found; several of these add up. */
  | { readonly event: 'collected'; readonly tests: readonly CollectedTest[] }
  | { readonly event: 'deselected'; readonly count: number }
  /** A file that could not be collected. */
  | { readonly event: 'collect_error'; readonly file: string; readonly failure: Failure }
  /** Something broke outside every test: a hook behind the last one, an error that nobody caught. */
  | { readonly event: 'suite_error'; readonly file: string; readonly failure: Failure }
  | { readonly event: 'test_start'; readonly id: string; readonly at: number }
  | {
      readonly event: 'phase'
      readonly id: string
      readonly phase: Phase
      readonly outcome: Outcome
      readonly durationMs: number
      readonly failure?: Failure | undefined
      readonly skipReason?: string | undefined
    }
  /** The last word on this attempt. */
  | {
      readonly event: 'test_finish'
      readonly id: string
      readonly outcome: Outcome
      readonly durationMs: number
      readonly failure?: Failure | undefined
      readonly skipReason?: string | undefined
      readonly stdout?: string | undefined
      readonly stderr?: string | undefined
    }
  | { readonly event: 'benchmark'; readonly figure: BenchFigure }
  | { readonly event: 'coverage'; readonly files: readonly FileCoverage[] }
  | { readonly event: 'internal_error'; readonly message: string }
  /** Something worth knowing that decides nothing. */
  | { readonly event: 'note'; readonly message: string }
  | { readonly event: 'session_end'; readonly exitCode: number }

/** A command line. `argv[0]` is the program. `env` is the whole environment, not an addition. */
export interface Command {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Where a runner looks for its framework. */
export interface RunnerPlace {
  readonly cwd: string
  /** Interpreter or framework executable that the user named. */
  readonly executable?: string | undefined
  readonly env: Readonly<Record<string, string>>
}

/** What was found there. */
export interface RunnerInfo {
  readonly framework: Framework
  readonly version: string
  /** Interpreter, absolute: a python or a node. */
  readonly executable: string
  /** Folder of the framework's own package, where the interpreter alone does not lead to it (vitest). */
  readonly root?: string | undefined
  readonly interpreter: string
  /** Helpful plugins present, by name: xdist, cov, timeout, benchmark, rerunfailures. */
  readonly plugins: Readonly<Record<string, string>>
  /** Folders outside the working folder that the framework needs to read (interpreter, packages). */
  readonly readOnlyPaths: readonly string[]
}

/** Which tests one process runs. */
export type Selection =
  | {
      readonly kind: 'paths'
      readonly paths: readonly string[]
      readonly shard?: { readonly index: number; readonly of: number } | undefined
    }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }

/** The work of one process of a framework. */
export interface RunnerJob {
  readonly cwd: string
  /** An empty folder of this process, writable, for its own files. */
  readonly scratchDir: string
  readonly select: Selection
  readonly collectOnly: boolean
  /** Whether other processes run other tests of the same request, so that totals of this one say nothing. */
  readonly isPart?: boolean | undefined
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly testTimeoutMs: number
  /** Workers inside the framework (xdist, vitest's pool); 1 where we divide the work ourselves. */
  readonly workers: number
  readonly coverage?: { readonly sources: readonly string[]; readonly branches: boolean } | undefined
  readonly benchmark: boolean
}

/** How a process of a framework is started. The events come over descriptor `channelFd`. */
export interface Launch {
  readonly command: Command
  readonly channelFd: 3
  /** Files and folders that must be readable inside a sandbox besides the working folder. */
  readonly readOnlyPaths: readonly string[]
}

/** A test framework. */
export interface Runner {
  readonly framework: Framework
  /** Finds the framework; throws `framework_missing` with what was tried. */
  probe(place: RunnerPlace, signal: AbortSignal): Promise<RunnerInfo>
  /** Writes what the process needs into `job.scratchDir` and says how it is started. */
  launch(job: RunnerJob, info: RunnerInfo): Promise<Launch>
}

/** What a process may use. */
export interface SandboxPolicy {
  /** Folders it may write to: the workspace and its scratch folder. `inside` is the path it sees. */
  readonly writable: readonly { readonly outside: string; readonly inside: string }[]
  readonly readOnly: readonly string[]
  readonly network: boolean
  readonly memoryBytes: number
  readonly maxProcesses: number
  readonly maxFileBytes: number
  readonly cpuSeconds: number
}

/** A command in its box, with what ends and clears it. */
export interface Boxed {
  readonly command: Command
  /** Called when the process is gone: removes control groups and the like, kills what is left. */
  release(): Promise<void>
}

/** A way of locking a process in. */
export interface Sandbox {
  readonly tier: SandboxTier
  /** What is not protected here, in words for people; empty for `standard` where control groups can be had. */
  readonly gaps: readonly string[]
  /** Makes a folder that processes in the box may own (workspace, scratch). */
  prepare(folder: string): Promise<void>
  box(command: Command, policy: SandboxPolicy): Promise<Boxed>
}

/** Makes vectors of texts, in their order. `tokens` is what the server counted, or an estimate. */
export type Embed = (
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<{ readonly vectors: readonly (readonly number[])[]; readonly tokens: number }>
