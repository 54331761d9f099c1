import { open } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '../domain/api-common.ts'
import type { ApiArtifact, ApiRun, ApiRunDetail, GeneratedBy, RunProgress } from '../domain/api-run.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { Generation } from '../domain/generation.ts'
import type { RunEvent, RunFilter, RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Summary } from '../report/summary.ts'
import { listArtifacts } from './artifacts.ts'
import { runErrorKind, startedBy } from './carry.ts'
import type { SentError } from './carry.ts'
import { entriesOf } from './problem-entries.ts'
import type { ServiceContext } from './service-context.ts'
import { isOver, standing } from './standing.ts'
import { hasTests } from './task-shapes.ts'
import { taskCounts } from './tasks.ts'

/** Which runs a list shows. */
export interface RunsQuery {
  readonly kind?: ApiRun['kind'] | undefined
  readonly status?: ApiRun['status'] | undefined
  readonly search?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

/** A run in lists, with its counts. */
export async function runView(service: ServiceContext, run: StoredRun): Promise<ApiRun> {
  const counted = await progressOf(service, run)
  return { ...plainView(run), ...(counted === undefined ? {} : { progress: counted }) }
}

/** A run in lists, without its counts. */
export function plainView(run: StoredRun): ApiRun {
  const { id, kind, title, verdict, exitCode, reason, cancelRequested } = run
  return shed({
    id,
    kind,
    title,
    status: standing(run),
    verdict,
    exitCode,
    reason,
    cancelRequested,
    createdAt: timeOf(run.createdAt),
    startedAt: run.startedAt === undefined ? undefined : timeOf(run.startedAt),
    finishedAt: run.finishedAt === undefined ? undefined : timeOf(run.finishedAt),
    startedBy: startedBy(run),
  })
}

/** Counts of runs that are over never change. */
const counted = new WeakMap<RunStore, Map<string, RunProgress>>()
const mostCounted = 5000

async function progressOf(service: ServiceContext, run: StoredRun): Promise<RunProgress | undefined> {
  if (run.kind === 'repair' || run.kind === 'generate' || run.state === 'queued') return undefined
  const known = counted.get(service.store) ?? new Map<string, RunProgress>()
  counted.set(service.store, known)
  const there = known.get(run.id)
  if (there !== undefined) return there
  const progress = await taskCounts(service, run.id)
  if (isOver(run)) known.set(run.id, progress)
  const [oldest] = known.keys()
  if (known.size > mostCounted && oldest !== undefined) known.delete(oldest)
  return progress
}

/** Runs that fit, newest first. */
export async function listRunViews(service: ServiceContext, query: RunsQuery): Promise<Page<ApiRun>> {
  const found: StoredRun[] = []
  let before = query.cursor === undefined ? undefined : positionOf(query.cursor)
  const filter = filterOf(query)
  // Whether a run was broken off is known only from its process, so such a page may take several looks.
  while (found.length <= query.limit) {
    const page = await service.store.list({ ...filter, before, limit: query.limit + 1 })
    found.push(...page.filter((run) => query.status === undefined || standing(run) === query.status))
    const last = page.at(-1)
    if (page.length <= query.limit || last === undefined) break
    before = { createdAt: last.createdAt, id: last.id }
  }
  const shown = found.slice(0, query.limit)
  const items = await Promise.all(shown.map((run) => runView(service, run)))
  const last = shown.at(-1)
  return found.length > query.limit && last !== undefined ? { items, nextCursor: cursorOf(last) } : { items }
}

function filterOf({ kind, status, search }: RunsQuery): Omit<RunFilter, 'limit'> {
  const kinds = kind === undefined ? {} : { kinds: [kind] }
  const state = status === 'interrupted' ? 'running' : status
  return { ...kinds, ...(state === undefined ? {} : { states: [state] }), ...(search ? { search } : {}) }
}

function cursorOf({ createdAt, id }: StoredRun): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url')
}

