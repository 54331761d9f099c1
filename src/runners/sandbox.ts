import { existsSync, readFileSync } from 'node:fs'
import { GreenloopError } from '../domain/errors.ts'
import type { Sandbox } from '../domain/ports.ts'
import type { SandboxTier } from '../domain/run.ts'
import { bwrapSandbox } from './sandbox-bwrap.ts'
import { findGroupParents } from './sandbox-cgroup.ts'
import { limitedSandbox, noSandbox } from './sandbox-plain.ts'
import { probe } from './sandbox-probe.ts'
import type { ProbeResult } from './sandbox-probe.ts'
import { sweepBoxes } from './sandbox-sweep.ts'

/** Whether a sandbox is demanded (below `userns` is refused), taken where there is one, or left out. */
export type SandboxMode = 'required' | 'auto' | 'off'

/** How the machine is looked at. */
export interface SandboxOptions {
  /** Folders in which the programs of a sandbox are looked for; those of the system unless set. */
  readonly toolFolders?: readonly string[] | undefined
}

/** A sandbox and what was tried to find it. */
export interface OpenedSandbox {
  readonly sandbox: Sandbox
  readonly probes: readonly ProbeResult[]
}

const systemFolders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

/** Probes by what was looked at: the machine does not change while a command runs, and a probe costs some 30 ms. */
const opened = new Map<string, Promise<OpenedSandbox>>()

/**
 * Opens the strongest sandbox that a probe shows to work here.
 * Throws `sandbox_unavailable` for `required` where that is weaker than `userns`.
 */
export async function openSandbox(mode: SandboxMode, options: SandboxOptions = {}): Promise<OpenedSandbox> {
  const folders = options.toolFolders ?? systemFolders
  if (mode === 'off') return { sandbox: noSandbox({ prlimit: findTool('prlimit', folders) }), probes: [] }
  const key = folders.join(':')
  const best = opened.get(key) ?? findBest(folders)
  opened.set(key, best)
  const found = await best
  if (mode === 'required' && !isSandboxed(found.sandbox.tier)) throw unavailable(found.probes)
  return found
}

/** Whether runs of this tier may be called sandboxed. */
function isSandboxed(tier: SandboxTier): boolean {
  return tier === 'standard' || tier === 'userns'
}

function unavailable(probes: readonly ProbeResult[]): GreenloopError {
  const failed = probes.find((result) => !result.works && isSandboxed(result.tier))
  const what = failed === undefined ? '' : `: the probe of tier ${failed.tier} failed: ${failed.detail}`
  return new GreenloopError('sandbox_unavailable', `no sandbox can be had here${what}`, {
    why: 'Generated tests are code that nobody has read; outside a sandbox they may do whatever your account may.',
    ...(failed === undefined ? {} : { help: failed.help }),
    problems: probes
      .filter((result) => !result.works)
      .map((result) => ({ message: `${result.tier}: ${result.detail}`, help: result.help })),
  })
}

/** Tries the tiers from the strongest down and takes the first that works. */
async function findBest(folders: readonly string[]): Promise<OpenedSandbox> {
  const none = noSandbox({ prlimit: findTool('prlimit', folders) })
  if (process.platform !== 'linux') {
    const detail = `there is no sandbox for ${process.platform}`
    const help = 'Run on Linux, in a container or virtual machine; `--sandbox off` runs without protection.'
    return { sandbox: none, probes: [{ tier: 'userns', works: false, detail, help }] }
  }
  const probes: ProbeResult[] = []
  for (const candidate of await candidates(folders)) {
    const result = 'missing' in candidate ? candidate.missing : await probe(candidate.sandbox, candidate.help)
    probes.push(result)
    if (result.works && 'sandbox' in candidate) return { sandbox: candidate.sandbox, probes }
  }
  return { sandbox: none, probes }
}

type Candidate = { readonly sandbox: Sandbox; readonly help: string } | { readonly missing: ProbeResult }

const usernsHelp =
  'Allow user namespaces: sysctl user.max_user_namespaces above 0 and, on Ubuntu, kernel.apparmor_restrict_unprivileged_userns=0; in a container, a seccomp profile that permits them.'
const packagesHelp = 'apt-get install bubblewrap util-linux'

async function candidates(folders: readonly string[]): Promise<Candidate[]> {
  const tool = (name: string): string | undefined => findTool(name, folders)
  const plain = { prlimit: tool('prlimit'), setpriv: tool('setpriv'), unshare: tool('unshare'), ip: tool('ip') }
  const limited = [true, false].map((namespaces) => ({
    sandbox: limitedSandbox(plain, { namespaces, dropPrivileges: plain.setpriv !== undefined }),
    help: packagesHelp,
  }))
  const weaker = plain.setpriv === undefined ? [] : plain.unshare && plain.ip ? limited : limited.slice(1)
  const [bwrap, prlimit] = [tool('bwrap'), plain.prlimit]
  if (bwrap === undefined || prlimit === undefined) {
    const detail = `${bwrap === undefined ? 'bwrap (bubblewrap)' : 'prlimit (util-linux)'} is not installed`
    return [{ missing: { tier: 'userns', works: false, detail, help: packagesHelp } }, ...weaker]
  }
  const setup = { tools: { ...plain, bwrap, prlimit, mount: tool('mount'), chown: tool('chown') } }
  const groups = await findGroupParents()
  await sweepBoxes(groups)
  const standard = { sandbox: bwrapSandbox({ ...setup, groups, slotUid: slotUid() }), help: usernsHelp }
  const userns = { sandbox: bwrapSandbox({ ...setup, groups: { version: 2 } }), help: usernsHelp }
  return [...(process.getuid?.() === 0 ? [standard] : []), userns, ...weaker]
}

function findTool(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

/** A user id that no account has and that runs at the same time do not share, within what this machine maps. */
function slotUid(): number {
  const lastMapped = readFileSync('/proc/self/uid_map', 'latin1')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .reduce((last, [inside = 0, , length = 0]) => Math.max(last, inside + length), 0)
  return lastMapped > 250_000 ? 200_000 + (process.pid % 50_000) : 20_000 + (process.pid % 20_000)
}

/** What a tier means, in a sentence for people. */
export function describeTier(tier: SandboxTier): string {
  return descriptions[tier]
}

const descriptions: Readonly<Record<SandboxTier, string>> = {
  standard:
    'Tests run as a user of their own in namespaces of their own: no network, no files but the workspace and what is installed, no sight of other processes, limits on memory, processes, time and file size, and a filter on system calls.',
  userns:
    'Tests run in namespaces of their own under your user: no network, no files but the workspace and what is installed, no sight of other processes, limits for each process, and a filter on system calls.',
  limited:
    'Not a sandbox: tests run with fewer rights and limited resources, but may read and write what your account may.',
  none: 'No protection: tests run as your account, with all it may do.',
}
