import { constants } from 'node:fs'
import { open, opendir, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'

/** Largest file that is read as a document, in bytes: 10 MiB. */
const maxDocumentBytes = 10 * 1024 * 1024

const maxNamesCompared = 2000

/**
 * The text of a file, without a byte-order mark. Throws `file_missing` for what is not there, not readable or not a
 * plain file, `file_too_large` before anything is read, and `syntax_invalid` for bytes that are not UTF-8. Messages call
 * the file `name`.
 */
export async function readText(path: string, name = path): Promise<string> {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) =>
    explainOpen({ path, name }, cause),
  )
  try {
    return decode(name, await readBytes(name, handle))
  } finally {
    await handle.close()
  }
}

async function readBytes(name: string, handle: FileHandle): Promise<Buffer> {
  const stats = await handle.stat()
  if (stats.isDirectory()) {
    throw new GreenloopError('file_missing', `\`${name}\` is a folder, not a file`, {
      place: { file: name },
      help: 'name a JSON or YAML file inside it',
    })
  }
  if (!stats.isFile()) {
    throw new GreenloopError('file_missing', `\`${name}\` is a pipe, socket or device, not a plain file`, {
      place: { file: name },
      help: 'write the content to a file and name that',
    })
  }
  if (stats.size > maxDocumentBytes) throw tooLarge(name, stats.size)
  // The file may have grown since it was measured; untouched pages of the buffer cost nothing.
  const bytes = Buffer.allocUnsafe(maxDocumentBytes + 1)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, null)
    if (bytesRead === 0) return bytes.subarray(0, filled)
    filled += bytesRead
  }
  throw tooLarge(name, filled)
}

function tooLarge(name: string, size: number): GreenloopError {
  const mebibytes = (size / 1024 / 1024).toFixed(1)
  return new GreenloopError('file_too_large', `\`${name}\` has ${mebibytes} MiB; the limit is 10 MiB`, {
    place: { file: name },
    help: 'split the file, or name the one that was meant',
  })
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const wide = bytes[0] === 0xff && bytes[1] === 0xfe ? true : bytes[0] === 0xfe && bytes[1] === 0xff
    throw new GreenloopError('syntax_invalid', `\`${name}\` is not UTF-8 text`, {
      cause,
      place: { file: name, ...firstBadByte(bytes) },
      why: wide ? 'it begins like UTF-16' : 'a byte here belongs to no UTF-8 character',
      help: 'save the file as UTF-8',
    })
  }
}

/** Line and column of the first character that could not be decoded. */
function firstBadByte(bytes: Buffer): { line: number; column: number } {
  const before = bytes.toString('utf8').split('\u{fffd}', 1)[0] ?? ''
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
}

async function explainOpen({ path, name }: { path: string; name: string }, cause: unknown): Promise<never> {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'EACCES' || code === 'EPERM') {
    throw new GreenloopError('file_missing', `\`${name}\` may not be read`, {
      cause,
      place: { file: name },
      help: `give yourself the right to read it: chmod u+r '${name}'`,
    })
  }
  const near = code === 'ENOENT' ? await nearName(path) : undefined
  throw new GreenloopError('file_missing', missingMessage(name, code), {
    cause,
    place: { file: name },
    ...(near === undefined ? {} : { help: `did you mean \`${near}\`?` }),
  })
}

function missingMessage(name: string, code: string): string {
  if (code === 'ENOENT') return `there is no file \`${name}\``
  if (code === 'ENOTDIR') return `there is no file \`${name}\`: a part of its path is a file, not a folder`
  if (code === 'ENXIO') return `\`${name}\` is a socket or device, not a plain file`
  return `\`${name}\` cannot be read${code === '' ? '' : ` (${code})`}`
}

/** The file of the same folder whose name is nearest. */
async function nearName(path: string): Promise<string | undefined> {
  const folder = dirname(path)
  const names: string[] = []
  const entries = await opendir(folder).catch(() => undefined)
  if (entries === undefined) return undefined
  for await (const entry of entries) {
    names.push(entry.name)
    if (names.length >= maxNamesCompared) break
  }
  const near = nearest(basename(path), names.sort())
  return near
}
