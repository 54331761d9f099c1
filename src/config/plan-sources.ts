import { dirname, join, relative, resolve } from 'node:path'
import { GreenloopError, type Place, type Problem } from '../domain/errors.ts'
import { experimentSchema, type Experiment } from '../domain/experiment.ts'
import { catalogSchema, environmentSchema, type Catalog, type Environment } from '../domain/workflow.ts'
import { exists } from '../lib/files.ts'
import { isObject } from './aliases.ts'
import { readDocument } from './document.ts'
import { expand, type Variables } from './expansion.ts'
import { splitPlan } from './plan-document.ts'
import { readEnvironment } from './plan-environment.ts'
import { attempt } from './plan-problems.ts'
import { readPart, type ReadPart } from './plan-view.ts'
import type { SourceDocument } from './source-document.ts'

/** A part of the files with the file it is in (absolute) and the folder that its paths start from. */
export interface Source<T> extends ReadPart<T> {
  readonly file: string
  readonly folder: string
}

/** The files of an experiment as they were read. */
export interface PlanSources {
  readonly plan: Source<Experiment>
  readonly environment?: Source<Environment> | undefined
  /** What the plan describes itself, then the catalog. */
  readonly catalogs: readonly Source<Catalog>[]
  /** Files that could not be read. */
  readonly problems: readonly Problem[]
  /** What messages call a file. */
  name(path: string): string
}

/** Where paths start from and variables come from. */
export interface Surroundings {
  readonly cwd: string
  readonly env: Variables
}

/** Reads a plan and the files beside it. Throws what `readDocument` throws of the plan; the others give problems. */
export async function readSources(path: string, { cwd, env }: Surroundings): Promise<PlanSources> {
  const file = resolve(cwd, path)
  const folder = dirname(file)
  const document = await readDocument(file, path).catch(withBeginning)
  refuseManifests(document)
  const split = splitPlan(document)
  const name = (target: string) => nameOf(target, cwd)
  const plan = { ...readPart(experimentSchema, document, split.plan), file, folder }
  const finder: Finder = { folder, env, name }
  const environment = split.environment && {
    ...readPart(environmentSchema, document, split.environment),
    file,
    folder,
  }
  const found = environment ?? (await environmentFile(plan, finder))
  const inline = split.catalogs.map((part) => ({ ...readPart(catalogSchema, document, part), file, folder }))
  const catalog = split.holdsCatalog ? undefined : await catalogFile(plan, finder)
  const catalogs = [...inline, ...(catalog !== undefined && 'view' in catalog ? [catalog] : [])]
  const problems = [found, catalog].flatMap((one) => (one === undefined || 'view' in one ? [] : one.unread))
  return { plan, environment: found && 'view' in found ? found : undefined, catalogs, problems, name }
}

/** Whoever has no plan yet is told how to get one, unless a file of nearly that name is there. */
function withBeginning(error: unknown): never {
  if (!(error instanceof GreenloopError) || error.code !== 'file_missing' || error.help !== undefined) throw error
  const { message, place } = error
  const help = 'begin with `greenloop experiment init`, which writes the files of a first one'
  throw new GreenloopError('file_missing', message, { help, cause: error, ...(place === undefined ? {} : { place }) })
}

function refuseManifests(document: SourceDocument): void {
  const { value, file } = document
  if (!isObject(value) || !('manifests' in value || ('cases' in value && 'workflow_id' in value))) return
  throw new GreenloopError('plan_invalid', `\`${file}\` holds manifests, not a plan`, {
    place: document.locate([]),
    help: 'run them with `greenloop manifest run`',
  })
}

interface Finder {
  readonly folder: string
  readonly env: Variables
  name(path: string): string
}

interface Unread {
  readonly unread: readonly Problem[]
}

/** A path as people know it: relative to the working folder, unless it lies outside. */
function nameOf(path: string, cwd: string): string {
  const short = relative(cwd, path)
  if (short === '') return '.'
  return short.startsWith('..') ? path : short
}

async function environmentFile(
  plan: Source<Experiment>,
  finder: Finder,
): Promise<Source<Environment> | Unread | undefined> {
  const found = await findFile(plan, 'env', finder)
  if (found === undefined) return undefined
  const read = await readEnvironment(found.path, finder.name(found.path), found.namedAt)
  return read.ok ? { ...read.value, file: found.path, folder: dirname(found.path) } : { unread: read.problems }
}

async function catalogFile(plan: Source<Experiment>, finder: Finder): Promise<Source<Catalog> | Unread | undefined> {
  const found = await findFile(plan, 'catalog', finder)
  if (found === undefined) return undefined
  const read = await attempt(readDocument(found.path, finder.name(found.path)), found.namedAt)
  if (!read.ok) return { unread: read.problems }
  return { ...readPart(catalogSchema, read.value), file: found.path, folder: dirname(found.path) }
}

const usualNames = { env: 'env', catalog: 'workflows' } as const

/** The file that the plan names, or the one of the usual name beside it. */
async function findFile(
  plan: Source<Experiment>,
  key: keyof typeof usualNames,
  { folder, env }: Finder,
): Promise<{ readonly path: string; readonly namedAt?: Place } | undefined> {
  const named = plan.view.get(key)
  if (named.text !== undefined) return { path: resolve(folder, expand(named.text, env).value), namedAt: named.place() }
  for (const extension of ['yaml', 'yml', 'json']) {
    const path = join(folder, `${usualNames[key]}.${extension}`)
    if (await exists(path)) return { path }
  }
  return undefined
}
