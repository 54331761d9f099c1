import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createCapped } from '../lib/capped.ts'
import { createLineSplitter } from '../lib/lines.ts'
import { signalGroup } from '../lib/process-tree.ts'

/** Interpreter and surroundings of Python checks. */
export interface PythonPlace {
  /** `python3` unless set. */
  readonly interpreter?: string | undefined
  /** Whole environment of the process; that of this process unless set. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Working folder. */
  readonly folder: string
}

/** An interpreter that runs. */
export interface PythonProcess {
  /** Sends one line. */
  send(line: string): void
  /** Settles with what it said last when the process is gone. */
  readonly ended: Promise<string>
  kill(): void
}

const program = fileURLToPath(new URL('python/check_server.py', import.meta.url))
const stderrBytes = 16 * 1024
const maxLineBytes = 16 * 1024 * 1024

/** Starts an interpreter in a process group of its own; `onLine` is called with each answer. */
export function startPython(place: PythonPlace, onLine: (line: string) => void): PythonProcess {
  const interpreter = place.interpreter ?? 'python3'
  const child = spawn(interpreter, ['-u', '-B', '-X', 'utf8', program], {
    cwd: place.folder,
    ...(place.environment === undefined ? {} : { env: place.environment }),
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines = createLineSplitter(maxLineBytes, onLine)
  const stderr = createCapped(stderrBytes)
  child.stdout.on('data', (chunk: Buffer) => lines.add(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk))
  // A process that is gone breaks the pipe; its end is told by `ended`.
  child.stdin.on('error', () => {})
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  child.once('error', (error) => resolve(`${interpreter} cannot be started: ${error.message}`))
  child.once('exit', (code, signal) => {
    const said = stderr.read().text.trim()
    resolve(`Python ended (${signal ?? `exit code ${code}`})${said === '' ? '' : `: ${said.slice(-longestSaid)}`}`)
  })
  return {
    send: (line) => void child.stdin.write(`${line}\n`),
    ended,
    kill: () => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
    },
  }
}

const longestSaid = 600
