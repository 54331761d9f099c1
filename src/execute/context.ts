import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { Runner, RunnerInfo, Sandbox, Selection } from '../domain/ports.ts'
import type { OnProgress } from '../domain/progress.ts'
import type { BenchFigure, FileCoverage, ProcessRecord, RunProblem } from '../domain/run.ts'
import type { RunTasks } from '../domain/task.ts'
import type { Ledger } from './ledger.ts'
import type { Logs } from './logs.ts'
import type { Silence } from './watch.ts'
import type { Workspaces } from './workspace.ts'

/** The work of one process, as the loop hands it out. */
export interface Task {
  readonly number: number
  readonly purpose: ProcessRecord['purpose']
  readonly select: Selection
  /** How often a process with this work made no progress. */
  readonly stalls: number
}

/** What is being filled while a run goes on. */
export interface Findings {
  readonly ledger: Ledger
  readonly problems: RunProblem[]
  readonly processes: ProcessRecord[]
  readonly coverage: (readonly FileCoverage[])[]
  readonly benchmarks: BenchFigure[]
  /** Processes that ran tests and sent no coverage although it was asked for. */
  readonly uncovered: number[]
  deselected: number
  /** Whether a share that lost its files was already replaced by the whole selection. */
  isUnsharded: boolean
}

/** What every process of a run shares. */
export interface RunContext {
  readonly request: ExecutionRequest
  readonly runner: Runner
  readonly info: RunnerInfo
  readonly sandbox: Sandbox
  readonly workspaces: Workspaces
  readonly logs: Logs
  readonly findings: Findings
  readonly silence: Silence
  readonly env: Readonly<Record<string, string>>
  readonly collectOnly: boolean
  /** Processes side by side, and workers inside one process. */
  readonly width: number
  readonly innerWorkers: number
  readonly onProgress: OnProgress
  /** Aborted when the run is to end early, by the user or by its own limit. */
  readonly stop: AbortSignal
  nextNumber(): number
  readonly runTasks: RunTasks
  /** Whether the ledger holds what an earlier part of the run has left. */
  readonly isResumed: boolean
}

const maxProblems = 200

/** Adds a problem to the run, once, and tells it. */
export function report({ findings, logs, onProgress }: RunContext, problem: RunProblem): void {
  const isKnown = findings.problems.some(({ kind, message }) => kind === problem.kind && message === problem.message)
  if (isKnown || findings.problems.length >= maxProblems) return
  findings.problems.push(problem)
  logs.line(`${problem.kind}: ${problem.message}`)
  onProgress({ kind: 'note', problem })
}
