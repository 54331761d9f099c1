import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { Execution } from '../domain/run.ts'
import {
  type FileContent,
  exists,
  listFiles,
  readSafely,
  temporaryBeside,
  writeAllAtomic,
  writeAtomic,
} from '../lib/files.ts'
import type { Redactor } from '../lib/redact.ts'
import { artifactError } from './artifact-error.ts'
import { toBench } from './bench.ts'
import { createBundle } from './bundle.ts'
import { toCobertura } from './cobertura.ts'
import { toCodeQuality } from './code-quality.ts'
import { toCtrf } from './ctrf.ts'
import { toDigest } from './digest.ts'
import { readPageAssets, toHtml } from './html.ts'
import { toJunit } from './junit.ts'
import { redactExecution } from './redact-execution.ts'
import { type Summary, toSummary } from './summary.ts'

/** Where texts go and what takes the secrets out of them. */
export interface TextOptions {
  /** Folder of this run, absolute, already there; logs of the execution may lie in it. */
  readonly runDir: string
  readonly redactor: Redactor
}

/** Where reports go and what goes with them. */
export interface ReportOptions extends TextOptions {
  /** Further texts by file name, such as a prompt; see {@link writeTexts}. */
  readonly texts?: Readonly<Record<string, string>>
  /** Whether coverage was asked for; where it could not be measured, the summary says so. */
  readonly coverageRequested?: boolean
  /** The run was resumed: reports that its earlier part has left are written anew. */
  readonly again?: boolean
}

/** What was written: absolute paths by file name, and the summary, without secrets as in its file. */
export interface WrittenReports {
  readonly paths: Readonly<Record<string, string>>
  readonly summary: Summary
}

const logBytes = 64 * 2 ** 20

/**
 * Writes all reports of a run, `summary.json` and `bundle.zip` among them. Each file appears whole or not at all, the
 * bundle last, and then the pointer `latest` beside the run's folder. A folder that holds a report already is refused.
 * Throws `artifact_failed`.
 */
export async function writeReports(execution: Execution, options: ReportOptions): Promise<WrittenReports> {
  const { runDir } = options
  try {
    if (!options.again) await refuseFinished(runDir)
    const { files: present } = await listFiles(runDir, { maxFiles: 5000, maxDepth: 8 })
    const logs = await redactLogs(present, options)
    const { documents, summary } = await documentsOf(noteCoverage(execution, options), present, options)
    await writeAllAtomic([...logs, ...inFolder(runDir, documents)])
    const listing = await listFiles(runDir, { maxFiles: 5000, maxDepth: 8 })
    await writeAtomic(join(runDir, 'bundle.zip'), await createBundle(runDir, listing.files))
    await pointLatest(runDir)
    return { paths: summary.artifacts, summary }
  } catch (error) {
    throw artifactError(error, runDir)
  }
}

/**
 * Writes texts by file name, all or none, and returns their absolute paths. Known secrets and everything that has the
 * shape of a key is taken out; test data in prompts and scripts stays. Throws `artifact_failed`.
 */
export async function writeTexts(
  texts: Readonly<Record<string, string>>,
  options: TextOptions,
): Promise<Record<string, string>> {
  try {
    const files = inFolder(options.runDir, cleanTexts(texts, options.redactor))
    await Promise.all(
      [...new Set(files.map(({ path }) => dirname(path)))].map((folder) => mkdir(folder, { recursive: true })),
    )
    await writeAllAtomic(files)
    return pathsOf(options.runDir, Object.keys(texts))
  } catch (error) {
    throw artifactError(error, options.runDir)
  }
}

async function refuseFinished(runDir: string): Promise<void> {
  for (const name of ['report.json', 'summary.json', 'bundle.zip']) {
    if (!(await exists(join(runDir, name)))) continue
    throw new GreenloopError('artifact_failed', `${join(runDir, name)} is there already`, {
      why: 'the reports of a run are never overwritten',
      help: 'give the run another id, or choose another folder with --artifacts',
    })
  }
}

/** Every text by file name. The secrets go before anything is rendered, where no escaping can hide them. */
async function documentsOf(raw: Execution, present: readonly string[], options: ReportOptions) {
  const execution = redactExecution(raw, options.redactor)
  const digest = toDigest(execution)
  const documents: Record<string, string> = {
    ...cleanTexts(options.texts ?? {}, options.redactor),
    'report.json': json(toCtrf(execution)),
    'junit.xml': toJunit(execution),
    'bench.json': json(toBench(execution)),
    'codequality.json': json(toCodeQuality(execution)),
    'digest.md': digest,
    'report.html': toHtml(execution, { assets: await readPageAssets(), digest }),
  }
  if (execution.coverage !== undefined && execution.coverage.length > 0) {
    documents['coverage.xml'] = toCobertura(execution.coverage, { timestamp: execution.startedAt })
  }
  const names = [...new Set([...present, ...Object.keys(documents), 'summary.json', 'bundle.zip'])].toSorted(byName)
  const summary = toSummary(execution, pathsOf(options.runDir, names))
  documents['summary.json'] = json(summary)
  return { documents, summary }
}

function cleanTexts(texts: Readonly<Record<string, string>>, redactor: Redactor): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, redactor.source(text)]))
}

function inFolder(folder: string, documents: Readonly<Record<string, string>>): FileContent[] {
  return Object.entries(documents).map(([name, data]) => ({ path: join(folder, name), data }))
}

function pathsOf(folder: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, join(folder, name)]))
}

/** Coverage that was asked for and is missing is said, never shown as 0 %. */
function noteCoverage(execution: Execution, options: ReportOptions): Execution {
  const measured = execution.coverage !== undefined && execution.coverage.length > 0
  const told = execution.problems.some((problem) => /coverage/i.test(problem.message))
  if (measured || told || options.coverageRequested !== true) return execution
  const message = 'coverage was asked for but not measured, so there is no coverage.xml'
  return { ...execution, problems: [...execution.problems, { kind: 'note', message }] }
}

/** Logs that the execution left, again, where they hold a secret. */
async function redactLogs(files: readonly string[], { runDir, redactor }: ReportOptions): Promise<FileContent[]> {
  const changed: FileContent[] = []
  for (const name of files.filter((file) => file.endsWith('.log'))) {
    const read = await readSafely(join(runDir, name), logBytes)
    if (read.kind === 'refused') continue
    const text = read.data.toString('utf8')
    const clean = redactor.text(text)
    if (clean !== text) changed.push({ path: join(runDir, name), data: clean })
  }
  return changed
}

/** Points `latest` beside the run's folder to it: a link where there are links, else the name in `latest.txt`. */
async function pointLatest(runDir: string): Promise<void> {
  const pointer = join(dirname(runDir), 'latest')
  const temporary = temporaryBeside(pointer)
  try {
    await symlink(basename(runDir), temporary)
    await rename(temporary, pointer)
  } catch {
    // No links here, or a folder of this name that is not ours to replace.
    await rm(temporary, { force: true })
    await writeAtomic(`${pointer}.txt`, `${basename(runDir)}\n`)
  }
}

const byName = (a: string, b: string) => (a < b ? -1 : 1)
const json = (value: unknown) => `${JSON.stringify(value)}\n`
