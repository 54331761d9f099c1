import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { createCapped } from './capped.ts'
import type { CappedText } from './capped.ts'
import { after, monotonic, now } from './clock.ts'
import type { Timer } from './clock.ts'
import { createLineSplitter } from './lines.ts'
import { askToEnd, signalGroup } from './process-tree.ts'

/** A command line with its whole environment. */
export interface ProcessCommand {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** How a process is watched. */
export interface ProcessOptions {
  readonly stdin?: string | undefined
  /** Called with each complete line from descriptor 3, which is opened only when this is given. */
  readonly onChannelLine?: ((line: string) => void) | undefined
  readonly onStdout?: ((chunk: Buffer) => void) | undefined
  readonly onStderr?: ((chunk: Buffer) => void) | undefined
  /** Bytes kept of each output stream, half of them from its end. */
  readonly outputCapBytes: number
  /** Aborting ends the process: TERM, grace, KILL. */
  readonly signal: AbortSignal
  /** Milliseconds until the same happens by itself. */
  readonly timeoutMs?: number | undefined
  /** Milliseconds between TERM and KILL; 2,000 unless set. */
  readonly graceMs?: number | undefined
}

/** How a process ended; the same shape whether it went well, badly, or could not be started. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly durationMs: number
  readonly stdout: CappedText
  readonly stderr: CappedText
  /** Lines of the channel that were longer than 16 MiB and were handed on cut. */
  readonly cutLines: number
  /** What brought the end about: itself, or who asked for it first. */
  readonly endedBy: 'itself' | 'timeout' | 'abort' | 'kill'
  /** Set when the program could not be started at all. */
  readonly spawnError?: NodeJS.ErrnoException | undefined
}

/** A process that was started. */
export interface RunningProcess {
  readonly pid: number | undefined
  /** Never rejects. Settles when the process is gone and its pipes are read, or silent for 250 ms. */
  readonly ended: Promise<ProcessEnd>
  /** Ends the process group at once. */
  kill(): void
  /** Asks it to end, and ends it after the grace. */
  terminate(): void
}

const maxLineBytes = 16 * 1024 * 1024
const defaultGraceMs = 2000
/** A grandchild that survived may hold a pipe open for ever: this long a silence is taken for its end. */
const drainMs = 250
const maxDrainRounds = 8

/** Runs a command to its end; see {@link startProcess}. */
export function runProcess(command: ProcessCommand, options: ProcessOptions): Promise<ProcessEnd> {
  return startProcess(command, options).ended
}

