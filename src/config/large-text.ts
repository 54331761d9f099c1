import { readFile, stat } from 'node:fs/promises'
import { GreenloopError } from '../domain/errors.ts'
import { readText } from './bytes.ts'

/** What `readText` reads itself, in bytes. */
const usualBytes = 10 * 1024 * 1024

/** Largest dataset or manifest, in bytes: 256 MiB. */
const maxBytes = 256 * 1024 * 1024

/**
 * The text of a dataset or manifest of at most 256 MiB, without a byte-order mark. Throws `file_missing`, `file_too_large`
 * or `syntax_invalid`; messages call the file `name`.
 */
export async function readLargeText(path: string, name = path): Promise<string> {
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined || !stats.isFile() || stats.size <= usualBytes) return readText(path, name)
  if (stats.size > maxBytes) {
    throw new GreenloopError('file_too_large', `\`${name}\` is larger than 256 MiB`, {
      place: { file: name },
      help: 'split the file',
    })
  }
  const text = (await readFile(path)).toString('utf8')
  if (text.includes('\u{fffd}')) {
    throw new GreenloopError('syntax_invalid', `\`${name}\` is not UTF-8 text`, {
      place: { file: name },
      help: 'save the file as UTF-8',
    })
  }
  return text.startsWith('\u{feff}') ? text.slice(1) : text
}
