import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { createCapped } from './capped.ts'
import type { CappedText } from './capped.ts'
import { after, monotonic, now } from './clock.ts'
import type { Timer } from './clock.ts'

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
  readonly timeoutMs?: number | undefined
  /** Time between TERM and KILL; 2,000 ms unless set. */
  readonly graceMs?: number | undefined
}

/** How a process ended; the same shape whether it went well, badly, or could not be started. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly startedAt: number
  readonly durationMs: number
  readonly stdout: CappedText
  readonly stderr: CappedText
  readonly endedBy: 'itself' | 'timeout' | 'abort' | 'kill'
  /** Set when the program could not be started at all. */
  readonly spawnError?: NodeJS.ErrnoException | undefined
}

/** A process that was started. */
export interface RunningProcess {
  readonly pid: number | undefined
  readonly ended: Promise<ProcessEnd>
  /** Ends the process group at once. */
  kill(): void
  /** Asks it to end, then ends it. */
  terminate(): void
}

/** Variable by which descendants are found that left their process group. */
const marker = 'GREENLOOP_PROCESS'
const maxLineBytes = 16 * 1024 * 1024
/** A surviving grandchild may hold a pipe open for ever; after this long it is not waited for. */
const drainMs = 250

/** Runs a command to its end. */
export function runProcess(command: ProcessCommand, options: ProcessOptions): Promise<ProcessEnd> {
  return startProcess(command, options).ended
}

/** Starts a command in a process group of its own. */
export function startProcess(command: ProcessCommand, options: ProcessOptions): RunningProcess {
  const id = randomBytes(12).toString('hex')
  const [program = '', ...args] = command.argv
  const startedAt = now()
  const start = monotonic()
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...command.env, [marker]: id },
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe', ...(options.onChannelLine === undefined ? [] : (['pipe'] as const))],
  })
  const streams = readStreams(child, options)
  const ending = watchEnd(child, options)
  const ended = ending.exited.then(async ({ exitCode, signal, spawnError }): Promise<ProcessEnd> => {
    await Promise.race([streams.drained, passed(drainMs)])
    killGroup(child, 'SIGKILL')
    await reap(id)
    streams.close()
    return {
      exitCode,
      signal,
      startedAt,
      durationMs: Math.round(monotonic() - start),
      stdout: streams.stdout(),
      stderr: streams.stderr(),
      endedBy: ending.endedBy(),
      ...(spawnError === undefined ? {} : { spawnError }),
    }
  })
  return { pid: child.pid, ended, kill: ending.kill, terminate: ending.terminate }
}

function readStreams(child: ChildProcess, options: ProcessOptions) {
  const stdout = createCapped(options.outputCapBytes)
  const stderr = createCapped(options.outputCapBytes)
  const channel = child.stdio[3] as Readable | null | undefined
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout.add(chunk)
    options.onStdout?.(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr.add(chunk)
    options.onStderr?.(chunk)
  })
  if (options.onChannelLine !== undefined) channel?.on('data', lineSplitter(options.onChannelLine))
  const readable = [child.stdout, child.stderr, channel].filter((stream) => stream !== null && stream !== undefined)
  for (const stream of readable) stream.on('error', () => {})
  // A child that never reads its input makes the pipe fail, which is no failure of the run.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.stdin ?? '')
  const drained = Promise.all(readable.map((stream) => new Promise((resolve) => stream.once('close', resolve))))
  return {
    stdout: () => stdout.read(),
    stderr: () => stderr.read(),
    drained,
    close: () => {
      for (const stream of readable) stream.destroy()
    },
  }
}

interface Exit {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly spawnError?: NodeJS.ErrnoException
}

function watchEnd(child: ChildProcess, { signal, timeoutMs, graceMs = 2000 }: ProcessOptions) {
  let endedBy: ProcessEnd['endedBy'] = 'itself'
  let over = false
  const timers: Timer[] = []
  const stop = (by: ProcessEnd['endedBy'], hard: boolean): void => {
    if (over) return
    if (endedBy === 'itself') endedBy = by
    killGroup(child, hard ? 'SIGKILL' : 'SIGTERM')
    if (!hard) timers.push(after(graceMs, () => killGroup(child, 'SIGKILL')))
  }
  const onAbort = (): void => stop('abort', false)
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (spawnError: NodeJS.ErrnoException) => resolve({ exitCode: null, signal: null, spawnError }))
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

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

/** Cuts a byte stream into lines; a line over the cap is dropped up to its end, so that memory stays bounded. */
function lineSplitter(onLine: (line: string) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let size = 0
  return (chunk) => {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at))
      size += at - from
      if (size <= maxLineBytes) onLine(parts.length === 1 ? (parts[0] ?? chunk).toString('utf8') : Buffer.concat(parts).toString('utf8'))
      parts = []
      size = 0
      from = at + 1
    }
    if (from === chunk.length) return
    size += chunk.length - from
    if (size > maxLineBytes) parts = []
    else parts.push(chunk.subarray(from))
  }
}

/**
 * Ends descendants that left the process group (setsid, double fork), found by the marker in their environment.
 * Works on Linux; elsewhere it does nothing.
 */
export async function reap(id: string): Promise<number> {
  if (process.platform !== 'linux') return 0
  const wanted = `${marker}=${id}`
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      return environment.includes(wanted) ? Number(pid) : undefined
    }),
  )
  const survivors = found.filter((pid) => pid !== undefined)
  for (const pid of survivors) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself in between.
    }
  }
  return survivors.length
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => void after(ms, resolve, { unref: true }))
}
