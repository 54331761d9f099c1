import { availableParallelism } from 'node:os'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { RunnerInfo, Selection } from '../domain/ports.ts'
import { failed, succeeded } from '../domain/task.ts'
import type { Task as EngineTask } from '../domain/task.ts'
import { isRetried } from '../domain/verdict.ts'
import type { RunContext, Task } from './context.ts'
import { divide } from './divide.ts'
import { perform } from './perform.ts'
import { drain } from './pool.ts'

/** How the work is spread: processes side by side, workers inside one process, and what had to be decided otherwise. */
export interface WorkPlan {
  readonly width: number
  readonly innerWorkers: number
  readonly notes: readonly string[]
}

/** Decides whether we divide the tests or the framework does; benchmarks run one by one. */
export function planWork(request: ExecutionRequest, info: RunnerInfo): WorkPlan {
  const { framework, distribution, benchmark } = request
  const workers = request.workers === 'auto' ? availableParallelism() : request.workers
  if (benchmark || workers === 1) return { width: 1, innerWorkers: 1, notes: [] }
  // vitest and Node's runner start a worker for each file anyway; dividing the files on top would only cost start-up.
  const isInner = framework === 'pytest' ? distribution === 'xdist' : distribution !== 'shards'
  if (!isInner) return { width: workers, innerWorkers: 1, notes: [] }
  if (framework !== 'pytest' || info.plugins['xdist'] !== undefined)
    return { width: 1, innerWorkers: workers, notes: [] }
  const note = 'pytest-xdist is not installed, so the tests were divided among processes'
  return { width: workers, innerWorkers: 1, notes: [note] }
}

/** Runs all tests once, with what lost processes left behind, then gives new attempts to those that did not pass. */
export async function runAll(context: RunContext, stop: AbortController): Promise<void> {
  const { width, runTasks } = context
  const work = async (task: Task): Promise<readonly Task[]> => {
    try {
      return await perform(task, context)
    } catch (error) {
      // One process that cannot run ends the others as well, or their user would wait for nothing.
      stop.abort()
      throw error
    }
  }
  await drain(await firstTasks(context), { width, work, runTasks })
  if (!context.collectOnly && context.request.retries > 0) await retryFailed(context, work)
}

async function firstTasks(context: RunContext): Promise<Task[]> {
  const { request, width, collectOnly } = context
  const { cwd, framework, tests: paths } = request
  const parts = collectOnly ? 1 : width
  const selections = context.isResumed ? missing(context, parts) : await divide({ cwd, framework, paths }, parts)
  return selections.map((select) => ({ number: context.nextNumber(), purpose: 'run', select, stalls: 0 }))
}

/** The tests of a resumed run that have no attempt yet, in shares that keep their order. */
function missing({ findings }: RunContext, parts: number): Selection[] {
  const ids = findings.ledger.results().flatMap(({ id, attempts }) => (attempts.length === 0 ? [id] : []))
  const size = Math.ceil(ids.length / parts)
  const shares = Array.from({ length: parts }, (_, index) => ids.slice(index * size, (index + 1) * size))
  return shares.flatMap((share) => (share.length === 0 ? [] : [{ kind: 'ids' as const, ids: share }]))
}

/** The engine tries each test that did not pass again, in a process of its own, until it passes or attempts run out. */
async function retryFailed(context: RunContext, work: (task: Task) => Promise<readonly Task[]>): Promise<void> {
  const { request, width, innerWorkers, findings, onProgress, runTasks } = context
  const { ledger } = findings
  const left = ({ attempts }: { attempts: readonly unknown[] }): number => request.retries + 1 - attempts.length
  const again = ledger
    .results()
    .filter((test) => test.verdict === 'failed' && isRetried(test.outcome) && left(test) > 0)
  const faults: unknown[] = []
  const attempt = async ({ payload: id }: EngineTask<string>) => {
    if (context.stop.aborted || faults.length > 0) return failed('the run is being ended', { retry: false })
    const before = ledger.attemptsOf(id).length
    onProgress({ kind: 'retry', id, attempt: before + 1 })
    try {
      await chain(retryOf(id, context), work)
    } catch (error) {
      faults.push(error)
    }
    const attempts = ledger.attemptsOf(id)
    const last = attempts.at(-1)
    if (last !== undefined && attempts.length > before && !isRetried(last.outcome)) return succeeded(last.outcome)
    return failed(last?.failure?.message ?? 'no result', { retry: attempts.length <= request.retries })
  }
  const retry = { maxAttempts: request.retries, backoffSeconds: 0 }
  const tasks = again.map(({ id }) => ({ id, payload: id }))
  const concurrency = Math.max(width, innerWorkers)
  await runTasks(tasks, attempt, { concurrency, retry }, { onResult: () => {} })
  if (faults.length > 0) throw faults[0]
}

/** Works on a task and on everything that follows from it, one after the other. */
async function chain(first: Task, work: (task: Task) => Promise<readonly Task[]>): Promise<void> {
  const queue = [first]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) queue.push(...(await work(next)))
}

function retryOf(id: string, context: RunContext): Task {
  return { number: context.nextNumber(), purpose: 'retry', select: { kind: 'ids', ids: [id] }, stalls: 0 }
}
