import type { z } from 'zod'
import type { Page } from '../domain/api-common.ts'
import type {
  ApiFailureGroup,
  failuresQuerySchema,
  FailureHistory,
  FlakyTest,
  flakyQuerySchema,
  RunComparison,
} from '../domain/api-history.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import type { TaskOutcome, TaskVerdict } from '../domain/task-verdict.ts'
import { capHead, firstLine, plainText } from '../lib/plain-text.ts'
import { endedRuns, outcomesById, readPast } from './history-runs.ts'
import type { PastFailure, PastRun } from './history-runs.ts'
import type { ServiceContext } from './service-context.ts'
import { hasTests } from './task-shapes.ts'

/** Runs whose titles can be chosen. */
const titled = 200
const testsShown = 10
const groupsShown = 500
const outcomesShown = 20
const changesShown = 1_000

/** Failures of the newest ended runs of tests by what they have in common; those of the newest runs first. */
export async function failureHistory(
  service: ServiceContext,
  { runs, title }: z.output<typeof failuresQuerySchema>,
): Promise<FailureHistory> {
  const [found, recent] = await Promise.all([
    endedRuns(service, { title, limit: runs }),
    endedRuns(service, { limit: titled }),
  ])
  const past: PastRun[] = []
  for (const run of found) past.push(await readPast(service, run))
  return {
    groups: groupsOf(past).slice(0, groupsShown),
    runs: past.map(({ run, counts }) => ({
      id: run.id,
      title: run.title,
      at: timeOf(run),
      ...(run.verdict === undefined ? {} : { verdict: run.verdict }),
      failed: counts.failed + counts.errored,
      flaky: counts.flaky,
      total: counts.total,
    })),
    titles: [...new Set(recent.map((run) => run.title))].toSorted(),
  }
}

interface Sighting {
  readonly failure: PastFailure
  readonly past: PastRun
}

/** Standings compare the newest run of each title with the one before; the worst over the titles counts. */
function groupsOf(past: readonly PastRun[]): ApiFailureGroup[] {
  const byTitle = [...Map.groupBy(past, ({ run }) => run.title).values()]
  const newest = new Set(byTitle.flatMap(([first]) => first ?? []))
  const second = new Set(byTitle.flatMap(([, before]) => before ?? []))
  const sightings = past.flatMap((each) => each.failures.map((failure): Sighting => ({ failure, past: each })))
  const groups = [...Map.groupBy(sightings, ({ failure }) => failure.fingerprint).values()]
  return groups
    .flatMap((group) => groupOf(group, { newest, second }))
    .toSorted(
      (a, b) => rank[a.standing] - rank[b.standing] || b.count - a.count || (a.lastSeenAt < b.lastSeenAt ? 1 : -1),
    )
}

const rank: Readonly<Record<ApiFailureGroup['standing'], number>> = { new: 0, known: 1, flaky: 2, fixed: 3 }

interface Edges {
  readonly newest: ReadonlySet<PastRun>
  readonly second: ReadonlySet<PastRun>
}

function groupOf(group: readonly Sighting[], edges: Edges): ApiFailureGroup[] {
  const [first] = group
  if (first === undefined) return []
  const runs = [...new Set(group.map(({ past }) => past))]
  const latest = group.filter(({ past }) => past === first.past)
  const times = runs.map(({ run }) => timeOf(run)).toSorted()
  const { failure } = first
  return [
    {
      fingerprint: failure.fingerprint,
      type: capHead(plainText(failure.type), 200),
      message: capHead(firstLine(plainText(failure.message)), 300),
      standing: standingOf(group, edges),
      count: latest.length,
      runs: runs.length,
      firstSeenAt: times[0] ?? '',
      lastSeenAt: times.at(-1) ?? '',
      tests: latest.slice(0, testsShown).map(({ past, failure: { seq, id } }) => ({ runId: past.run.id, seq, id })),
    },
  ]
}

function standingOf(group: readonly Sighting[], { newest, second }: Edges): ApiFailureGroup['standing'] {
  const now = group.filter(({ past }) => newest.has(past))
  if (now.length === 0) return 'fixed'
  const red = now.filter(({ failure }) => failure.verdict !== 'flaky')
  if (red.length === 0) return 'flaky'
  const before = new Set(group.filter(({ past }) => second.has(past)).map(({ past }) => past.run.title))
  return red.every(({ past }) => before.has(past.run.title)) ? 'known' : 'new'
}

/**
 * Tests that did not always end the same way in the newest ended runs of a title, the most doubtful first. The rate is of
 * the runs in which the test came to an end.
 */
export async function flakyTests(
  service: ServiceContext,
  { runs, title, limit, cursor }: z.output<typeof flakyQuerySchema>,
): Promise<Page<FlakyTest>> {
  const found = await endedRuns(service, { title, limit: runs })
  const all: FlakyTest[] = []
  for (const [own, group] of Map.groupBy(found, (run) => run.title)) {
    all.push(...(await flakyOf(service, own, group)))
  }
  const sorted = all.toSorted((a, b) => b.flaky - a.flaky || b.rate - a.rate || (a.id < b.id ? -1 : 1))
  const from = cursor === undefined ? 0 : readCursor(cursor)
  const items = sorted.slice(from, from + limit)
  return from + limit < sorted.length ? { items, nextCursor: String(from + limit) } : { items }
}

