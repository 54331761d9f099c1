import { createHmac } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, lstat, open, opendir, readlink, realpath } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { ApiArtifact } from '../domain/api-run.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import type { ServiceContext } from './service-context.ts'

/** A file of a run, open for reading; whoever has it closes it. */
export interface OpenedArtifact {
  readonly artifact: ApiArtifact
  readonly handle: FileHandle
  /** Changes whenever the file does. */
  readonly etag: string
}

const mostFiles = 10_000
const mostDepth = 16

/** Plain files that a run has left so far, by name. Links, pipes, devices and files with a second name are left out. */
export async function listArtifacts(
  { key }: Pick<ServiceContext, 'key'>,
  run: Pick<StoredRun, 'id' | 'folder'>,
): Promise<readonly ApiArtifact[]> {
  const found: ApiArtifact[] = []
  if (run.folder === undefined) return found
  for await (const file of walk(run.folder, '', 1)) {
    found.push({ id: artifactId(key, run.id, file.name), ...file, ...natureOf(file.name) })
    if (found.length >= mostFiles) break
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** Opens a file by its id. Throws `entry_unknown` where it is not there, or is no plain file any more. */
export async function openArtifact(
  service: Pick<ServiceContext, 'key'>,
  run: Pick<StoredRun, 'id' | 'folder'>,
  id: string,
): Promise<OpenedArtifact> {
  const listed = (await listArtifacts(service, run)).find((artifact) => artifact.id === id)
  const opened = listed === undefined ? undefined : await openFile(service, run, listed.name)
  if (opened !== undefined) return opened
  throw new GreenloopError('entry_unknown', `the run ${run.id} has no such artifact`, {
    help: `GET /v1/runs/${run.id}/artifacts lists what is there`,
  })
}

/**
 * Opens a file by its name below the folder of the run, without following a link, waiting on a pipe or leaving the folder;
 * `undefined` where that cannot be.
 */
export async function openFile(
  { key }: Pick<ServiceContext, 'key'>,
  { id, folder }: Pick<StoredRun, 'id' | 'folder'>,
  name: string,
): Promise<OpenedArtifact | undefined> {
  if (folder === undefined) return undefined
  const path = join(folder, name)
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  )
  if (handle === undefined) return undefined
  const artifact = await describe(handle, { folder, name }).catch(() => undefined)
  if (artifact === undefined) {
    await handle.close()
    return undefined
  }
  const { etag, ...facts } = artifact
  return { artifact: { id: artifactId(key, id, name), name, ...facts, ...natureOf(name) }, handle, etag }
}

/** What is to be told of an open file, if it is plain and lies where its name says. */
async function describe(handle: FileHandle, { folder, name }: { readonly folder: string; readonly name: string }) {
  const stats = await handle.stat({ bigint: true })
  const base = await realpath(folder)
  const path = join(base, name)
  if (!stats.isFile() || stats.nlink > 1n || !path.startsWith(join(base, '/')) || (await pathOf(handle, path)) !== path)
    return undefined
  const etag = `"${[stats.ino, stats.size, stats.mtimeNs].map((part) => part.toString(36)).join('-')}"`
  return { bytes: Number(stats.size), modifiedAt: timeOf(Number(stats.mtimeMs)), etag }
}

/** Where an open file really lies: a folder on the way may have become a link meanwhile. */
async function pathOf({ fd }: FileHandle, path: string): Promise<string> {
  return readlink(`/proc/self/fd/${fd}`).catch(() => realpath(path).catch(() => ''))
}

async function* walk(
  folder: string,
  below: string,
  depth: number,
): AsyncGenerator<Pick<ApiArtifact, 'name' | 'bytes' | 'modifiedAt'>> {
  const path = join(folder, below)
  const itself = await lstat(path).catch(() => undefined)
  if (itself?.isDirectory() !== true) return
  const entries = await opendir(path).catch(() => undefined)
  for await (const entry of entries ?? []) {
    // Hidden files are those that are being written.
    if (entry.name.startsWith('.')) continue
    const name = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory() && depth < mostDepth) yield* walk(folder, name, depth + 1)
    if (!entry.isFile()) continue
    const stats = await lstat(join(folder, name)).catch(() => undefined)
    if (stats === undefined || !stats.isFile() || stats.nlink > 1) continue
    yield { name, bytes: stats.size, modifiedAt: timeOf(stats.mtimeMs) }
  }
}

function timeOf(ms: number): string {
  return new Date(Math.floor(ms)).toISOString()
}

function artifactId(key: Buffer, runId: string, name: string): string {
  return createHmac('sha256', key).update(`${runId}\0${name}`).digest('base64url').slice(0, 22)
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
  '.xml': 'application/xml',
  '.csv': 'text/csv',
  '.md': 'text/markdown',
  '.zip': 'application/zip',
  '.png': 'image/png',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.py': 'text/x-python',
  '.ts': 'text/x-typescript',
  '.tsx': 'text/x-typescript',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.log': 'text/plain',
  '.txt': 'text/plain',
  '.diff': 'text/x-diff',
  '.patch': 'text/x-diff',
}

const reports =
  /^(?:report|summary|bench|codequality|result|results|comparison|generation)\.(?:json|html|md|csv)$|^(?:junit|coverage)\.xml$|^digest\.md$/

/** What a file is, by its name. */
function natureOf(name: string): Pick<ApiArtifact, 'mediaType' | 'role'> {
  const mediaType = mediaTypes[extname(name).toLowerCase()] ?? 'application/octet-stream'
  const base = name.slice(name.lastIndexOf('/') + 1)
  return { mediaType, role: roleOf(base, mediaType, name.includes('/')) }
}

function roleOf(base: string, mediaType: string, isBelow: boolean): ApiArtifact['role'] {
  if (base === 'bundle.zip') return 'bundle'
  if (base === 'prompt.md') return 'prompt'
  if (base === 'answer.md') return 'answer'
  if (base.endsWith('.log')) return 'log'
  if (!isBelow && reports.test(base)) return 'report'
  return /python|typescript|javascript/.test(mediaType) ? 'script' : 'other'
}

/** Whether a file can be shown as text. */
export function isText({ mediaType }: ApiArtifact): boolean {
  return mediaType.startsWith('text/') || /json$|xml$|yaml$/.test(mediaType)
}

/** Last part of a name. */
export function baseName({ name }: ApiArtifact): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
