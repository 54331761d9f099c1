import { isAbsolute, join, relative, resolve } from 'node:path'
import type { ApiTaskDetail } from '../domain/api-run.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { frameworks } from '../domain/suite.ts'
import type { Framework } from '../domain/suite.ts'
import { readSafely } from '../lib/files.ts'
import { plainText } from '../lib/plain-text.ts'
import { createRedactor } from '../lib/redact.ts'
import type { RunPlace } from '../report/rerun.ts'
import type { StoredInput } from './resumption.ts'
import { servedPath } from './served-path.ts'
import type { ServiceContext } from './service-context.ts'

/** Lines shown before and behind the one that failed. */
const around = 8
const maxScriptBytes = 1_048_576
const maxSummaryBytes = 4_194_304
const maxLine = 500
const redactor = createRedactor([])

/** Where the script of a test lies, and how its tests are run. */
export interface TestPlace {
  readonly lines: readonly string[]
  readonly run?: RunPlace | undefined
}

/** The script of a test: from the folder of the run, else from the served folder. `undefined` where it is in neither. */
export async function placeOf(service: ServiceContext, run: StoredRun, file: string): Promise<TestPlace | undefined> {
  const cwd = workingFolder(service, run)
  const own = run.folder === undefined ? undefined : await readScript(run.folder, file)
  const text = own ?? (await readScript(service.root, relative(service.root, join(cwd, file))))
  if (text === undefined) return undefined
  const framework = await frameworkOf(run, file)
  const place = framework === undefined ? undefined : { cwd, framework }
  return {
    lines: text.split(/\r?\n/),
    run: place === undefined || own === undefined ? place : { ...place, scriptDir: run.folder },
  }
}

/** Lines around one of a script, counted from 1; `undefined` where the script has no such line. */
export function frameOf(lines: readonly string[], file: string, line: number): ApiTaskDetail['frame'] {
  if (line < 1 || line > lines.length) return undefined
  const first = Math.max(1, line - around)
  const shown = lines.slice(first - 1, line + around).map((each) => plainText(redactor.text(each)).slice(0, maxLine))
  return { file, firstLine: first, lines: shown, line }
}

function workingFolder({ root }: ServiceContext, { input }: StoredRun): string {
  const { cwd = root, input: given } = (input ?? {}) as Partial<StoredInput<unknown>>
  const { request, overrides } = (given ?? {}) as Readonly<Record<'request' | 'overrides', { readonly cwd?: unknown }>>
  const named = overrides?.cwd ?? request?.cwd
  return typeof named === 'string' ? resolve(cwd, named) : cwd
}

async function readScript(folder: string, file: string): Promise<string | undefined> {
  if (file === '' || isAbsolute(file)) return undefined
  const path = await servedPath(folder, file).catch(() => undefined)
  const read = path === undefined ? undefined : await readSafely(path, maxScriptBytes)
  return read?.kind === 'file' ? read.data.toString('utf8') : undefined
}

/** The framework as the run itself wrote it at its end; before that, as far as the script tells. */
async function frameworkOf({ folder }: StoredRun, file: string): Promise<Framework | undefined> {
  if (file.endsWith('.py')) return 'pytest'
  if (folder === undefined) return undefined
  const read = await readSafely(join(folder, 'summary.json'), maxSummaryBytes)
  if (read.kind !== 'file') return undefined
  const name = /"framework":\s*\{\s*"name":\s*"(\w+)"/.exec(read.data.toString('utf8'))?.[1]
  return frameworks.find((each) => each === name)
}
