import { lstat } from 'node:fs/promises'
import { relative } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import { lookAtText } from './document-thread.ts'
import { readSafely } from '../lib/files.ts'
import { maxServedBytes } from './served-documents.ts'
import { servedPath } from './served-path.ts'
import type { ServiceContext } from './service-context.ts'

/**
 * Refuses a request, a plan or a configuration that a caller names and may have written: they say what is run outside the sandbox.
 * Callers can write suites, and answers of models into the folders of runs. Throws `path_refused`, `file_missing`.
 */
export async function refuseForeign(service: ServiceContext, path: string): Promise<void> {
  const absolute = await servedPath(service.root, path)
  const parts = relative(service.root, absolute).split('/')
  const isOfRuns = !relative(service.artifacts, absolute).startsWith('..') || parts.includes('artifacts')
  if (isOfRuns || parts.some((part) => part.startsWith('.'))) {
    throw refused(path, 'what runs have left and what is hidden is not carried out')
  }
  const text = await textOf(absolute, path)
  if (text === undefined) return
  if ((await lookAtText(text, path)).kind === 'suite') throw refused(path, 'it is a suite, and says nothing else')
}

/** The text of a file; `undefined` for one larger than callers can write. One that is not there could be written meanwhile. */
async function textOf(absolute: string, path: string): Promise<string | undefined> {
  const stats = await lstat(absolute).catch(() => undefined)
  if (stats?.isFile() !== true)
    throw new GreenloopError('file_missing', `there is no file \`${path}\` in the served folder`)
  if (stats.size > maxServedBytes) return undefined
  const read = await readSafely(absolute, maxServedBytes)
  if (read.kind === 'file') return read.data.toString('utf8')
  throw refused(path, `it cannot be read: ${read.reason}`)
}

function refused(path: string, why: string): GreenloopError {
  return new GreenloopError('path_refused', `\`${path}\` is not taken`, {
    why,
    help: 'whoever owns the served folder writes requests, plans and configurations',
  })
}
