import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import type { FileSpec } from '../domain/case.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { TargetCall } from '../domain/target.ts'
import { sha256 } from '../lib/hash.ts'
import type { DifyApi } from './dify-api.ts'
import type { CallFiles } from './dify-app.ts'
import { garbled } from './dify-errors.ts'
import { textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'

/** Gives the files of a call to the server, each once for its user. */
export type SendFiles = (call: TargetCall, signal: AbortSignal) => Promise<CallFiles>

interface FileParts {
  readonly api: DifyApi
  /** Absolute folder that relative paths start from. */
  readonly folder: string
  /** Input variables that take a list of files. */
  readonly listInputs: (signal: AbortSignal) => Promise<ReadonlySet<string>>
}

/** Uploads that are remembered; a user is new with every attempt at a trial. */
const remembered = 1000

/**
 * A sender of files. Files of this machine are uploaded first, under the user of the call. Throws `file_missing` for one
 * that cannot be read, and as calls do: an upload that fails has cost nothing, so `target_failed` may pass.
 */
export function createFileSender({ api, folder, listInputs }: FileParts): SendFiles {
  const uploads = new Map<string, string>()
  const upload = async (path: string, user: string, signal: AbortSignal): Promise<string> => {
    const key = JSON.stringify([user, path])
    const kept = uploads.get(key)
    if (kept !== undefined) return kept
    const id = await uploadFile(api, { path, user }, signal)
    uploads.set(key, id)
    const [oldest] = uploads.keys()
    if (uploads.size > remembered && oldest !== undefined) uploads.delete(oldest)
    return id
  }
  const entryOf = async (file: FileSpec, user: string, signal: AbortSignal): Promise<Fields> => {
    if (file.url !== undefined) return { type: file.type, transfer_method: 'remote_url', url: file.url }
    const id = await upload(resolve(folder, file.path ?? ''), user, signal)
    return { type: file.type, transfer_method: 'local_file', upload_file_id: id }
  }
  return async ({ files, user }, signal) => {
    if (files.length === 0) return { inputs: {}, files: [] }
    const lists = files.some(({ input }) => input !== undefined) ? await listInputs(signal) : new Set<string>()
    const inputs: Record<string, Fields | Fields[]> = {}
    const loose: Fields[] = []
    for (const file of files) {
      const entry = await entryOf(file, user, signal)
      if (file.input === undefined) loose.push(entry)
      else inputs[file.input] = joined(inputs[file.input], entry, lists.has(file.input))
    }
    return { inputs, files: loose }
  }
}

function joined(before: Fields | Fields[] | undefined, entry: Fields, isList: boolean): Fields | Fields[] {
  if (before === undefined) return isList ? [entry] : entry
  return Array.isArray(before) ? [...before, entry] : [before, entry]
}

interface Upload {
  readonly path: string
  readonly user: string
}

async function uploadFile(api: DifyApi, { path, user }: Upload, signal: AbortSignal): Promise<string> {
  const content = await readFile(path, { signal }).catch((cause: unknown) => {
    signal.throwIfAborted()
    throw new GreenloopError('file_missing', `a file of the case cannot be read: ${path}`, { cause })
  })
  const boundary = `greenloop-${sha256(content).slice(0, 32)}`
  const asked = await api.ask(
    {
      method: 'POST',
      path: 'files/upload',
      contentType: `multipart/form-data; boundary=${boundary}`,
      body: multipart(boundary, { name: basename(path), content, user }),
    },
    signal,
  )
  if (asked.kind === 'failed') {
    const { status, code, message } = asked.complaint
    throw new GreenloopError('target_failed', `the upload of ${path} failed: ${status} ${code ?? ''} ${message}`)
  }
  if (asked.kind !== 'answer') throw asked.error
  const id = textOf(asked.fields['id'])
  if (id === undefined) throw garbled(`the answer to the upload of ${path} names no file`)
  return id
}

interface Part {
  readonly name: string
  readonly content: Uint8Array
  readonly user: string
}

function multipart(boundary: string, { name, content, user }: Part): Buffer {
  const quoted = name.replaceAll(/["\r\n]/gu, '_')
  const head = [
    `--${boundary}`,
    'Content-Disposition: form-data; name="user"',
    '',
    user,
    `--${boundary}`,
    `Content-Disposition: form-data; name="file"; filename="${quoted}"`,
    `Content-Type: ${mediaTypes[extname(name).toLowerCase()] ?? 'application/octet-stream'}`,
    '',
    '',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head), content, Buffer.from(`\r\n--${boundary}--\r\n`)])
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.txt': 'text/plain',
  '.md': 'text/markdown',
  '.csv': 'text/csv',
  '.html': 'text/html',
  '.json': 'application/json',
  '.xml': 'application/xml',
  '.pdf': 'application/pdf',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
  '.mp3': 'audio/mpeg',
  '.m4a': 'audio/mp4',
  '.wav': 'audio/wav',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
}
