import { createHash } from 'node:crypto'
import { opendir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReportedTest } from '../domain/forge.ts'
import { readSafely } from '../lib/files.ts'
import { globMatcher } from '../lib/glob.ts'
import { testsOfJunit } from './ci-junit.ts'
import { stateDir } from './ci-process.ts'

/** The reports of a job: its tests, and what the runner would say of each glob. */
export interface CiReports {
  readonly tests: readonly ReportedTest[]
  readonly found: readonly { readonly glob: string; readonly files: number }[]
  /** Files that are no JUnit report, with the reason. */
  readonly refused: readonly string[]
}

const maxNameLength = 238
const maxFiles = 200
const maxEntries = 20_000
const maxDepth = 20
const maxReportBytes = 32 * 1024 * 1024
const maxTests = 100_000

/** Folder that a job worked in; only a path without any link in it is given. */
async function workFolder(folder: string, job: string): Promise<string | undefined> {
  const path = join(await realpath(folder), stateDir, 'builds', safeName(job))
  const real = await realpath(path).catch(() => undefined)
  return real === path ? path : undefined
}

/** How gitlab-ci-local names files after a job: what is not a letter, digit, `_` or `-` in base64url, long names cut. */
function safeName(job: string): string {
  const encoded = job.replaceAll(/[^\w-]+/g, (part) => Buffer.from(part).toString('base64url'))
  if (encoded.length <= maxNameLength) return encoded
  const hash = createHash('sha256').update(job).digest('hex').slice(0, 16)
  return `${encoded.slice(0, maxNameLength - 1 - hash.length)}-${hash}`
}

/** Reads the JUnit reports that a job has left, without following links. */
export async function readReports(
  folder: string,
  job: { readonly name: string; readonly junit: readonly string[] },
): Promise<CiReports> {
  const globs = job.junit.map((glob) => glob.replace(/^(?:\.\/|\$CI_PROJECT_DIR\/|\$\{CI_PROJECT_DIR\}\/)/, ''))
  const work = globs.length === 0 ? undefined : await workFolder(folder, job.name)
  const files = work === undefined ? [] : await plainFiles(work)
  const found = globs.map((glob) => ({ glob, paths: files.filter(globMatcher([glob])) }))
  const paths = [...new Set(found.flatMap((one) => one.paths))].slice(0, maxFiles)
  const tests: ReportedTest[] = []
  const refused: string[] = []
  for (const path of paths) {
    const read = await readSafely(join(work ?? '', path), maxReportBytes)
    const parsed = read.kind === 'file' ? testsOfJunit(read.data.toString('utf8'), job.name) : read.reason
    if (typeof parsed === 'string') refused.push(`${path}: ${parsed}`)
    else for (const test of parsed.slice(0, maxTests - tests.length)) tests.push(test)
  }
  return { tests, found: found.map((one) => ({ glob: one.glob, files: one.paths.length })), refused }
}

/** Paths of the plain files below a folder, hidden ones too, without those of git. */
async function plainFiles(folder: string): Promise<string[]> {
  const files: string[] = []
  let entries = 0
  const walk = async (relative: string, depth: number): Promise<void> => {
    for await (const entry of await opendir(join(folder, relative))) {
      if (entries++ > maxEntries) return
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`
      if (entry.isFile()) files.push(path)
      else if (entry.isDirectory() && depth < maxDepth && !skipped.has(entry.name)) await walk(path, depth + 1)
    }
  }
  await walk('', 1)
  return files.sort()
}

/** Names below which no report lies. */
const skipped = new Set(['.git', 'node_modules'])
