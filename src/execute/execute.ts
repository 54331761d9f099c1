import { resolve } from 'node:path'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { Runner, RunnerInfo, Sandbox } from '../domain/ports.ts'
import type { OnProgress } from '../domain/progress.ts'
import type { Execution, RunProblem } from '../domain/run.ts'
import type { RunTasks } from '../domain/task.ts'
import { after, monotonic, now } from '../lib/clock.ts'
import { conclusion } from './conclusion.ts'
import { report } from './context.ts'
import type { Findings, RunContext } from './context.ts'
import { createLedger } from './ledger.ts'
import type { Earlier, RunBook } from './ledger.ts'
import { openLogs } from './logs.ts'
import type { Silence } from './watch.ts'
import { planWork, runAll } from './work.ts'
import { openWorkspaces } from './workspace.ts'
import type { OverlayFile } from './workspace.ts'

/** What an execution is made with. */
export interface ExecuteParts {
  readonly runner: Runner
  readonly info: RunnerInfo
  readonly sandbox: Sandbox
  readonly runId: string
  /** Absolute folder for the logs; made where it is missing. */
  readonly runDir: string
  /** Basic environment of the tests; the request's own variables are added to it. */
  readonly environment: Readonly<Record<string, string>>
  /** Files laid over a copy of the project; the project itself is never written. */
  readonly overlay?: readonly OverlayFile[] | undefined
  /** Passed over everything that goes into the logs. */
  readonly redact?: ((text: string) => string) | undefined
  /** Only finds the tests: they come back without an attempt, so the verdict says nothing. */
  readonly collectOnly?: boolean | undefined
  /** How long a process may be silent, where the usual limits do not fit. */
  readonly silence?: Partial<Silence> | undefined
  /** Files of the project that are never copied, absolute: the record of runs. */
  readonly leaveOut?: readonly string[] | undefined
  /** The engine that processes and retries run on. */
  readonly runTasks: RunTasks
  /** Told of each test and each attempt as they come. */
  readonly book?: RunBook | undefined
  /** Goes on with the logs of an earlier part of the run. */
  readonly appendLogs?: boolean | undefined
  /** What a run of the same request that was broken off has left: tests that have ended are not run again. */
  readonly resumed?: Resumed | undefined
}

/** The part of a run that is behind it already. */
export interface Resumed extends Earlier {
  readonly problems: readonly RunProblem[]
}

/** How an execution is ended early and watched. */
export interface ExecuteOptions {
  readonly signal: AbortSignal
  readonly onProgress: OnProgress
}

const watchdogGraceMs = 3000
const idleMs = 120_000
const exitMs = 10_000

/**
 * Runs the tests of a request in processes of their own, reruns what a lost process left behind, retries what did not
 * pass, and judges. A failing test is a value; throws `runner_failed` where the framework cannot be started and
 * `artifact_failed` where the logs cannot be written. When `signal` aborts, what is finished is returned as cancelled.
 */
export async function execute(
  request: ExecutionRequest,
  parts: ExecuteParts,
  { signal, onProgress }: ExecuteOptions,
): Promise<Execution> {
  const [startedAt, start] = [now(), monotonic()]
  const stop = new AbortController()
  const onAbort = (): void => stop.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    const absolute = { ...request, cwd: resolve(request.cwd) }
    const context = await openContext(absolute, parts, { signal: stop.signal, onProgress })
    await runLimited(context, stop)
    const durationMs = Math.round(monotonic() - start)
    return await conclusion(context, parts, { startedAt, durationMs, cancelled: signal.aborted })
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

async function runLimited(context: RunContext, stop: AbortController): Promise<void> {
  const { timeoutSeconds } = context.request
  const timer = after(timeoutSeconds * 1000, () => {
    report(context, {
      kind: 'total_timeout',
      message: `the limit of ${timeoutSeconds} s for the whole run was reached`,
    })
    stop.abort()
  })
  try {
    await runAll(context, stop)
  } catch (error) {
    await context.logs.close()
    throw error
  } finally {
    timer.cancel()
    const left = await context.workspaces.close()
    if (left !== undefined)
      report(context, { kind: 'note', message: `a temporary folder could not be removed: ${left}` })
  }
}

async function openContext(
  request: ExecutionRequest,
  parts: ExecuteParts,
  options: ExecuteOptions,
): Promise<RunContext> {
  const { runner, info, sandbox, runDir, environment, overlay = [], redact = (text: string) => text } = parts
  const findings = newFindings(parts)
  const logs = await openLogs({ folder: runDir, framework: request.framework, redact, append: parts.appendLogs })
  const workspaces = await openWorkspaces({ cwd: request.cwd, overlay, sandbox, leaveOut: parts.leaveOut }).catch(
    async (error: unknown) => {
      await logs.close()
      throw error
    },
  )
  const { width, innerWorkers, notes } = planWork(request, info)
  let number = lastProcess(parts.resumed)
  const context: RunContext = {
    request,
    runner,
    info,
    sandbox,
    workspaces,
    logs,
    findings,
    width,
    innerWorkers,
    collectOnly: parts.collectOnly ?? false,
    env: { ...environment, ...request.env },
    silence: { testMs: request.testTimeoutSeconds * 1000 + watchdogGraceMs, idleMs, exitMs, ...parts.silence },
    onProgress: options.onProgress,
    stop: options.signal,
    nextNumber: () => ++number,
    runTasks: parts.runTasks,
    isResumed: parts.resumed !== undefined,
  }
  for (const message of notes) report(context, { kind: 'note', message })
  return context
}

/** Processes of the earlier part keep their numbers. */
function lastProcess(resumed: Resumed | undefined): number {
  const attempts = [...(resumed?.attempts.values() ?? [])].flat()
  return attempts.reduce((most, { process }) => Math.max(most, process), 0)
}

function newFindings({ book, resumed }: ExecuteParts): Findings {
  return {
    ledger: createLedger(book, resumed),
    problems: [...(resumed?.problems ?? [])],
    processes: [],
    coverage: [],
    benchmarks: [],
    uncovered: [],
    deselected: 0,
    isUnsharded: false,
  }
}
