import type { z } from 'zod'
import type { Page } from '../domain/api-common.ts'
import type { ApiAttempt, ApiTask, ApiTaskDetail, RunProgress, tasksQuerySchema } from '../domain/api-run.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import type { JudgedTask, TaskVerdict } from '../domain/task-verdict.ts'
import { rerunCommand } from '../report/rerun.ts'
import { isOver } from './standing.ts'
import type { ServiceContext } from './service-context.ts'
import { frameOf, placeOf } from './task-place.ts'
import { promptOf } from './task-prompt.ts'
import { apiAttempts, apiTask, cutOutput, failedOf, hasTests, testOf } from './task-shapes.ts'

/** Runs that the history of a test looks back on. */
const maxHistory = 50
/** What a counter of {@link taskCounts} holds, its list holds too. */
const together: Readonly<Partial<Record<TaskVerdict, readonly TaskVerdict[]>>> = {
  failed: ['failed', 'errored'],
  pending: ['pending', 'running'],
}

/** Tests or trials of a run in their order. Throws `run_unknown`, and `body_invalid` for a cursor that is none. */
export async function listTasks(
  service: ServiceContext,
  runId: string,
  { limit, cursor, verdict, search }: z.output<typeof tasksQuerySchema>,
): Promise<Page<ApiTask>> {
  const run = await runOf(service, runId)
  const verdicts = verdict === undefined ? undefined : (together[verdict] ?? [verdict])
  const query = { afterSeq: cursor === undefined ? -1 : readCursor(cursor), verdicts, search: search || undefined }
  const found = await service.store.views.tasks(runId, { ...query, limit: limit + 1 })
  const shown = found.slice(0, limit)
  const items = shown.map((task) => apiTask(run, task))
  const last = shown.at(-1)
  return found.length <= limit || last === undefined ? { items } : { items, nextCursor: String(last.seq) }
}

/** A test or trial with its attempts and its history. Throws `run_unknown` and `entry_unknown`. */
export async function getTask(service: ServiceContext, runId: string, seq: number): Promise<ApiTaskDetail> {
  const { run, task } = await taskOf(service, runId, seq)
  const [history, next] = await Promise.all([
    pastOf(service, run, task.id),
    service.store.views.outcomes({ runIds: [runId], afterSeq: seq, limit: 1 }),
  ])
  const shape = {
    ...apiTask(run, task),
    runId,
    attemptList: apiAttempts(run, task),
    ...(seq === 0 ? {} : { previousSeq: seq - 1 }),
    ...(next.length === 0 ? {} : { nextSeq: seq + 1 }),
    history,
  }
  if (hasTests(run)) return { ...shape, ...(await testParts(service, { run, task, history })) }
  return { ...shape, tags: [], labels: {}, prompt: '', payload: cutOutput(task.payload) }
}

/** Attempts at a test or trial. Throws `run_unknown` and `entry_unknown`. */
export async function listAttempts(service: ServiceContext, runId: string, seq: number): Promise<ApiAttempt[]> {
  const { run, task } = await taskOf(service, runId, seq)
  return apiAttempts(run, task)
}

/** Tests or trials of a run by where they are. Throws `run_unknown`. */
export async function taskCounts({ store }: Pick<ServiceContext, 'store'>, runId: string): Promise<RunProgress> {
  const counts = await store.views.verdicts(runId)
  const { total, passed, flaky, skipped, pending, running, cancelled } = counts
  return {
    total,
    done: total - pending - running - cancelled,
    passed,
    failed: counts.failed + counts.errored,
    flaky,
    skipped,
    running: [...counts.runningIds],
  }
}

interface Seen {
  readonly run: StoredRun
  readonly task: JudgedTask
  readonly history: ApiTaskDetail['history']
}

async function testParts(service: ServiceContext, { run, task, history }: Seen) {
  const test = testOf(task)
  const failed = failedOf(test)
  const file = failed?.failure.file ?? test.file
  const place = (await placeOf(service, run, file)) ?? (await placeOf(service, run, test.file))
  const line = failed?.failure.line ?? test.line
  const frame = place === undefined || line === undefined ? undefined : frameOf(place.lines, file, line)
  const isWrong = task.verdict !== 'passed' && task.verdict !== 'skipped'
  return {
    tags: [...test.tags],
    labels: { ...test.labels },
    ...(frame === undefined ? {} : { frame }),
    ...(place?.run === undefined ? {} : { rerun: rerunCommand(place.run, test) }),
    prompt: failed === undefined || !isWrong ? '' : promptOf({ failed, frame, place: place?.run, history }),
  }
}

/** Outcomes of the same task in the runs before, of the same kind and title. */
async function pastOf({ store }: ServiceContext, run: StoredRun, taskId: string): Promise<ApiTaskDetail['history']> {
  const { kind, title, createdAt, id } = run
  const runs = await store.list({ kinds: [kind], title, before: { createdAt, id }, limit: maxHistory })
  const ended = runs.filter(isOver)
  const outcomes = await store.views.outcomes({
    runIds: ended.map((each) => each.id),
    ids: [taskId],
    limit: maxHistory,
  })
  const byRun = new Map(outcomes.map((outcome) => [outcome.runId, outcome]))
  return ended.flatMap((each) => {
    const outcome = byRun.get(each.id)
    if (outcome === undefined) return []
    const { verdict, seq, durationMs } = outcome
    const at = new Date(each.createdAt).toISOString()
    return [{ runId: each.id, at, verdict, seq, ...(durationMs === undefined ? {} : { durationMs }) }]
  })
}

async function taskOf({ store }: ServiceContext, runId: string, seq: number): Promise<Omit<Seen, 'history'>> {
  const run = await runOf({ store }, runId)
  const [task] = await store.views.tasks(runId, { afterSeq: seq - 1, limit: 1 })
  if (task !== undefined && task.seq === seq) return { run, task }
  throw new GreenloopError('entry_unknown', `the run ${runId} has no task with the number ${seq}`, {
    help: `GET /v1/runs/${runId}/tasks lists them`,
  })
}

async function runOf({ store }: Pick<ServiceContext, 'store'>, id: string): Promise<StoredRun> {
  const run = await store.find(id)
  if (run !== undefined) return run
  throw new GreenloopError('run_unknown', `there is no run \`${id}\``, { help: 'GET /v1/runs lists them' })
}

function readCursor(cursor: string): number {
  if (/^\d{1,10}$/.test(cursor)) return Math.min(Number(cursor), 2 ** 31 - 1)
  throw new GreenloopError('body_invalid', 'the cursor is none of this list', { help: 'begin without a cursor' })
}
