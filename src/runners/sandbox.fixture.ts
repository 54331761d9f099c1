import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Sandbox, SandboxPolicy } from '../domain/ports.ts'
import { runProcess } from '../lib/process.ts'
import type { ProcessEnd, ProcessOptions } from '../lib/process.ts'
import { openSandbox } from './sandbox.ts'

/** The interpreter that tests of the sandbox run in it; part of the system, so it needs no path of its own. */
export const python = '/usr/bin/python3'

/** What a trial differs in from the usual one. */
export interface Trial {
  readonly env?: Readonly<Record<string, string>>
  readonly policy?: Partial<SandboxPolicy>
  readonly options?: Partial<ProcessOptions>
  readonly cwd?: string
}

/** A policy with small limits and nothing to write to. */
export const smallPolicy: SandboxPolicy = {
  writable: [],
  readOnly: [],
  network: false,
  memoryBytes: 256 * 1024 * 1024,
  maxProcesses: 48,
  maxFileBytes: 1024 * 1024,
  cpuSeconds: 20,
}

/** The best sandbox of this machine, with a line printed where that is none. */
export async function sandboxHere(): Promise<{ readonly sandbox: Sandbox; readonly usable: boolean }> {
  const { sandbox, probes } = await openSandbox('auto')
  const usable = (sandbox.tier === 'standard' || sandbox.tier === 'userns') && existsSync(python)
  if (!usable) console.log(`skipped: a box with ${python}; ${probes.map((one) => one.detail).join('; ')}`)
  return { sandbox, usable }
}

/** A fresh folder that processes in the box own. */
export async function createWorkspace(sandbox: Sandbox): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-test-'))
  await sandbox.prepare(folder)
  return folder
}

/** Runs commands in boxes of the sandbox, in and around one workspace. */
export function createTrials(sandbox: Sandbox, workspace: () => string) {
  const run = async (argv: readonly string[], { env = {}, policy, options, cwd }: Trial = {}): Promise<ProcessEnd> => {
    const folder = workspace()
    const full = { ...smallPolicy, writable: [{ outside: folder, inside: folder }], ...policy }
    const box = await sandbox.box({ argv, cwd: cwd ?? folder, env }, full)
    try {
      const signal = new AbortController().signal
      return await runProcess(box.command, { outputCapBytes: 2 ** 20, signal, timeoutMs: 30_000, ...options })
    } finally {
      await box.release()
    }
  }
  const runPython = (code: string, trial?: Trial): Promise<ProcessEnd> => run([python, '-c', code], trial)
  return { run, runPython }
}

/** Runs `use` while a server listens on the loopback of the host and greets with `seen`. */
export async function withListener<T>(use: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((socket) => socket.end('seen\n'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await use((server.address() as AddressInfo).port)
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

/** Counts processes of this machine whose command line holds the text. */
export async function processesWith(text: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')))
  return lines.filter((line) => line.includes(text)).length
}
