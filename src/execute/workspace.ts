import { constants } from 'node:fs'
import { chmod, copyFile, mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, normalize, relative } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Sandbox } from '../domain/ports.ts'
import { exists } from '../lib/files.ts'
import { readTree } from './tree.ts'
import type { Tree } from './tree.ts'

/** A file laid over the project for a run, never written into the project itself. */
export interface OverlayFile {
  /** Relative to the working folder, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** Folders of one process; the project and the temporary folder are those of the whole run. */
export interface Workspace {
  /** Working folder as the process sees it. */
  readonly inside: string
  /** The same folder as it lies on the disk. */
  readonly outside: string
  /** Whether `outside` is a copy, which the process may write to. */
  readonly isCopy: boolean
  /** Folders of the project that are not in the copy and are to be shown read-only. */
  readonly shown: readonly string[]
  /** Temporary folder shared by the processes of a run, to be seen as /tmp; absent where the box cannot bind it. */
  readonly temp: string | undefined
  /** Empty folder for files of the framework's plugin. */
  readonly scratch: string
  /** Begins to remove the folders. */
  release(): void
}

/** Makes workspaces for the processes of a run. */
export interface Workspaces {
  open(process: number): Promise<Workspace>
  /** Whether the project was too large for a copy, so that tests cannot write to most of its folders. */
  readonly isShallow: boolean
  /** Removes everything that was made; returns why something is left, where it is. */
  close(): Promise<string | undefined>
}

/** What workspaces are made of. */
export interface WorkspaceOptions {
  /** Absolute folder of the project. */
  readonly cwd: string
  readonly overlay: readonly OverlayFile[]
  readonly sandbox: Sandbox
  /**
   * Files that are never copied, absolute. Reading a database that this process has open would take its locks away, for
   * POSIX drops them when any descriptor of the file is closed.
   */
  readonly leaveOut?: readonly string[] | undefined
}

const copiesAtOnce = 32

/**
 * Gives the processes of a run a copy of the project, the same one as long as nothing of it is missing: a retry finds what
 * the first attempt left, as it would outside, but a test that deletes the project spoils it for nobody else. Without a
 * sandbox and without files to lay over it, tests run in the project itself.
 */
export async function openWorkspaces({ cwd, overlay, sandbox, leaveOut = [] }: WorkspaceOptions): Promise<Workspaces> {
  await checkFolder(cwd)
  const files = overlay.map((file) => ({ ...file, path: checkedPath(file.path) }))
  const isCopy = sandbox.tier !== 'none' || files.length > 0
  const canBind = sandbox.tier === 'standard' || sandbox.tier === 'userns'
  const base = await mkdtemp(join(tmpdir(), 'greenloop-'))
  // Tests run as another user in some sandboxes and have to pass through.
  await chmod(base, 0o711)
  const paths = files.map(({ path }) => path)
  const tree = isCopy ? without(await readTree(cwd, paths), { cwd, leaveOut }) : undefined
  const removals: Promise<void>[] = []
  let temp: Promise<string> | undefined
  let copies = 0
  let common: Promise<string> | undefined

  const make = async (outside: string, from: Tree): Promise<string> => {
    try {
      await copyTree(cwd, outside, from)
      await (canBind ? makeFolders(outside, from.shown) : linkFolders(cwd, outside, from.shown))
      await layOver(outside, files)
    } catch (error) {
      const help = 'make room in the temporary folder, or set TMPDIR to another one'
      throw new GreenloopError('artifact_failed', `${cwd} could not be copied to ${outside}`, { cause: error, help })
    }
    await sandbox.prepare(outside)
    return outside
  }
  const project = async (): Promise<string> => {
    if (tree === undefined) return cwd
    const used = common
    if (used !== undefined && (await isWhole(await used, tree))) return await used
    // Another process may have replaced the damaged copy in the meantime.
    if (common === used) common = make(join(base, `project-${++copies}`), tree)
    return await (common ?? cwd)
  }
  return {
    open: async (process) => {
      const scratch = join(base, `scratch-${process}`)
      if (canBind) temp ??= makeFolder(join(base, 'tmp'), sandbox)
      const [outside, shared] = await Promise.all([project(), temp, mkdir(scratch)])
      return {
        inside: canBind ? cwd : outside,
        outside,
        isCopy,
        shown: canBind ? (tree?.shown ?? []).map((path) => join(cwd, path)) : [],
        scratch,
        temp: shared,
        release: () => void removals.push(remove(scratch)),
      }
    },
    isShallow: tree?.shallow ?? false,
    close: async () => {
      await Promise.allSettled(removals)
      return await remove(base).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : 'unknown'),
      )
    },
  }
}

/** Whether every file that was copied is still there; what tests added or changed is theirs. */
async function isWhole(folder: string, { files }: Tree): Promise<boolean> {
  for (let at = 0; at < files.length; at += copiesAtOnce) {
    const some = files.slice(at, at + copiesAtOnce)
    const there = await Promise.all(some.map((path) => exists(join(folder, path))))
    if (!there.every(Boolean)) return false
  }
  return true
}

async function copyTree(from: string, to: string, tree: Tree): Promise<void> {
  await makeFolders(to, tree.folders)
  for (let at = 0; at < tree.files.length; at += copiesAtOnce) {
    const some = tree.files.slice(at, at + copiesAtOnce)
    await Promise.all(some.map((path) => copyDated(join(from, path), join(to, path))))
  }
  await Promise.all(tree.links.map(({ path, target }) => symlink(target, join(to, path))))
}

/** Python trusts compiled files only beside a source of the very time it was compiled from. */
async function copyDated(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  if (!from.endsWith('.py')) return
  const { atime, mtime } = await stat(from)
  await utimes(to, atime, mtime)
}

async function makeFolder(folder: string, sandbox: Sandbox): Promise<string> {
  await mkdir(folder)
  await sandbox.prepare(folder)
  return folder
}

async function makeFolders(root: string, folders: readonly string[]): Promise<void> {
  await mkdir(root, { recursive: true })
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true })
}

async function linkFolders(from: string, to: string, folders: readonly string[]): Promise<void> {
  await Promise.all(folders.map((path) => symlink(join(from, path), join(to, path))))
}

async function layOver(root: string, files: readonly OverlayFile[]): Promise<void> {
  for (const { path, text } of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await rm(join(root, path), { force: true })
    await writeFile(join(root, path), text)
  }
}

async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 2 })
}

async function checkFolder(cwd: string): Promise<void> {
  const isFolder = await stat(cwd).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw new GreenloopError('file_missing', `the working folder ${cwd} does not exist`)
}

function checkedPath(path: string): string {
  const clean = normalize(path).replaceAll('\\', '/')
  if (isAbsolute(clean) || clean === '.' || clean.startsWith('..')) {
    throw new GreenloopError('file_missing', `${path} does not lie in the working folder`)
  }
  return clean
}

function without(tree: Tree, { cwd, leaveOut }: { readonly cwd: string; readonly leaveOut: readonly string[] }): Tree {
  const left = new Set(leaveOut.map((path) => relative(cwd, path)))
  return { ...tree, files: tree.files.filter((file) => !left.has(file)) }
}
