import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Root of the project. */
export const root = join(import.meta.dirname, '..', '..')

/** What a command left behind. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Started {
  readonly ended: Promise<Ended>
  readonly stdout: () => string
  readonly stderr: () => string
  kill(signal: NodeJS.Signals): void
}

/** How a command is started. */
export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

const stores = mkdtempSync(join(tmpdir(), 'greenloop-stores-'))
process.on('exit', () => rmSync(stores, { recursive: true, force: true }))
let commands = 0

/**
 * Starts the real command line in a process of its own, with an environment that holds no settings but a store of its
 * own, so that tests may give the same run id twice.
 */
export function startCli(args: readonly string[], { cwd = root, env = {} }: StartOptions = {}): Started {
  const store = { GREENLOOP_STORE: join(stores, `${++commands}.db`) }
  const child = spawn(join(root, 'bin', 'greenloop'), args, {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', NO_COLOR: '1', ...store, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return {
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr })),
    stdout: () => stdout,
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
  }
}

/** Runs the real command line to its end. */
export function cli(args: readonly string[], options?: StartOptions): Promise<Ended> {
  return startCli(args, options).ended
}

/** A temporary folder that is gone with the scope. */
export async function temporary(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'greenloop-e2e-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
