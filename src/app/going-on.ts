import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LoadedSettings } from '../config/settings.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Attempt, CollectedTest, Execution, RunProblem, TestResult } from '../domain/run.ts'
import type { Resumed } from '../execute/execute.ts'
import { readTree } from '../execute/tree.ts'
import type { EarlierPart } from './earlier.ts'
import { runRequest } from './execution.ts'
import type { ExecutionInput } from './execution.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Runs a request, or what is left of it: then its tests are collected again, and those that are on record with a result
 * keep it, unless a source file of the project has changed since. Throws `lease_lost` where another process has taken
 * the run over meanwhile: the reports are that one's to write.
 */
export async function runOrGoOn(
  input: ExecutionInput,
  loaded: LoadedSettings,
  where: Surroundings,
): Promise<Execution> {
  const execution = await runFromWhereItStood(input, loaded, where)
  const reason: unknown = where.signal.reason
  if (reason instanceof GreenloopError && reason.code !== 'cancelled') throw reason
  return execution
}

async function runFromWhereItStood(
  input: ExecutionInput,
  loaded: LoadedSettings,
  where: Surroundings,
): Promise<Execution> {
  const { earlier, request } = input
  if (earlier === undefined) return runRequest(input, loaded, where)
  where.onStep?.('collecting the tests again')
  const quiet = { ...where, onProgress: undefined }
  const collection = await runRequest({ ...input, book: undefined, collectOnly: true }, loaded, quiet)
  const change = await newestChange(request.cwd)
  const resumed = keptOf(earlier, collection.tests, change)
  const kept = resumed.attempts.size
  if (kept < earlier.attempts.size) where.onStep?.(`${change.file} has changed since: results from before do not count`)
  where.onStep?.(`${kept} of ${resumed.tests.length} tests keep their results from before the break`)
  return runRequest({ ...input, resumed: { ...resumed, problems: notesOn(resumed, input) } }, loaded, where)
}

function notesOn({ attempts, problems }: Resumed, { request }: ExecutionInput): RunProblem[] {
  if (attempts.size === 0) return [...problems]
  const kept = `resumed: ${attempts.size} tests keep their results from before the break; the processes that ran them did not reach their end`
  const partial = 'coverage and benchmarks count only what ran after the break'
  const notes = request.coverage !== false || request.benchmark ? [kept, partial] : [kept]
  return [...problems, ...notes.map((message) => ({ kind: 'note' as const, message }))]
}

interface Change {
  readonly file: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** What tests are made of; what they leave behind is mostly something else. */
const sources = /\.(?:pyi?|[cm]?[jt]sx?|json|toml|ya?ml|ini|cfg)$/

/** The source or configuration file of the project that was changed last. */
async function newestChange(cwd: string): Promise<Change> {
  const tree = await readTree(cwd, [])
  const files = tree.files.filter((file) => sources.test(file))
  const changes = await Promise.all(
    files.map(async (file) => ({
      file,
      at: await stat(join(cwd, file)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  )
  return changes.reduce((newest, change) => (change.at > newest.at ? change : newest), { file: '', at: 0 })
}

function keptOf(earlier: EarlierPart, collected: readonly TestResult[], { at }: Change): Resumed {
  const ids = new Set(collected.map(({ id }) => id))
  const attempts = new Map<string, readonly Attempt[]>()
  for (const [id, done] of earlier.attempts) {
    if (ids.has(id) && done.every(({ startedAt }) => startedAt >= at)) attempts.set(id, done)
  }
  return { tests: collected.map(testOf), attempts, problems: earlier.problems }
}

function testOf({ id, name, file, line, suite, tags, caseId, labels }: TestResult): CollectedTest {
  const optional = { ...(line === undefined ? {} : { line }), ...(caseId === undefined ? {} : { caseId }) }
  return { id, name, file, suite, tags, labels, ...optional }
}
