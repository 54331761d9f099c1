import { chmod } from 'node:fs/promises'
import { GreenloopError } from '../domain/errors.ts'
import type { Boxed, Command, Sandbox, SandboxPolicy } from '../domain/ports.ts'
import { createMarker, markerName, reap } from '../lib/process-tree.ts'
import { plainLimitArguments } from './sandbox-limits.ts'

/** Programs that weaker tiers are made of; what the machine lacks is missing. */
export interface PlainTools {
  readonly prlimit?: string | undefined
  readonly setpriv?: string | undefined
  readonly unshare?: string | undefined
  readonly ip?: string | undefined
}

/** What a weaker tier puts around a command. */
export interface PlainShape {
  /** Namespaces for network and processes. */
  readonly namespaces: boolean
  /** No capabilities and no way to gain any. */
  readonly dropPrivileges: boolean
}

const fileGap = 'Files are not protected: tests may read and write whatever your account may.'
const networkGap = 'The network is not cut off: tests may connect to anything this machine can reach.'
const processGap = 'Other processes are not hidden: tests may see and signal those of your account.'
const limitGap = 'The number of processes is not limited, and memory only for each process.'
const noLimitGap = 'Memory, processor time, file sizes and the number of processes are not limited.'

/** Tier `limited`: rights and resources are cut, the files of the machine stay in reach. */
export function limitedSandbox(tools: PlainTools, shape: PlainShape): Sandbox {
  const gaps = [fileGap, ...(shape.namespaces ? [] : [networkGap, processGap]), limitGap]
  return plainSandbox({ tier: 'limited', gaps }, (policy) => limitedPrefix(tools, shape, policy))
}

/** Tier `none`: the command as it is, with limits where `prlimit` is there; what it leaves behind is still ended. */
export function noSandbox(tools: PlainTools): Sandbox {
  const { prlimit } = tools
  const gaps = [fileGap, networkGap, processGap, prlimit === undefined ? noLimitGap : limitGap]
  return plainSandbox({ tier: 'none', gaps }, (policy) =>
    prlimit === undefined ? [] : plainLimitArguments(prlimit, policy),
  )
}

function plainSandbox(kind: Pick<Sandbox, 'tier' | 'gaps'>, prefix: (policy: SandboxPolicy) => string[]): Sandbox {
  return {
    ...kind,
    prepare: (folder) => chmod(folder, 0o700),
    box: async (command, policy) => box(command, policy, prefix(policy)),
  }
}

/** Descendants that leave the process group are found by a marker in their environment and ended on release. */
function box(command: Command, policy: SandboxPolicy, prefix: readonly string[]): Boxed {
  const moved = policy.writable.find((bind) => bind.inside !== bind.outside)
  if (moved !== undefined) {
    throw new GreenloopError('internal', `without namespaces ${moved.outside} cannot appear as ${moved.inside}`)
  }
  const marker = createMarker()
  return {
    command: {
      argv: [...prefix, ...command.argv],
      cwd: command.cwd,
      env: { ...command.env, [markerName]: marker },
    },
    release: async () => void (await reap(marker)),
  }
}

function limitedPrefix(tools: PlainTools, shape: PlainShape, policy: SandboxPolicy): string[] {
  const { prlimit, setpriv, unshare, ip } = tools
  const limits = prlimit === undefined ? [] : plainLimitArguments(prlimit, policy)
  const drop = ['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all']
  const rights = shape.dropPrivileges && setpriv !== undefined ? [setpriv, ...drop] : []
  if (!shape.namespaces || unshare === undefined || ip === undefined) return [...rights, ...limits]
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const network = policy.network ? [] : ['--net']
  const loopback = policy.network ? [] : ['/bin/sh', '-c', `${ip} link set lo up && exec "$@"`, 'sh']
  const namespaces = [unshare, ...user, ...network, '--pid', '--fork', '--kill-child', '--mount-proc']
  return [...namespaces, ...loopback, ...rights, ...limits]
}
