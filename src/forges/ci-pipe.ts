import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'
import { GreenloopError } from '../domain/errors.ts'
import { runProcess } from '../lib/process.ts'

/** A named pipe that others write to, and that this process reads. */
export interface NamedPipe {
  /** Sends a text after all that was written before; whoever waits for it has read the rest. */
  send(text: string): void
  /** Comes back when it is closed, be it by a fault. */
  readonly closed: Promise<void>
  close(): void
}

/** Makes a named pipe that every user may write to, and reads it until it is closed. Throws `ci_failed`. */
export async function openPipe(
  path: string,
  env: Readonly<Record<string, string>>,
  onData: (chunk: Buffer) => void,
): Promise<NamedPipe> {
  const command = { argv: ['mkfifo', '-m', '622', path], cwd: '/', env }
  const end = await runProcess(command, {
    outputCapBytes: 4096,
    signal: new AbortController().signal,
    timeoutMs: 10_000,
  })
  if (end.exitCode !== 0) {
    const told = end.spawnError?.message ?? end.stderr.text.trim()
    throw new GreenloopError('ci_failed', `a pipe for the output of jobs cannot be made: ${told}`)
  }
  // Open for both ends, so that it is never at its end before it is closed.
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const socket = new Socket({ fd, readable: true, writable: true })
  socket.on('error', () => {})
  socket.on('data', onData)
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  return { send: (text) => void socket.write(text), closed, close: () => void socket.destroy() }
}
