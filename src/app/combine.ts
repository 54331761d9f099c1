import { readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { openCache } from '../combine/cache.ts'
import { combine as cover } from '../combine/combine.ts'
import { compile } from '../combine/compile.ts'
import { prepare } from '../combine/conflict.ts'
import { coverageGrowth } from '../combine/coverage.ts'
import type { CoverageGrowth } from '../combine/coverage.ts'
import type { CombinationInput } from '../combine/json-schema.ts'
import { localise } from '../combine/localise.ts'
import { outcomesOf } from '../combine/localise-text.ts'
import type { Localisation } from '../combine/localise.ts'
import type { Model, Scalar } from '../combine/model.ts'
import { readModel } from '../combine/model-read.ts'
import type { Combination, CombineOptions } from '../combine/options.ts'
import { formatRows } from '../combine/format.ts'
import { combinationPage } from '../combine/page.ts'
import type { RowFormat } from '../combine/rows-table.ts'
import { cellJson } from '../combine/rows-cells.ts'
import { readRows } from '../combine/rows.ts'
import { createSolver } from '../combine/solver.ts'
import { verify } from '../combine/verify.ts'
import type { Verification } from '../combine/verify.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Problem } from '../domain/errors.ts'
import { monotonic, now } from '../lib/clock.ts'

/** Version of the engines, for the cache: raised with each change that makes other arrays. */
const engineVersion = '1'

/** An array with its rows as people write them. */
export interface Combined extends Combination {
  /** Value by parameter, by row. */
  readonly cases: readonly Readonly<Record<string, Scalar>>[]
  readonly warnings: readonly Problem[]
}

/**
 * Makes rows that cover a model: PICT text, or the JSON form as an object. Throws `model_invalid`, `model_contradictory`,
 * `rows_invalid`.
 */
export async function combine(model: string | CombinationInput, options: CombineOptions = {}): Promise<Combined> {
  const text = typeof model === 'string' ? model : JSON.stringify(model)
  const file = typeof model === 'string' ? 'model' : 'model.json'
  const { model: read, warnings } = readModel(text, { file })
  const combination = await cover(read, { clock: monotonic, ...options })
  return { ...combination, cases: casesOf(read, combination.rows), warnings }
}

/** A model file with what is to be made of it; paths relative to `cwd`. */
export interface CombineRequest {
  readonly cwd: string
  readonly model: string
  readonly options: Omit<CombineOptions, 'seeds' | 'exclude' | 'extend' | 'clock'>
  readonly seedsFile?: string | undefined
  readonly excludeFile?: string | undefined
  readonly extendFile?: string | undefined
  /** Folder of the cache; nothing is kept without it. */
  readonly cache?: string | undefined
}

/** What was made. */
export interface CombineResult {
  readonly model: Model
  readonly warnings: readonly Problem[]
  readonly combination: Combination
  readonly growth: CoverageGrowth
  /** Whether it was there already. */
  readonly cached: boolean
}

/** Makes the rows of a model file, or takes them from the cache. */
export async function combineFile(request: CombineRequest): Promise<CombineResult> {
  const { cwd, cache: folder } = request
  const { model, warnings } = await loadModel(cwd, request.model)
  const [seeds, exclude, extend] = await Promise.all(
    [request.seedsFile, request.excludeFile, request.extendFile].map((file) =>
      loadRows(file, { cwd, model, warnings }),
    ),
  )
  const options = { ...request.options, seeds, exclude, extend }
  const made = await coverModel(model, options, folder === undefined ? undefined : resolve(cwd, folder))
  return { model, warnings, ...made, growth: growthOf(model, made.combination) }
}

/** An array, and whether it was there already. */
interface CoveredModel {
  readonly combination: Combination
  readonly cached: boolean
}

/** Makes the array of a model, or takes it from the cache in a folder (absolute; nothing is kept without one). */
async function coverModel(model: Model, options: CombineOptions, folder: string | undefined): Promise<CoveredModel> {
  const cache = folder === undefined ? undefined : openCache({ folder, now })
  const content = { model, options: plain(options), version: engineVersion }
  const kept = await cache?.get(content)
  const details = kept?.details as Omit<Combination, 'rows'> | undefined
  if (kept !== undefined && details !== undefined) return { combination: { ...details, rows: kept.rows }, cached: true }
  const combination = await cover(model, { ...options, clock: monotonic })
  const { rows, ...facts } = combination
  await cache?.put(content, { rows, details: facts })
  if (folder !== undefined) await ignoreInGit(folder)
  return { combination, cached: false }
}

/** Like {@link combine} for a text of the JSON form, with arrays kept in a folder (absolute) by their content. */
export async function combineKept(
  text: string,
  options: CombineOptions,
  folder: string | undefined,
): Promise<Combined> {
  const { model, warnings } = readModel(text, { file: 'parameters.json' })
  const { combination } = await coverModel(model, options, folder)
  return { ...combination, cases: casesOf(model, combination.rows), warnings }
}

/** Our own folder is nobody's to commit. */
async function ignoreInGit(folder: string): Promise<void> {
  const parent = dirname(folder)
  if (basename(parent) !== '.greenloop') return
  await writeFile(join(parent, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => {})
}

function growthOf(model: Model, { rows, strength }: Combination): CoverageGrowth {
  return coverageGrowth(model, rows, strength)
}

/** Options as JSON, without what only concerns this call. */
function plain({ signal: _signal, ...options }: CombineOptions): unknown {
  return JSON.parse(
    JSON.stringify(options, (_key, value: unknown) => (ArrayBuffer.isView(value) ? [...(value as Int32Array)] : value)),
  )
}

/** What a file of rows covers. */
export interface VerifyResult {
  readonly model: Model
  readonly verification: Verification
  /** Line of each row in its file. */
  readonly lines: readonly number[]
}

/** Proves what an array covers, whoever made it. */
export async function verifyFile(
  request: { readonly cwd: string; readonly model: string; readonly rows: string },
  strength?: number,
): Promise<VerifyResult> {
  const { cwd } = request
  const { model } = await loadModel(cwd, request.model)
  const text = await load(cwd, request.rows)
  const { rows } = readRows(text, model, { file: request.rows, unknown: 'refuse' })
  const values = rows.map((row) => row.values)
  const verification = verify(model, values, strength ?? model.strength ?? 2)
  return { model, verification, lines: rows.map(({ line }) => line) }
}

/** What results of rows say. */
export interface LocaliseResult {
  readonly model: Model
  readonly localisation: Localisation
}

/** Rows in one of the forms that people and programs read. */
export function renderRows(
  { model, combination, growth }: CombineResult,
  { format, title }: { readonly format: RowFormat | 'html'; readonly title: string },
): string {
  return format === 'html'
    ? combinationPage({ title, model, combination, growth })
    : formatRows(model, combination.rows, format)
}

/** Names the combinations that explain why rows of a file failed; the column `outcome` holds the results. */
export async function localiseFile(request: {
  readonly cwd: string
  readonly model: string
  readonly rows: string
  readonly outcome: string
}): Promise<LocaliseResult> {
  const { cwd, outcome } = request
  const { model } = await loadModel(cwd, request.model)
  const text = await load(cwd, request.rows)
  const { rows } = readRows(text, model, { file: request.rows, unknown: 'refuse', outcome })
  prepare(model)
  const compiled = compile(model)
  return { model, localisation: localise({ compiled, solver: createSolver(compiled) }, outcomesOf(rows, request.rows)) }
}

/** Rows as objects, each value as the model holds it. */
function casesOf(model: Model, rows: Combination['rows']): Readonly<Record<string, Scalar>>[] {
  return rows.map((row) =>
    Object.fromEntries(
      row.flatMap((value, index) => {
        const parameter = model.parameters[index]
        const found = parameter?.values[value]
        return parameter === undefined || found === undefined
          ? []
          : [[parameter.name, cellJson(found, found.text, parameter)] as const]
      }),
    ),
  )
}

async function loadModel(cwd: string, path: string) {
  const { model, warnings } = readModel(await load(cwd, path), { file: path })
  return { model, warnings: [...warnings] }
}

async function loadRows(
  file: string | undefined,
  { cwd, model, warnings }: { readonly cwd: string; readonly model: Model; readonly warnings: Problem[] },
) {
  if (file === undefined) return undefined
  const read = readRows(await load(cwd, file), model, { file, unknown: 'skip' })
  warnings.push(...read.warnings)
  return read.rows.map(({ values }) => values)
}

async function load(cwd: string, path: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new GreenloopError('file_missing', code === 'ENOENT' ? `there is no \`${path}\`` : `${path}: ${message}`, {
      cause,
    })
  }
}
