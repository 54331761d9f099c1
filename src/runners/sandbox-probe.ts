import type { Sandbox, SandboxPolicy } from '../domain/ports.ts'
import type { SandboxTier } from '../domain/run.ts'
import type { ProcessEnd } from '../lib/process.ts'
import { runProcess } from '../lib/process.ts'

/** What trying out one tier has shown on this machine. */
export interface ProbeResult {
  readonly tier: SandboxTier
  readonly works: boolean
  /** The facts that were seen, or what went wrong, in one line. */
  readonly detail: string
  /** What mends it: one line; empty where it works. */
  readonly help: string
}

const probePolicy: SandboxPolicy = {
  writable: [],
  readOnly: [],
  network: false,
  memoryBytes: 512 * 1024 * 1024,
  maxProcesses: 32,
  maxFileBytes: 1024 * 1024,
  cpuSeconds: 10,
}
const probeTimeoutMs = 5000

/** Facts of a process in the box, read from /proc inside it. */
const facts: readonly { readonly name: string; readonly tiers: readonly SandboxTier[]; readonly seen: RegExp }[] = [
  { name: 'runs as a user without rights', tiers: ['standard', 'userns'], seen: /^Uid:\s+65534\s/m },
  { name: 'holds no capability', tiers: ['standard', 'userns'], seen: /^CapBnd:\s+0+$/m },
  { name: 'cannot gain privileges', tiers: ['standard', 'userns', 'limited'], seen: /^NoNewPrivs:\s+1$/m },
  { name: 'has its own process ids', tiers: ['standard', 'userns'], seen: /^NSpid:\s+\d{1,2}$/m },
  { name: 'has no network but its own loopback', tiers: ['standard', 'userns'], seen: /face[^\n]*\n\s*lo:[^\n]*\n?$/ },
]

/** Runs a process in the sandbox and checks from inside what the tier promises. Never throws. */
export async function probe(sandbox: Sandbox, help: string): Promise<ProbeResult> {
  const { tier } = sandbox
  const failed = (detail: string): ProbeResult => ({ tier, works: false, detail, help })
  try {
    const end = await runFacts(sandbox)
    if (end.exitCode !== 0) return failed(reason(end))
    const promised = facts.filter((fact) => fact.tiers.includes(tier))
    const missing = promised.find((fact) => !fact.seen.test(end.stdout.text))
    if (missing !== undefined) return failed(`the box starts, but not so that a process in it ${missing.name}`)
    return { tier, works: true, detail: promised.map((fact) => fact.name).join(', '), help: '' }
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
}

async function runFacts(sandbox: Sandbox): Promise<ProcessEnd> {
  const argv = ['/bin/cat', '/proc/self/status', '/proc/net/dev']
  const boxed = await sandbox.box({ argv, cwd: '/', env: {} }, probePolicy)
  try {
    const signal = new AbortController().signal
    return await runProcess(boxed.command, { outputCapBytes: 65_536, signal, timeoutMs: probeTimeoutMs })
  } finally {
    await boxed.release()
  }
}

function reason(end: ProcessEnd): string {
  if (end.spawnError !== undefined) return end.spawnError.message
  if (end.endedBy === 'timeout') return `the box did not start within ${probeTimeoutMs / 1000} s`
  return end.stderr.text.trim().split('\n').at(-1) || `exit code ${end.exitCode ?? end.signal}`
}