function positionOf(cursor: string): NonNullable<RunFilter['before']> {
  try {
    const [createdAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as readonly unknown[]
    if (Number.isSafeInteger(createdAt) && typeof id === 'string') return { createdAt: createdAt as number, id }
  } catch {
    // Told below.
  }
  throw new GreenloopError('body_invalid', 'the cursor is none of a page before', { help: 'begin without a cursor' })
}

/** The run of this id. Throws `run_unknown`. */
export async function runOf({ store }: Pick<ServiceContext, 'store'>, id: string): Promise<StoredRun> {
  const run = await store.find(id)
  if (run !== undefined) return run
  throw new GreenloopError('run_unknown', `there is no run \`${id}\``, { help: 'GET /v1/runs lists them' })
}

/** One run with everything that is small. Throws `run_unknown`. */
export async function runDetail(service: ServiceContext, id: string): Promise<ApiRunDetail> {
  const run = await runOf(service, id)
  const [view, artifacts, told, summary, error, counts] = await Promise.all([
    runView(service, run),
    listArtifacts(service, run),
    toldOf(service.store, id),
    summaryOf(run),
    errorOf(service, run),
    // Tests of a framework take no tokens, and the counts read all of their attempts.
    hasTests(run) ? undefined : service.store.counts(id),
  ])
  const stands = standing(run)
  const { generation, tokens } = generatedOf(told.generated, artifacts)
  return shed({
    ...view,
    error,
    artifacts: [...artifacts],
    generatedBy: generation,
    sandbox: summary === undefined ? undefined : { tier: summary.sandbox.tier, gaps: [...summary.sandbox.gaps] },
    framework: summary?.framework,
    problems: told.problems,
    coverage: summary?.coverage,
    durationMs:
      run.startedAt === undefined || run.finishedAt === undefined ? undefined : run.finishedAt - run.startedAt,
    tokens: tokens + (counts?.tokens ?? 0) || undefined,
    costUsd: counts?.costUsd || undefined,
    lastEventSeq: told.seq,
    mode: modeOf(run),
    canRetry: isOver(run) && startedBy(run) !== undefined,
    canResume: stands === 'interrupted',
  })
}

const mostProblems = 100
/** A run makes its script once, and again only where it goes on without one. */
const mostGenerated = 100

/** What the events of a run tell besides its tests: most of a long run's events are about these. */
async function toldOf(store: RunStore, id: string) {
  const [generated, problems] = await Promise.all([
    store.eventsOfKinds(id, { kinds: ['generated'], afterSeq: 0, limit: mostGenerated }),
    store.eventsOfKinds(id, { kinds: ['problem'], afterSeq: 0, limit: mostProblems }),
  ])
  return {
    seq: generated.lastSeq,
    generated: generated.events.at(-1)?.data,
    problems: problems.events.map(problemOf),
  }
}

function problemOf({ data }: RunEvent): { kind: string; message: string; file?: string } {
  const { kind = 'note', message = '', file } = (data ?? {}) as { kind?: string; message?: string; file?: string }
  return { kind, message, ...(file === undefined ? {} : { file }) }
}

const mostSummaryBytes = 4 * 1024 * 1024

/** What the run itself wrote of its end. */
async function summaryOf({ folder }: StoredRun): Promise<Summary | undefined> {
  if (folder === undefined) return undefined
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(join(folder, 'summary.json'), flags).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: Infinity }))
    if (size > mostSummaryBytes) return undefined
    const summary = JSON.parse(await file.readFile('utf8')) as Summary
    // That of an experiment is another one.
    return summary.schema === 'greenloop.summary/v1' ? summary : undefined
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}

async function errorOf({ store }: ServiceContext, run: StoredRun): Promise<ApiRunDetail['error']> {
  if (run.state !== 'failed') return undefined
  const kept = (await store.documents.get(runErrorKind, run.id))?.value as SentError | undefined
  if (kept === undefined) return { message: run.reason ?? 'it could not be carried out' }
  const { message, code, help, problems } = kept
  return shed({ message, code: errorCatalog[code].id, help, problems: entriesOf(problems) })
}

function generatedOf(data: unknown, artifacts: readonly ApiArtifact[]) {
  if (data === undefined) return { generation: undefined, tokens: 0 }
  const { provider, how, script, digest, calls, applied, findings } = data as Generation & { readonly digest: string }
  const artifactId = artifacts.find(({ name }) => name === script?.name)?.id
  const told = calls.map(({ usage, durationMs, error, ...call }) =>
    shed({ ...call, durationMs, error, inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }),
  )
  const { name = '', framework = '', language = '', tests = [] } = script ?? {}
  const generation: GeneratedBy = {
    provider,
    how,
    digest,
    script: shed({ name, framework, language, tests: [...tests], artifactId }),
    calls: told,
    applied: [...applied],
    findings: findings.map(({ severity, kind, message, line }) => ({ severity, kind, message, line })),
  }
  return { generation, tokens: told.reduce((sum, call) => sum + call.inputTokens + call.outputTokens, 0) }
}

function modeOf({ input }: StoredRun): string | undefined {
  const { flags } = input as { readonly flags?: Readonly<Record<string, unknown>> }
  const mode = flags?.['llm.mode']
  return typeof mode === 'string' ? mode : undefined
}

function timeOf(at: number): string {
  return new Date(at).toISOString()
}

/** Without the keys that have no value. */
function shed<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } & T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never
}
