import { constants } from 'node:fs'
import { open, opendir, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'

/** Largest file that is read as a document, in bytes: 10 MiB. */
export const maxDocumentBytes = 10 * 1024 * 1024

const maxNamesCompared = 2000

/**
 * The text of a file, without a byte-order mark. Throws `file_missing` for what is not there, not readable or not a
 * plain file, `file_too_large` before anything is read, and `syntax_invalid` for bytes that are not UTF-8.
 */
export async function readText(path: string): Promise<string> {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer for ever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => explainOpen(path, cause))
  try {
    return decode(path, await readBytes(path, handle))
  } finally {
    await handle.close()
  }
}

async function readBytes(path: string, handle: FileHandle): Promise<Buffer> {
  const stats = await handle.stat()
  if (stats.isDirectory()) {
    throw new GreenloopError('file_missing', `\`${path}\` is a folder, not a file`, {
      place: { file: path },
      help: 'name a JSON or YAML file inside it',
    })
  }
  if (!stats.isFile()) {
    throw new GreenloopError('file_missing', `\`${path}\` is a pipe, socket or device, not a plain file`, {
      place: { file: path },
      help: 'write the content to a file and name that',
    })
  }
  if (stats.size > maxDocumentBytes) throw tooLarge(path, stats.size)
  const bytes = await handle.readFile()
  // The file may have grown since it was measured.
  if (bytes.length > maxDocumentBytes) throw tooLarge(path, bytes.length)
  return bytes
}

function tooLarge(path: string, size: number): GreenloopError {
  const mebibytes = (size / 1024 / 1024).toFixed(1)
  return new GreenloopError('file_too_large', `\`${path}\` has ${mebibytes} MiB; the limit is 10 MiB`, {
    place: { file: path },
    help: 'split the file, or name the one that was meant',
  })
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const wide = bytes[0] === 0xff && bytes[1] === 0xfe ? true : bytes[0] === 0xfe && bytes[1] === 0xff
    throw new GreenloopError('syntax_invalid', `\`${path}\` is not UTF-8 text`, {
      cause,
      place: { file: path, ...firstBadByte(bytes) },
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

async function explainOpen(path: string, cause: unknown): Promise<never> {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'EACCES' || code === 'EPERM') {
    throw new GreenloopError('file_missing', `\`${path}\` may not be read`, {
      cause,
      place: { file: path },
      help: `give yourself the right to read it: chmod u+r '${path}'`,
    })
  }
  const near = code === 'ENOENT' ? await nearName(path) : undefined
  throw new GreenloopError('file_missing', missingMessage(path, code), {
    cause,
    place: { file: path },
    ...(near === undefined ? {} : { help: `did you mean \`${near}\`?` }),
  })
}

function missingMessage(path: string, code: string): string {
  if (code === 'ENOENT') return `there is no file \`${path}\``
  if (code === 'ENOTDIR') return `there is no file \`${path}\`: a part of its path is a file, not a folder`
  if (code === 'ENXIO') return `\`${path}\` is a socket or device, not a plain file`
  return `\`${path}\` cannot be read${code === '' ? '' : ` (${code})`}`
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
  return near === undefined ? undefined : path.slice(0, path.length - basename(path).length) + near
}
