import { release } from 'node:os'
import type { SandboxPolicy } from '../domain/ports.ts'
import type { GroupParents } from './sandbox-cgroup.ts'

/** Node maps about a gigabyte for code it may never write; less than this on top and it does not start. */
const dataAllowanceBytes = 1024 * 1024 * 1024
const maxOpenFiles = 1024

/**
 * `prlimit` with the limits of a policy, to be put before a command inside the box, where its processes are counted
 * apart from all others. Address space is never limited: Node reserves more than any machine has.
 */
export function limitArguments(prlimit: string, policy: SandboxPolicy, groups: GroupParents): string[] {
  return [
    prlimit,
    ...(countsByNamespace() ? [`--nproc=${policy.maxProcesses}`] : []),
    ...(groups.memory === undefined ? [dataLimit(policy)] : []),
    ...fileLimits(policy),
  ]
}

/** `prlimit` for commands outside any namespace, where the processes of the user are counted all together. */
export function plainLimitArguments(prlimit: string, policy: SandboxPolicy): string[] {
  return [prlimit, dataLimit(policy), ...fileLimits(policy)]
}

function dataLimit(policy: SandboxPolicy): string {
  return `--data=${policy.memoryBytes + dataAllowanceBytes}`
}

function fileLimits(policy: SandboxPolicy): string[] {
  return [
    `--fsize=${policy.maxFileBytes}`,
    `--nofile=${maxOpenFiles}`,
    '--core=0',
    `--cpu=${Math.ceil(policy.cpuSeconds)}`,
  ]
}

/** Since Linux 5.14 each user namespace has a count of its own. */
function countsByNamespace(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14)
}
