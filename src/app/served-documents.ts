import type { Dirent } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { readSafely } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { mayBeDocument } from './document-look.ts'
import type { DocumentLook } from './document-look.ts'
import { lookAtText } from './document-thread.ts'
import type { ServiceContext } from './service-context.ts'

/** Largest file that is looked at, in bytes: 2 MiB. */
export const maxServedBytes = 2 * 1024 * 1024
const maxEntries = 5000
const maxFound = 200
const maxDepth = 8

const skipped = new Set([
  '__pycache__',
  'artifacts',
  'build',
  'coverage',
  'dist',
  'node_modules',
  'site-packages',
  'target',
  'vendor',
  'venv',
])

/** A suite or a plan in the served folder. */
export interface ServedDocument {
  /** 16 hexadecimal digits that follow from the path. */
  readonly id: string
  /** Relative to the served folder, with forward slashes. */
  readonly path: string
  readonly look: Exclude<DocumentLook, { kind: 'other' }>
  /** Epoch milliseconds. */
  readonly modifiedAt: number
}

interface Looked {
  readonly stamp: string
  readonly look: DocumentLook
}

interface Memory {
  readonly looked: Map<string, Looked>
  scan: Promise<readonly ServedDocument[]> | undefined
}

const memories = new WeakMap<ServiceContext, Memory>()

/** Suites and plans of the served folder, by path; at most 200 of 5,000 entries that are looked at. */
export async function findDocuments(service: ServiceContext): Promise<readonly ServedDocument[]> {
  const memory = memories.get(service) ?? { looked: new Map(), scan: undefined }
  memories.set(service, memory)
  memory.scan ??= scan(service, memory).finally(() => (memory.scan = undefined))
  return memory.scan
}

/** One of them by its id. Throws `entry_unknown`. */
export async function findDocument(
  service: ServiceContext,
  id: string,
  kind: ServedDocument['look']['kind'],
): Promise<ServedDocument> {
  const found = (await findDocuments(service)).find((document) => document.id === id && document.look.kind === kind)
  if (found !== undefined) return found
  throw new GreenloopError('entry_unknown', `there is no ${kind} \`${id}\` in the served folder`, {
    why: 'it was renamed or removed, or does not look like one any more',
    help: `GET /v1/${kind}s lists them`,
  })
}

/** Id of a file by its path relative to the served folder. */
export function idOfPath(path: string): string {
  return sha256(path).slice(0, 16)
}

/** Whether a path leads through a folder whose files are not found again. */
export function isPassedOver(path: string): boolean {
  return path.split('/').some((name) => name.startsWith('.') || skipped.has(name))
}

/** Text of a file in the served folder. Throws `entry_unknown` and `file_too_large`. */
export async function readServed(service: ServiceContext, path: string): Promise<string> {
  const read = await readSafely(join(service.root, path), maxServedBytes)
  if (read.kind === 'file') return read.data.toString('utf8').replace(/^\uFEFF/u, '')
  throw new GreenloopError(
    read.reason.startsWith('larger') ? 'file_too_large' : 'entry_unknown',
    `\`${path}\` cannot be read: ${read.reason}`,
  )
}

async function scan(service: ServiceContext, memory: Memory): Promise<readonly ServedDocument[]> {
  const found: ServedDocument[] = []
  const seen = new Set<string>()
  for (const path of await documentPaths(service)) {
    const stats = await lstat(join(service.root, path)).catch(() => undefined)
    if (stats === undefined || !stats.isFile() || stats.size > maxServedBytes) continue
    seen.add(path)
    const stamp = `${stats.ino}:${stats.size}:${stats.mtimeMs}`
    const known = memory.looked.get(path)
    const look = known?.stamp === stamp ? known.look : await lookAtFile(service, path)
    memory.looked.set(path, { stamp, look })
    if (look.kind === 'other') continue
    found.push({ id: idOfPath(path), path, look, modifiedAt: stats.mtimeMs })
    if (found.length === maxFound) break
  }
  for (const path of memory.looked.keys()) if (!seen.has(path)) memory.looked.delete(path)
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

async function lookAtFile(service: ServiceContext, path: string): Promise<DocumentLook> {
  try {
    const text = await readServed(service, path)
    return mayBeDocument(text, path) ? await lookAtText(text, path) : { kind: 'other' }
  } catch (error) {
    // One file that cannot be read must not hide the others.
    if (error instanceof GreenloopError && error.code !== 'rate_limited') return { kind: 'other' }
    throw error
  }
}

/** JSON and YAML files, those of outer folders first. */
async function documentPaths({ root, artifacts }: ServiceContext): Promise<readonly string[]> {
  const paths: string[] = []
  let left = maxEntries
  let folders: readonly string[] = ['']
  for (let depth = 0; depth <= maxDepth && folders.length > 0 && left > 0; depth++) {
    const deeper: string[] = []
    for (const folder of folders) {
      const entries = await entriesOf(join(root, folder), left)
      left -= entries.length
      const pathOf = ({ name }: Dirent): string => (folder === '' ? name : `${folder}/${name}`)
      const wanted = entries.filter(({ name }) => !isPassedOver(name))
      deeper.push(...wanted.filter((entry) => entry.isDirectory()).map(pathOf))
      paths.push(...wanted.filter(isDocument).map(pathOf))
    }
    folders = deeper.filter((path) => join(root, path) !== artifacts).toSorted()
  }
  return paths
}

function isDocument(entry: Dirent): boolean {
  return entry.isFile() && /\.(?:json|ya?ml)$/iu.test(entry.name)
}

/** At most so many entries of a folder; none where it cannot be read. */
async function entriesOf(folder: string, most: number): Promise<readonly Dirent[]> {
  const entries: Dirent[] = []
  if (most <= 0) return entries
  const opened = await opendir(folder).catch(() => undefined)
  if (opened === undefined) return entries
  for await (const entry of opened) {
    if (entries.push(entry) >= most) break
  }
  return entries
}
