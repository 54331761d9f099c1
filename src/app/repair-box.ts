import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testEnvironment } from '../config/test-environment.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Sandbox, SandboxPolicy } from '../domain/ports.ts'
import { ciReadOnlyPaths } from '../forges/ci-process.ts'
import { runProcess } from '../lib/process.ts'
import type { ScriptBox } from '../repair/world.ts'
import { describeTier, openSandbox } from '../runners/sandbox.ts'
import type { Surroundings } from './surroundings.ts'

/** Whether a sandbox is demanded, taken where there is one, or left out. */
type BoxMode = 'required' | 'best_effort' | 'off'

const mebibyte = 1024 * 1024
const outputCapBytes = 4 * mebibyte

/** A sandbox that deserves the name, or why there is none. Throws `sandbox_unavailable` where one is demanded. */
export async function findSandbox(
  mode: BoxMode,
): Promise<{ readonly sandbox: Sandbox } | { readonly missing: string }> {
  if (mode === 'off') return { missing: 'switched off by the configuration' }
  const { sandbox, probes } = await openSandbox(mode === 'required' ? 'required' : 'auto')
  if (sandbox.tier === 'standard' || sandbox.tier === 'userns') return { sandbox }
  const failed = probes.find(({ works }) => !works)
  const why = failed === undefined ? describeTier(sandbox.tier) : `${failed.detail}; ${failed.help}`
  return { missing: `no sandbox can be had here: ${why}` }
}

/** What a job or script may use: its folder, installed programs, no network unless it is given. */
export function boxPolicy(
  folder: string,
  {
    env,
    network,
    cpuSeconds,
  }: { readonly env: Readonly<Record<string, string>>; readonly network: boolean; readonly cpuSeconds: number },
): SandboxPolicy {
  return {
    writable: [{ outside: folder, inside: folder }],
    readOnly: ciReadOnlyPaths(env),
    network,
    memoryBytes: 4096 * mebibyte,
    maxProcesses: 512,
    maxFileBytes: 512 * mebibyte,
    cpuSeconds,
  }
}

/** The box that failing commands are run in before anything is pushed. */
export async function openScriptBox(
  mode: BoxMode,
  where: Surroundings,
): Promise<ScriptBox | { readonly missing: string }> {
  const found = await findSandbox(mode)
  if ('missing' in found) return found
  const { sandbox } = found
  const base = testEnvironment(where.env)
  return {
    tier: sandbox.tier,
    open: async () => {
      const folder = await realpath(await mkdtemp(join(tmpdir(), 'greenloop-proof-')))
      return { folder, discard: () => rm(folder, { recursive: true, force: true }) }
    },
    run: async ({ folder, script, timeoutMs, env }, signal) => {
      await sandbox.prepare(folder)
      const command = {
        argv: ['/bin/bash', '-e', '-o', 'pipefail', '-c', script],
        cwd: folder,
        env: { ...base, ...env },
      }
      const policy = boxPolicy(folder, { env: base, network: false, cpuSeconds: Math.ceil(timeoutMs / 1000) * 4 })
      const boxed = await sandbox.box(command, policy)
      try {
        const end = await runProcess(boxed.command, { outputCapBytes, signal, timeoutMs })
        signal.throwIfAborted()
        if (end.spawnError !== undefined) {
          throw new GreenloopError('sandbox_unavailable', `the sandbox could not be started: ${end.spawnError.message}`)
        }
        const output = `${end.stdout.text}${end.stderr.text}`
        return { exitCode: end.exitCode, output, timedOut: end.endedBy === 'timeout' }
      } finally {
        await boxed.release()
      }
    },
  }
}