/** Starts a command in a process group of its own; what is left of the group when it ends is killed. */
export function startProcess(command: ProcessCommand, options: ProcessOptions): RunningProcess {
  const startedAt = now()
  const start = monotonic()
  const started = options.signal.aborted ? undefined : spawnChild(command, options)
  const child = started instanceof Error ? undefined : started
  const streams = readStreams(child, options)
  const ending = watchEnd(child, options)
  const finish = async (): Promise<ProcessEnd> => {
    const exit = started instanceof Error ? { ...noExit, spawnError: started } : await ending.exited
    if (child?.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    await streams.drain()
    return {
      ...exit,
      startedAt,
      durationMs: Math.round(monotonic() - start),
      ...streams.read(),
      endedBy: ending.endedBy(),
    }
  }
  return { pid: child?.pid, ended: finish(), kill: ending.kill, terminate: ending.terminate }
}

/** Some failures to start are thrown (E2BIG, a zero byte), others come as an event; both end up in `spawnError`. */
function spawnChild({ argv, cwd, env }: ProcessCommand, options: ProcessOptions): ChildProcess | NodeJS.ErrnoException {
  const [program = '', ...args] = argv
  const stdin = options.stdin === undefined ? 'ignore' : 'pipe'
  const channel = options.onChannelLine === undefined ? [] : (['pipe'] as const)
  try {
    return spawn(program, args, {
      cwd,
      env,
      detached: process.platform !== 'win32',
      stdio: [stdin, 'pipe', 'pipe', ...channel],
    })
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

function readStreams(child: ChildProcess | undefined, options: ProcessOptions) {
  const stdout = createCapped(options.outputCapBytes)
  const stderr = createCapped(options.outputCapBytes)
  const lines = createLineSplitter(maxLineBytes, options.onChannelLine ?? (() => {}))
  let chunks = 0
  const pipes: { readonly stream: Readable; readonly closed: Promise<unknown> }[] = []
  const listen = (stream: unknown, onChunk: (chunk: Buffer) => void): void => {
    if (stream === null || stream === undefined) return
    const readable = stream as Readable
    readable.on('error', () => {})
    readable.on('data', (chunk: Buffer) => {
      chunks++
      onChunk(chunk)
    })
    pipes.push({ stream: readable, closed: new Promise((resolve) => readable.once('close', resolve)) })
  }
  listen(child?.stdout, (chunk) => {
    stdout.add(chunk)
    options.onStdout?.(chunk)
  })
  listen(child?.stderr, (chunk) => {
    stderr.add(chunk)
    options.onStderr?.(chunk)
  })
  listen(child?.stdio[3], (chunk) => lines.add(chunk))
  // A child that never reads its input breaks the pipe, which is no failure of the run.
  child?.stdin?.on('error', () => {})
  child?.stdin?.end(options.stdin)

  const drain = async (): Promise<void> => {
    const closed = Promise.all(pipes.map((pipe) => pipe.closed)).then(() => true)
    for (let round = 0, seen = -1; round < maxDrainRounds && seen !== chunks; round++) {
      seen = chunks
      if (await settledWithin(closed, drainMs)) return
    }
    for (const { stream } of pipes) stream.destroy()
  }
  return { drain, read: () => ({ stdout: stdout.read(), stderr: stderr.read(), cutLines: lines.cutLines() }) }
}

async function settledWithin(closed: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: Timer | undefined
  const silence = new Promise<boolean>((resolve) => {
    // What arrived while the event loop was busy is read before the timer counts.
    timer = after(ms, () => setImmediate(resolve, false))
  })
  const settled = await Promise.race([closed, silence])
  timer?.cancel()
  return settled
}

type Exit = Pick<ProcessEnd, 'exitCode' | 'signal' | 'spawnError'>
const noExit: Exit = { exitCode: null, signal: null }

function watchEnd(child: ChildProcess | undefined, { signal, timeoutMs, graceMs }: ProcessOptions) {
  let endedBy: ProcessEnd['endedBy'] = 'itself'
  let over = false
  const timers: Timer[] = []
  const stop = (by: ProcessEnd['endedBy'], hard: boolean): void => {
    if (over) return
    const pid = child?.pid
    const asked = endedBy !== 'itself'
    if (!asked) endedBy = by
    if (pid === undefined) return
    if (hard) signalGroup(pid, 'SIGKILL')
    if (hard || asked) return
    askToEnd(pid)
    timers.push(after(graceMs ?? defaultGraceMs, () => signalGroup(pid, 'SIGKILL')))
  }
  const onAbort = (): void => stop('abort', false)
  const exited = new Promise<Exit>((resolve) => {
    if (child === undefined) return resolve(noExit)
    child.once('error', (spawnError: NodeJS.ErrnoException) => resolve({ ...noExit, spawnError }))
    child.once('exit', (exitCode, exitSignal) => resolve({ exitCode, signal: exitSignal }))
  }).finally(() => {
    over = true
    for (const timer of timers) timer.cancel()
    signal.removeEventListener('abort', onAbort)
  })
  if (timeoutMs !== undefined) timers.push(after(timeoutMs, () => stop('timeout', false)))
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return { exited, endedBy: () => endedBy, kill: () => stop('kill', true), terminate: () => stop('kill', false) }
}
