import { rename, rm, symlink } from 'node:fs/promises'
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
import { toSummary } from './summary.ts'

/** Where reports go and what goes with them. */
export interface WriteOptions {
  /** Folder of this run, absolute, already there; logs of the execution may lie in it. */
  readonly runDir: string
  readonly redactor: Redactor
  /** Further texts by file name, such as a log or a prompt; they are redacted like everything else. */
  readonly texts?: Readonly<Record<string, string>>
  /** Whether coverage was asked for; where it could not be measured, the summary says so. */
  readonly coverageRequested?: boolean
}

const logBytes = 64 * 2 ** 20

/**
 * Writes all reports of a run and returns their absolute paths by name, `summary.json` and `bundle.zip` among them. Each
 * file appears whole or not at all, the bundle last, and then the pointer `latest` beside the run's folder. A folder
 * that holds a report already is refused. Throws `artifact_failed`.
 */
export async function writeReports(execution: Execution, options: WriteOptions): Promise<Record<string, string>> {
  const { runDir } = options
  try {
    await refuseFinished(runDir)
    const logs = await redactLogs(runDir, options.redactor)
    const documents = await documentsOf(noteCoverage(execution, options), options)
    const names = Object.keys(documents)
    await writeAllAtomic([...logs, ...names.map((name) => ({ path: join(runDir, name), data: documents[name] ?? '' }))])
    const listing = await listFiles(runDir, { maxFiles: 5000, maxDepth: 8 })
    await writeAtomic(join(runDir, 'bundle.zip'), await createBundle(runDir, listing.files))
    await pointLatest(runDir)
    return Object.fromEntries([...names, 'bundle.zip'].map((name) => [name, join(runDir, name)]))
  } catch (error) {
    throw artifactError(error, runDir)
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
async function documentsOf(raw: Execution, options: WriteOptions): Promise<Record<string, string>> {
  const execution = redactExecution(raw, options.redactor)
  const texts = Object.entries(options.texts ?? {}).map(([name, text]) => [name, options.redactor.text(text)])
  const digest = toDigest(execution)
  const documents: Record<string, string> = {
    ...Object.fromEntries(texts),
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
  const artifacts = [...Object.keys(documents), 'summary.json', 'bundle.zip'].sort()
  const paths = Object.fromEntries(artifacts.map((name) => [name, join(options.runDir, name)]))
  return { ...documents, 'summary.json': json(toSummary(execution, paths)) }
}

/** Coverage that was asked for and is missing is said, never shown as 0 %. */
function noteCoverage(execution: Execution, options: WriteOptions): Execution {
  const measured = execution.coverage !== undefined && execution.coverage.length > 0
  const told = execution.problems.some((problem) => /coverage/i.test(problem.message))
  if (measured || told || options.coverageRequested !== true) return execution
  const message = 'coverage was asked for but not measured, so there is no coverage.xml'
  return { ...execution, problems: [...execution.problems, { kind: 'note', message }] }
}

/** Logs that the execution left, again, where they hold a secret. */
async function redactLogs(runDir: string, redactor: Redactor): Promise<FileContent[]> {
  const { files } = await listFiles(runDir, { maxFiles: 5000, maxDepth: 8 })
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

const json = (value: unknown) => `${JSON.stringify(value)}\n`