const suspectsRead = 1_000
const idsAtOnce = 100
const conclusive: ReadonlySet<TaskVerdict> = new Set<TaskVerdict>(['passed', 'failed', 'errored', 'flaky'])

async function flakyOf(service: ServiceContext, title: string, runs: readonly StoredRun[]): Promise<FlakyTest[]> {
  const suspects = new Set<string>()
  for (const run of runs) for (const { id } of (await readPast(service, run)).failures) suspects.add(id)
  const ids = [...suspects].slice(0, suspectsRead)
  const runIds = runs.map(({ id }) => id)
  const outcomes: TaskOutcome[] = []
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const part = ids.slice(at, at + idsAtOnce)
    outcomes.push(...(await service.store.views.outcomes({ runIds, ids: part, limit: runIds.length * part.length })))
  }
  const order = new Map(runs.map((run, index) => [run.id, { run, index }]))
  return [...Map.groupBy(outcomes, ({ id }) => id)].flatMap(([id, own]) => {
    const judged = own
      .filter(({ verdict }) => conclusive.has(verdict))
      .toSorted((a, b) => (order.get(a.runId)?.index ?? 0) - (order.get(b.runId)?.index ?? 0))
    const count = (...wanted: readonly TaskVerdict[]) => judged.filter(({ verdict }) => wanted.includes(verdict)).length
    const [passed, failed, flaky] = [count('passed'), count('failed', 'errored'), count('flaky')]
    // Always red is broken, not flaky.
    if (flaky === 0 && (passed === 0 || failed === 0)) return []
    const shown = judged.slice(0, outcomesShown).flatMap(({ runId, verdict, seq, durationMs }) => {
      const run = order.get(runId)?.run
      if (run === undefined) return []
      return [{ runId, at: timeOf(run), verdict, seq, ...(durationMs === undefined ? {} : { durationMs }) }]
    })
    return [
      {
        id,
        title,
        passed,
        failed,
        flaky,
        runs: judged.length,
        rate: (failed + flaky) / judged.length,
        outcomes: shown,
      },
    ]
  })
}

/** Two runs of tests side by side. Throws `run_unknown`, and `run_conflict` for runs without tests. */
export async function compareRuns(service: ServiceContext, base: string, run: string): Promise<RunComparison> {
  const [first, second] = await Promise.all([testsRun(service, base), testsRun(service, run)])
  const old = await outcomesById(service, base)
  const now = await outcomesById(service, run)
  const changes: Change[] = []
  for (const [id, after] of now) changes.push(changeOf(id, old.get(id), after))
  for (const [id, before] of old) if (!now.has(id)) changes.push(changeOf(id, before, undefined))
  const count = (wanted: Change['change']): number => changes.filter(({ change }) => change === wanted).length
  return {
    base,
    run,
    counts: {
      added: count('added'),
      removed: count('removed'),
      fixed: count('fixed'),
      broken: count('broken'),
      same: count('same'),
    },
    durationMs: { base: durationOf(first), run: durationOf(second) },
    changes: changes
      .filter(isChange)
      .toSorted((a, b) => order[a.change] - order[b.change])
      .slice(0, changesShown),
  }
}

type Shown = RunComparison['changes'][number]
type Change = Omit<Shown, 'change'> & { readonly change: Shown['change'] | 'same' }

const order: Readonly<Record<Shown['change'], number>> = { broken: 0, fixed: 1, added: 2, removed: 3 }

function isChange(change: Change): change is Shown {
  return change.change !== 'same'
}

const green: ReadonlySet<TaskVerdict> = new Set<TaskVerdict>(['passed', 'flaky', 'skipped'])
const red: ReadonlySet<TaskVerdict> = new Set<TaskVerdict>(['failed', 'errored'])

function changeOf(id: string, before: TaskOutcome | undefined, after: TaskOutcome | undefined): Change {
  return {
    id,
    change: kindOf(before?.verdict, after?.verdict),
    ...(before === undefined ? {} : { before: before.verdict }),
    ...(after === undefined ? {} : { after: after.verdict, seq: after.seq }),
  }
}

/** A test that was not decided proves neither. */
function kindOf(before: TaskVerdict | undefined, after: TaskVerdict | undefined): Change['change'] {
  if (before === undefined) return 'added'
  if (after === undefined) return 'removed'
  if (red.has(before) && green.has(after)) return 'fixed'
  return green.has(before) && red.has(after) ? 'broken' : 'same'
}

function durationOf({ startedAt, finishedAt }: StoredRun): number | undefined {
  return startedAt === undefined || finishedAt === undefined ? undefined : finishedAt - startedAt
}

async function testsRun({ store }: ServiceContext, id: string): Promise<StoredRun> {
  const run = await store.find(id)
  if (run === undefined) {
    throw new GreenloopError('run_unknown', `there is no run \`${id}\``, { help: 'GET /v1/runs lists them' })
  }
  if (hasTests(run)) return run
  throw new GreenloopError('run_conflict', `\`${id}\` is no run of tests but of kind ${run.kind}`, {
    help: 'GET /v1/experiments/{id}/comparison compares the variants of an experiment',
  })
}

function timeOf({ createdAt }: StoredRun): string {
  return new Date(createdAt).toISOString()
}

function readCursor(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor)
  throw new GreenloopError('body_invalid', 'the cursor is none of this list', { help: 'begin without a cursor' })
}
