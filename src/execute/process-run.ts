import { dirname, isAbsolute, join, relative } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Command, Launch, RunnerJob, SandboxPolicy } from '../domain/ports.ts'
import { monotonic, now } from '../lib/clock.ts'
import { startProcess } from '../lib/process.ts'
import type { ProcessEnd } from '../lib/process.ts'
import type { Ending } from './aftermath.ts'
import type { RunContext, Task } from './context.ts'
import { createSession, hear } from './session.ts'
import type { Session } from './session.ts'
import { fileOf } from './test-files.ts'
import { watch } from './watch.ts'
import type { Overdue } from './watch.ts'
import type { Workspace } from './workspace.ts'

/** A process that is over: what it told, and how it ended. */
export interface FinishedProcess {
  readonly session: Session
  readonly ending: Ending
  readonly end: ProcessEnd
  /** Command line of the framework, without its box. */
  readonly argv: readonly string[]
}

const mebibyte = 1024 * 1024
/** A process for one test or a few has little to say. */
const smallOutputBytes = 256 * 1024

/** Starts a process of the framework in its box, listens to it and looks after it until it is gone. */
export async function runInProcess(task: Task, context: RunContext): Promise<FinishedProcess> {
  const workspace = await context.workspaces.open(task.number)
  try {
    const launch = await context.runner.launch(jobFor(task, workspace, context), context.info)
    await context.sandbox.prepare(workspace.scratch)
    const boxed = await context.sandbox.box(launch.command, policyFor(workspace, launch, context))
    try {
      context.logs.line(`[${task.number}] started for ${task.purpose}: ${launch.command.argv.join(' ')}`)
      return { ...(await supervise(task, boxed.command, context)), argv: launch.command.argv }
    } finally {
      await boxed.release()
    }
  } finally {
    workspace.release()
  }
}

function jobFor({ purpose, select }: Task, { inside, scratch }: Workspace, context: RunContext): RunnerJob {
  const { request, env, innerWorkers, collectOnly, width } = context
  return {
    cwd: inside,
    scratchDir: scratch,
    select,
    collectOnly,
    isPart: width > 1 || purpose !== 'run',
    args: request.args,
    env,
    testTimeoutMs: request.testTimeoutSeconds * 1000,
    workers: select.kind === 'ids' && select.ids.length === 1 ? 1 : innerWorkers,
    ...(request.coverage === false ? {} : { coverage: request.coverage }),
    benchmark: request.benchmark,
  }
}

function policyFor(
  workspace: Workspace,
  launch: Launch,
  { request, info, width, innerWorkers }: RunContext,
): SandboxPolicy {
  const { inside, outside, scratch, temp } = workspace
  const project = workspace.isCopy ? [{ outside, inside }] : []
  const shared = temp === undefined ? [] : [{ outside: temp, inside: '/tmp' }]
  return {
    writable: [...shared, ...project, { outside: scratch, inside: scratch }],
    readOnly: [...info.readOnlyPaths, ...launch.readOnlyPaths, ...workspace.shown, ...outsideFolders(request)],
    network: request.network,
    memoryBytes: request.maxMemoryMb * mebibyte,
    maxProcesses: 256,
    maxFileBytes: 256 * mebibyte,
    cpuSeconds: Math.ceil(request.timeoutSeconds) * Math.max(width, innerWorkers),
  }
}

/** Folders of tests that lie outside the working folder. */
function outsideFolders({ cwd, tests }: RunContext['request']): readonly string[] {
  return tests
    .map((path) => join(isAbsolute(path) ? '' : cwd, fileOf(path)))
    .filter((path) => relative(cwd, path).startsWith('..'))
    .map((path) => (/\.\w+$/.test(path) ? dirname(path) : path))
}

type Supervised = Omit<FinishedProcess, 'argv'>

async function supervise(task: Task, command: Command, context: RunContext): Promise<Supervised> {
  const { findings, logs, onProgress, request, stop } = context
  const { number, purpose, select } = task
  const ids = select.kind === 'ids' ? select.ids : undefined
  const session = createSession({
    number,
    ids,
    ledger: findings.ledger,
    onProgress,
    now,
    tick: monotonic,
    log: (text) => logs.line(text),
  })
  let overdue: Overdue | undefined
  const outputCapBytes = purpose === 'run' ? request.maxOutputMb * mebibyte : smallOutputBytes
  const output = logs.output(`process ${number} (${purpose})`, outputCapBytes)
  const running = startProcess(command, {
    onChannelLine: (line) => hear(session, line),
    onStdout: output.stdout,
    onStderr: output.stderr,
    outputCapBytes,
    signal: stop,
  })
  onProgress({ kind: 'started', process: number, purpose, tests: ids?.length })
  const timer = watch(session, context.silence, (found) => {
    overdue = found
    const ids = found.kind === 'tests' ? found.ids : []
    logs.line(`[${number}] killed: silent for too long (${ids.length > 0 ? ids.join(', ') : found.kind})`)
    onProgress({
      kind: 'killed',
      process: number,
      reason: 'silent for too long',
      id: ids.length === 1 ? ids[0] : undefined,
    })
    running.kill()
  })
  const end = await running.ended
  timer.cancel()
  if (end.spawnError !== undefined) throw cannotStart(command, end.spawnError)
  const { exitCode, signal, stdout, stderr } = end
  logs.line(`[${number}] ended: ${signal ?? `exit code ${exitCode}`} after ${end.durationMs} ms`)
  output.end(signal ?? `exit code ${exitCode}`, stdout, stderr)
  return { session, end, ending: { exitCode, signal, overdue, stopped: end.endedBy === 'abort' } }
}

function cannotStart(command: Command, cause: Error): GreenloopError {
  const program = command.argv[0] ?? ''
  const help = '`greenloop doctor` shows what was found'
  return new GreenloopError('runner_failed', `${program} could not be started: ${cause.message}`, { cause, help })
}
