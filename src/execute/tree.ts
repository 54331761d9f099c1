import type { Dirent } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Never seen by tests: histories, caches, our own results. */
const ignoredFolders: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
  '.tox',
  '.nox',
  '.greenloop',
  'artifacts',
])
/** Dependencies: large, and never written by tests. */
const dependencyFolders: ReadonlySet<string> = new Set(['node_modules', '.venv', 'venv'])

const maxEntries = 20_000
const maxBytes = 512 * 1024 * 1024
const maxShallowBytes = 16 * 1024 * 1024

/** What of a project folder goes into a workspace; paths relative to the folder. */
export interface Tree {
  readonly folders: readonly string[]
  readonly files: readonly string[]
  readonly links: readonly { readonly path: string; readonly target: string }[]
  /** Folders that are not copied but shown, read-only where the sandbox can do that. */
  readonly shown: readonly string[]
  readonly bytes: number
  /** Whether the folder was too large to be copied, so that most of it is only shown. */
  readonly shallow: boolean
}

interface Building {
  readonly maxFileBytes: number
  folders: string[]
  files: string[]
  links: { path: string; target: string }[]
  shown: string[]
  bytes: number
}

function newTree(maxFileBytes: number): Building {
  return { maxFileBytes, folders: [], files: [], links: [], shown: [], bytes: 0 }
}

/** Decides what is copied of a project: all but caches and dependencies, or for a large one its top level only. */
export async function readTree(root: string, overlayPaths: readonly string[]): Promise<Tree> {
  const tree = newTree(Infinity)
  const entries = (): number => tree.folders.length + tree.files.length + tree.links.length
  const waiting = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const inner = await readFolder(root, folder, tree)
    waiting.push(...inner)
    tree.folders.push(...inner)
    if (entries() > maxEntries || tree.bytes > maxBytes) return await readShallowTree(root, overlayPaths)
  }
  return { ...tree, shallow: false }
}

/** The top level, and the folders that lead to files laid over the project; every other folder is shown. */
async function readShallowTree(root: string, overlayPaths: readonly string[]): Promise<Tree> {
  const tree = newTree(maxShallowBytes)
  const waiting = ['']
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const inner of await readFolder(root, folder, tree)) {
      const isOnTheWay = overlayPaths.some((path) => path.startsWith(`${inner}/`))
      if (isOnTheWay) waiting.push(inner)
      ;(isOnTheWay ? tree.folders : tree.shown).push(inner)
    }
  }
  return { ...tree, shallow: true }
}

/** Sorts the entries of one folder into the tree and returns its folders. Pipes, sockets and devices are left out. */
async function readFolder(root: string, folder: string, tree: Building): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true })
  const sorted = await Promise.all(entries.map((entry) => sortEntry(root, folder, entry)))
  const inner: string[] = []
  for (const { kind, path, target, bytes } of sorted) {
    if (kind === 'folder') inner.push(path)
    if (kind === 'shown') tree.shown.push(path)
    if (kind === 'link') tree.links.push({ path, target })
    if (kind !== 'file' || bytes > tree.maxFileBytes) continue
    tree.files.push(path)
    tree.bytes += bytes
  }
  return inner
}

interface Sorted {
  readonly kind: 'folder' | 'shown' | 'link' | 'file' | 'left_out'
  readonly path: string
  readonly target: string
  readonly bytes: number
}

async function sortEntry(root: string, folder: string, entry: Dirent): Promise<Sorted> {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`
  const sorted = { path, target: '', bytes: 0 }
  if (dependencyFolders.has(entry.name)) return { ...sorted, kind: 'shown' }
  if (entry.isSymbolicLink()) return { ...sorted, kind: 'link', target: await readlink(join(root, path)) }
  if (entry.isDirectory()) return { ...sorted, kind: await kindOfFolder(root, path, entry.name) }
  if (!entry.isFile()) return { ...sorted, kind: 'left_out' }
  return { ...sorted, kind: 'file', bytes: (await lstat(join(root, path))).size }
}

async function kindOfFolder(root: string, path: string, name: string): Promise<'folder' | 'shown' | 'left_out'> {
  if (ignoredFolders.has(name)) return 'left_out'
  const isVirtualEnvironment = await lstat(join(root, path, 'pyvenv.cfg')).then(
    () => true,
    () => false,
  )
  return isVirtualEnvironment ? 'shown' : 'folder'
}
