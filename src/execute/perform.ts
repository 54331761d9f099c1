import { GreenloopError } from '../domain/errors.ts'
import { monotonic } from '../lib/clock.ts'
import { conclude } from './aftermath.ts'
import type { Casualty } from './aftermath.ts'
import { report } from './context.ts'
import type { RunContext, Task } from './context.ts'
import { followUps } from './follow-up.ts'
import { runInProcess } from './process-run.ts'
import type { FinishedProcess } from './process-run.ts'
import { brief } from './session.ts'

const stopOptions = /^(?:-x|--exitfirst|--maxfail(?:=.*)?|--stepwise|--sw|--bail(?:=.*)?)$/
const maxTrace = 8192

/** Runs a task in a process, enters what came of it, and returns the tasks that bring what is missing. */
export async function perform(task: Task, context: RunContext): Promise<readonly Task[]> {
  if (context.stop.aborted) return []
  const finished = await runInProcess(task, context)
  const { session, ending } = finished
  if (task.purpose === 'run' && hasRefused(finished)) throw didNotStart(finished, context)
  enter(task, finished, context)
  const aftermath = conclude(session, {
    ending,
    testTimeoutSeconds: context.request.testTimeoutSeconds,
    stopsAtFailure: context.request.args.some((arg) => stopOptions.test(arg)),
  })
  for (const casualty of aftermath.casualties) bury(casualty, finished, context)
  // While the file to blame is being searched for, every half of it fails the same way; the first time says it.
  const isSearch = aftermath.isBlind && task.purpose === 'remainder'
  for (const problem of [...session.problems, ...(isSearch ? [] : aftermath.problems)]) report(context, problem)
  return context.collectOnly ? [] : await followUps(task, aftermath, context)
}

/** Whether the framework ended on its own account before it had anything to run: a wrong option, a missing file. */
function hasRefused({ session, ending }: FinishedProcess): boolean {
  if (ending.stopped || ending.overdue !== undefined) return false
  if (!session.started) return true
  const { assigned, exitCode, pendingFiles, problems, ranForeign } = session
  // Code 5 of pytest stands for an empty selection.
  const isBad = exitCode !== undefined && exitCode !== 0 && exitCode !== 5
  return isBad && assigned.size + pendingFiles.size === 0 && problems.length === 0 && !ranForeign
}

function enter(task: Task, { session, end, argv }: FinishedProcess, { findings, request }: RunContext): void {
  findings.processes.push({
    number: task.number,
    argv,
    startedAt: end.startedAt,
    durationMs: end.durationMs,
    exitCode: end.exitCode,
    signal: end.signal,
    sessionEnded: session.exitCode !== undefined,
    purpose: task.purpose,
  })
  if (session.coverage !== undefined) findings.coverage.push(session.coverage)
  findings.benchmarks.push(...session.benchmarks)
  if (task.select.kind === 'paths') findings.deselected += session.deselected
  const hasTests = session.attempted.size > 0
  if (request.coverage !== false && hasTests && session.coverage === undefined) findings.uncovered.push(task.number)
}

/** Enters the attempt of a test whose process did not outlive it. */
function bury({ id, outcome, message }: Casualty, { session, end }: FinishedProcess, context: RunContext): void {
  const { ledger } = context.findings
  const open = session.open.get(id)
  if (open === undefined || (outcome === 'cancelled' && ledger.attemptsOf(id).length > 0)) return
  const type = outcome === 'timed_out' ? 'Timeout' : outcome === 'crashed' ? 'ProcessEnded' : 'Cancelled'
  const attempt = ledger.record(id, {
    outcome,
    startedAt: open.startedAt,
    durationMs: Math.round(monotonic() - open.startedTick),
    phasesMs: open.phasesMs,
    failure: { phase: open.phase, type, message, trace: end.stderr.text.slice(-maxTrace) },
    stdout: '',
    stderr: '',
    process: session.options.number,
  })
  context.logs.line(`[${attempt.process}] ${outcome} ${id} (attempt ${attempt.number}): ${message}`)
  context.onProgress({ kind: 'test', id, done: ledger.done(), total: ledger.total(), ...brief(attempt) })
}

function didNotStart({ end, ending }: FinishedProcess, { request, logs }: RunContext): GreenloopError {
  const said = end.stderr.text.trim() || end.stdout.text.trim()
  logs.line('the framework ended before it collected anything')
  const how = ending.signal ?? `exit code ${ending.exitCode}`
  return new GreenloopError('runner_failed', `${request.framework} ended before it collected anything (${how})`, {
    ...(said === '' ? {} : { why: said.slice(-2000) }),
    help: 'what it printed lies in the logs of the run',
  })
}
