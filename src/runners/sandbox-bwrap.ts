import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Boxed, Command, Sandbox, SandboxPolicy } from '../domain/ports.ts'
import { runProcess } from '../lib/process.ts'
import { openControlGroup } from './sandbox-cgroup.ts'
import type { ControlGroup, GroupParents } from './sandbox-cgroup.ts'
import { limitArguments } from './sandbox-limits.ts'
import { boxEnvironment, fileArguments, planBinds } from './sandbox-mounts.ts'
import type { Bind } from './sandbox-mounts.ts'
import { compileSeccomp } from './sandbox-seccomp.ts'
import { boxParent, boxStem } from './sandbox-sweep.ts'

/** Programs of the host that make up a box, by absolute path. */
interface BoxTools {
  readonly bwrap: string
  readonly prlimit: string
  /** Needed only with `slotUid`. */
  readonly setpriv?: string | undefined
  readonly unshare?: string | undefined
  readonly mount?: string | undefined
  readonly chown?: string | undefined
}

/** How boxes are made here. */
export interface BoxSetup {
  readonly tools: BoxTools
  readonly groups: GroupParents
  /** User that processes run as, seen from outside, where Greenloop runs as root. */
  readonly slotUid?: number | undefined
}

/** Environment of the launchers; that of the command could make them load its libraries while they are root. */
const launchEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

/** Boxes by bubblewrap: tier `standard` with a user of their own, else tier `userns`. */
export function bwrapSandbox(setup: BoxSetup): Sandbox {
  return {
    tier: setup.slotUid === undefined ? 'userns' : 'standard',
    gaps: gapsOf(setup),
    prepare: (folder) => prepare(folder, setup),
    box: (command, policy) => box(command, policy, setup),
  }
}

function gapsOf({ groups, slotUid }: BoxSetup): string[] {
  const user =
    slotUid === undefined
      ? ['Tests run as your own user, although in namespaces that hide your files and processes.']
      : []
  const memory =
    groups.memory === undefined ? ['Memory is limited for each process, not for all of them together.'] : []
  const asRoot =
    slotUid === undefined && process.getuid?.() === 0 && groups.pids === undefined
      ? ['The number of processes is not limited.']
      : []
  const calls = compileSeccomp(process.arch) === undefined ? ['System calls are not filtered on this machine.'] : []
  return [...user, ...memory, ...asRoot, ...calls]
}

async function prepare(folder: string, { slotUid, tools }: BoxSetup): Promise<void> {
  if (slotUid !== undefined && tools.chown !== undefined) {
    const argv = [tools.chown, '-R', '-h', `${slotUid}:${slotUid}`, folder]
    const end = await runProcess(
      { argv, cwd: '/', env: launchEnv },
      { outputCapBytes: 4096, signal: new AbortController().signal, timeoutMs: 120_000 },
    )
    if (end.exitCode !== 0) {
      throw new GreenloopError('artifact_failed', `cannot hand ${folder} to the sandbox: ${end.stderr.text.trim()}`)
    }
  }
  await chmod(folder, 0o700)
}

async function box(command: Command, policy: SandboxPolicy, setup: BoxSetup): Promise<Boxed> {
  const dir = await mkdtemp(join(boxParent, await boxStem()))
  let group: ControlGroup | undefined
  const release = async (): Promise<void> => {
    await group?.close()
    await rm(dir, { recursive: true, force: true })
  }
  try {
    await chmod(dir, 0o711)
    group = await openControlGroup(setup.groups, { ...policy, name: basename(dir) })
    const argv = await writeBox(command, policy, { dir, setup, group })
    return { command: { argv, cwd: '/', env: launchEnv }, release }
  } catch (error) {
    await release()
    throw error
  }
}

interface BoxPlace {
  readonly dir: string
  readonly setup: BoxSetup
  readonly group: ControlGroup
}

/** Writes what the launchers read. Options and environment go by file, so that no secret shows in a command line. */
async function writeBox(command: Command, policy: SandboxPolicy, place: BoxPlace): Promise<string[]> {
  const { dir, setup } = place
  const { tools, slotUid } = setup
  const binds = await planBinds(policy)
  const seccomp = compileSeccomp(process.arch)
  const reachable =
    slotUid === undefined ? binds : binds.map((bind, index) => ({ ...bind, outside: `${dir}/m${index}` }))
  const options = [
    ...namespaceArguments(policy),
    ...(seccomp === undefined ? [] : ['--seccomp', '4']),
    ...(await fileArguments(reachable, { filesDir: dir, network: policy.network })),
    '--clearenv',
    ...Object.entries(boxEnvironment(command.env, binds)).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir',
    command.cwd,
  ]
  const mounts = slotUid === undefined ? [] : await mountLines(binds, place)
  const launch = [
    ...userArguments(setup),
    tools.bwrap,
    '--args',
    '5',
    ...limitArguments(tools.prlimit, policy, setup.groups),
  ]
  const script = [
    'set -e',
    ...place.group.join.map((file) => `echo $$ > ${quote(file)}`),
    ...mounts,
    ...(seccomp === undefined ? [] : [`exec 4< ${quote(join(dir, 'seccomp'))}`]),
    `exec 5< ${quote(join(dir, 'options'))}`,
    `exec ${launch.map(quote).join(' ')} "$@"`,
  ]
  await Promise.all([
    ...Object.entries(boxFiles).map(([name, text]) => writePublic(join(dir, name), text)),
    writeFile(join(dir, 'options'), options.map((option) => `${option}\0`).join(''), { mode: 0o600 }),
    writeFile(join(dir, 'start'), `${script.join('\n')}\n`, { mode: 0o600 }),
    ...(seccomp === undefined ? [] : [writeFile(join(dir, 'seccomp'), seccomp, { mode: 0o600 })]),
  ])
  const shell = ['/bin/sh', join(dir, 'start'), ...command.argv]
  return slotUid === undefined ? shell : [tools.unshare ?? 'unshare', '--mount', '--propagation', 'private', ...shell]
}

/** The user in the box reads it, whatever umask Greenloop was started with. */
async function writePublic(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o644)
}

const boxFiles = {
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  passwd: 'root:x:0:0::/:/bin/sh\nsandbox:x:65534:65534::/home/sandbox:/bin/sh\n',
  group: 'root:x:0:\nsandbox:x:65534:\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}

function namespaceArguments(policy: SandboxPolicy): string[] {
  return [
    '--unshare-all',
    '--unshare-user',
    '--disable-userns',
    '--uid',
    '65534',
    '--gid',
    '65534',
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    '--hostname',
    'sandbox',
    ...(policy.network ? ['--share-net'] : []),
  ]
}

function userArguments({ slotUid, tools }: BoxSetup): string[] {
  if (slotUid === undefined || tools.setpriv === undefined) return []
  const ids = ['--reuid', `${slotUid}`, '--regid', `${slotUid}`, '--clear-groups']
  return [tools.setpriv, ...ids, '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all']
}

/**
 * Interpreters often lie where only root may walk (/root/.pyenv), and so may the workspace. Root binds them, in a mount
 * namespace of this box alone, to places the box's user can reach.
 */
async function mountLines(binds: readonly Bind[], { dir, setup }: BoxPlace): Promise<string[]> {
  const mount = quote(setup.tools.mount ?? 'mount')
  return Promise.all(
    binds.map(async ({ outside }, index) => {
      const point = join(dir, `m${index}`)
      if ((await stat(outside)).isDirectory()) await mkdir(point)
      else await writeFile(point, '')
      return `${mount} --rbind ${quote(outside)} ${quote(point)}`
    }),
  )
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
