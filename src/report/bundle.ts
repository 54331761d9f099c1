import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import yazl from 'yazl'
import { readSafely } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { tool } from './tool.ts'

/** Path inside the bundle, size in bytes and SHA-256 of one file. */
interface ManifestEntry {
  readonly path: string
  readonly size: number
  readonly sha256: string
}

/** `manifest.json` of a bundle. */
interface Manifest {
  readonly schema: 'greenloop.manifest/v1'
  readonly tool: { readonly name: string; readonly version: string }
  readonly files: readonly ManifestEntry[]
  /** What was not taken, and why. */
  readonly omitted: readonly { readonly path: string; readonly reason: string }[]
}

/** Limits of a bundle, in bytes. */
interface BundleLimits {
  readonly maxFileBytes: number
  readonly maxTotalBytes: number
}

const defaults: BundleLimits = { maxFileBytes: 64 * 2 ** 20, maxTotalBytes: 256 * 2 ** 20 }

/**
 * A ZIP of files of a folder, as bytes: sorted, with fixed times, and with a manifest of sizes and hashes, so that equal
 * files give equal bytes. Only plain files are taken, links and pipes never; what is left out stands in the manifest.
 */
export async function createBundle(folder: string, paths: readonly string[], limits = defaults): Promise<Buffer> {
  const { contents, omitted } = await readAll(folder, [...new Set(paths)].sort(), limits)
  const manifest: Manifest = {
    schema: 'greenloop.manifest/v1',
    tool,
    files: contents.map(({ path, data }) => ({ path, size: data.length, sha256: sha256(data) })),
    omitted,
  }
  return zip([...contents, { path: 'manifest.json', data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) }])
}

interface Content {
  readonly path: string
  readonly data: Buffer
}

async function readAll(folder: string, paths: readonly string[], limits: BundleLimits) {
  const contents: Content[] = []
  const omitted: { path: string; reason: string }[] = []
  let total = 0
  for (const path of paths) {
    const room = Math.min(limits.maxFileBytes, limits.maxTotalBytes - total)
    const refusal = refusalOf(path)
    const read = refusal === undefined ? await readSafely(join(folder, path), room) : refusal
    if (read.kind === 'refused') omitted.push({ path, reason: read.reason })
    else {
      contents.push({ path, data: read.data })
      total += read.data.length
    }
  }
  return { contents, omitted }
}

/** Names that a reader could not unpack, or that lead out of the folder. */
function refusalOf(path: string) {
  const parts = path.split('/')
  const leaves =
    path === '' || path.includes('\\') || /^[A-Za-z]:/.test(path) || parts.some((part) => part === '' || part === '..')
  if (leaves) return { kind: 'refused', reason: 'not a plain relative path' } as const
  return path === 'manifest.json'
    ? ({ kind: 'refused', reason: 'the name of the manifest itself' } as const)
    : undefined
}

async function zip(contents: readonly Content[]): Promise<Buffer> {
  const file = new yazl.ZipFile()
  // DOS times are local; the same local time everywhere gives the same bytes everywhere.
  const fixed = { mtime: new Date(1980, 0, 1), mode: 0o100644, forceDosTimestamp: true, compressionLevel: 3 }
  for (const { path, data } of contents) file.addBuffer(data, path, fixed)
  file.end()
  return buffer(file.outputStream)
}
