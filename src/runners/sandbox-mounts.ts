import { lstat, readlink, realpath } from 'node:fs/promises'
import type { SandboxPolicy } from '../domain/ports.ts'

/** A file or folder of the host and where the box sees it. */
export interface Bind {
  readonly outside: string
  readonly inside: string
  readonly writable: boolean
}

/** Home of processes in a box: empty, in memory, gone afterwards. */
const boxHome = '/home/sandbox'

const systemFolders = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']
const publicFiles = [
  '/etc/ld.so.cache',
  '/etc/alternatives',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/ssl/openssl.cnf',
  '/etc/ssl/certs',
  '/etc/ca-certificates',
  '/etc/pki/tls/certs',
]
const tempBytes = 256 * 1024 * 1024
const sharedMemoryBytes = 64 * 1024 * 1024

/**
 * What a policy binds besides the system: parents before what lies in them, without what does not exist, lies in /usr,
 * or is covered by a readable folder around it.
 */
export async function planBinds(policy: SandboxPolicy): Promise<Bind[]> {
  const readable = await Promise.all(
    policy.readOnly.map(async (path) => ((await isOutsideUsr(path)) ? path : undefined)),
  )
  const binds: Bind[] = [
    ...policy.writable.map((bind) => ({ ...bind, writable: true })),
    ...readable.filter((path) => path !== undefined).map((path) => ({ outside: path, inside: path, writable: false })),
  ].toSorted((a, b) => a.inside.length - b.inside.length)
  return binds.reduce<Bind[]>((kept, bind) => {
    const around = kept.findLast((other) => isWithin(bind.inside, other.inside))
    const covered = around !== undefined && !bind.writable && (!around.writable || around.inside === bind.inside)
    return covered ? kept : [...kept, bind]
  }, [])
}

async function isOutsideUsr(path: string): Promise<boolean> {
  const real = await realpath(path).catch(() => undefined)
  return real !== undefined && !isWithin(real, '/usr')
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

/** Arguments of bubblewrap for the file system; `filesDir` holds hosts, passwd, group and nsswitch.conf. */
export async function fileArguments(
  binds: readonly Bind[],
  box: { readonly filesDir: string; readonly network: boolean },
): Promise<string[]> {
  const etc = ['passwd', 'group', 'nsswitch.conf'].flatMap((name) => [
    '--ro-bind',
    `${box.filesDir}/${name}`,
    `/etc/${name}`,
  ])
  const hosts = box.network ? '/etc/hosts' : `${box.filesDir}/hosts`
  const names = box.network ? ['--ro-bind-try', '/etc/resolv.conf', '/etc/resolv.conf'] : []
  return [
    '--ro-bind',
    '/usr',
    '/usr',
    ...(await Promise.all(systemFolders.map(systemFolder))).flat(),
    ...publicFiles.flatMap((file) => ['--ro-bind-try', file, file]),
    ...etc,
    '--ro-bind',
    hosts,
    '/etc/hosts',
    ...names,
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--size',
    `${sharedMemoryBytes}`,
    '--tmpfs',
    '/dev/shm',
    '--size',
    `${tempBytes}`,
    '--tmpfs',
    '/tmp',
    // Not below /tmp, which a policy may bind to a folder that outlives the box.
    '--size',
    `${tempBytes}`,
    '--tmpfs',
    '/home',
    '--dir',
    boxHome,
    ...binds.flatMap((bind) => [bind.writable ? '--bind' : '--ro-bind', bind.outside, bind.inside]),
    // The root of the box lies in memory without a size: nobody may write to it.
    '--remount-ro',
    '/dev',
    '--remount-ro',
    '/',
  ]
}

/** Where /bin and the like are links into /usr the box has the same links; where they are folders, it sees them. */
async function systemFolder(path: string): Promise<string[]> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats === undefined) return []
  return stats.isSymbolicLink() ? ['--symlink', await readlink(path), path] : ['--ro-bind', path, path]
}

/** Environment in a box: the command's own, with home and temp folders that exist there. */
export function boxEnvironment(
  env: Readonly<Record<string, string>>,
  binds: readonly Bind[],
): Readonly<Record<string, string>> {
  const writable = binds.filter((bind) => bind.writable)
  const kept = (name: string, otherwise: string): string => {
    const value = env[name]
    return value !== undefined && writable.some((bind) => isWithin(value, bind.inside)) ? value : otherwise
  }
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    ...env,
    HOME: kept('HOME', boxHome),
    TMPDIR: kept('TMPDIR', '/tmp'),
  }
}
