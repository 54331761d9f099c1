import type { LoadedSettings } from '../config/settings.ts'
import { testEnvironment } from '../config/test-environment.ts'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { Execution } from '../domain/run.ts'
import { executeTasks } from '../engine/execute-tasks.ts'
import { execute } from '../execute/execute.ts'
import type { Resumed } from '../execute/execute.ts'
import type { RunBook } from '../execute/ledger.ts'
import type { OverlayFile } from '../execute/workspace.ts'
import type { Summary } from '../report/summary.ts'
import { openSandbox } from '../runners/sandbox.ts'
import { runners } from '../runners/runner-table.ts'
import type { EarlierPart } from './earlier.ts'
import { redactorOf } from './settings.ts'
import { storeFiles } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** One execution and where it leaves its logs. */
export interface ExecutionInput {
  readonly request: ExecutionRequest
  readonly runId: string
  /** Folder of the run, absolute and there. */
  readonly runDir: string
  /** Files laid over the copy of the project that the tests see. */
  readonly overlay?: readonly OverlayFile[] | undefined
  readonly collectOnly?: boolean | undefined
  /** Where tests and attempts are put on record. */
  readonly book?: RunBook | undefined
  /** Waited for before the first process starts. */
  readonly ready?: Promise<unknown> | undefined
  /** What an earlier part of this run has left. */
  readonly earlier?: EarlierPart | undefined
}

/** Finds the framework and the sandbox, then runs or only collects. */
export async function runRequest(
  input: ExecutionInput & { readonly resumed?: Resumed | undefined },
  loaded: LoadedSettings,
  where: Surroundings,
): Promise<Execution> {
  const { request } = input
  const environment = testEnvironment(where.env)
  const runner = runners[request.framework]()
  // A framework is looked for outside the sandbox: of the request's variables it gets those that tell where.
  const env = { ...environment, ...testEnvironment(request.env) }
  const project = { cwd: request.cwd, env, executable: request.executable }
  const [info, { sandbox }] = await Promise.all([
    runner.probe(project, where.signal),
    openSandbox(request.sandbox ?? loaded.settings.execution.sandbox),
    input.ready,
  ])
  // Loaded while the tests run, since it is not needed before they are over.
  const reports = import('../report/write.ts')
  const { runId, runDir, overlay = [], collectOnly = false, book, resumed, earlier } = input
  const redact = redactorOf(loaded, request.env).text
  const record = { book, resumed, appendLogs: earlier !== undefined }
  const leaveOut = [...storeFiles(loaded.settings.store), ...(where.confined?.unseen ?? [])]
  const place = { runDir, runId, environment, overlay, leaveOut }
  const parts = { runner, info, sandbox, ...place, ...record, collectOnly, redact, runTasks: executeTasks }
  const execution = await execute(request, parts, { signal: where.signal, onProgress: where.onProgress ?? ignore })
  await reports
  return overlay.length === 0 ? execution : { ...execution, scriptDir: runDir }
}

/** Nobody watches. */
function ignore(): void {}

/** A finished run: what happened, what is printed, where it lies. */
export interface Reported {
  readonly execution: Execution
  readonly summary: Summary
  readonly runDir: string
}

/** Writes every report of an execution. */
export async function report(execution: Execution, input: ExecutionInput, loaded: LoadedSettings): Promise<Reported> {
  const { runDir, request, earlier } = input
  const redactor = redactorOf(loaded, request.env)
  const { writeReports } = await import('../report/write.ts')
  const coverageRequested = request.coverage !== false
  const { summary } = await writeReports(execution, {
    runDir,
    redactor,
    coverageRequested,
    again: earlier !== undefined,
  })
  return { execution, summary, runDir }
}
