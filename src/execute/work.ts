import { availableParallelism } from 'node:os'
import type { ExecutionRequest } from '../domain/execution-request.ts'
import type { RunnerInfo } from '../domain/ports.ts'
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
  const { request, width, findings, onProgress } = context
  const { cwd, framework, tests: paths } = request
  const work = async (task: Task): Promise<readonly Task[]> => {
    try {
      return await perform(task, context)
    } catch (error) {
      // One process that cannot run ends the others as well, or their user would wait for nothing.
      stop.abort()
      throw error
    }
  }
  const selections = await divide({ cwd, framework, paths }, context.collectOnly ? 1 : width)
  const first = selections.map((select): Task => ({ number: context.nextNumber(), purpose: 'run', select, stalls: 0 }))
  await drain(first, width, work)
  if (context.collectOnly) return
  for (let round = 1; round <= request.retries && !context.stop.aborted; round++) {
    const again = findings.ledger.results().filter((test) => test.verdict === 'failed' && isRetried(test.outcome))
    for (const { id, attempts } of again) onProgress({ kind: 'retry', id, attempt: attempts.length + 1 })
    await drain(
      again.map(({ id }) => retryOf(id, context)),
      Math.max(width, context.innerWorkers),
      work,
    )
  }
}

function retryOf(id: string, context: RunContext): Task {
  return { number: context.nextNumber(), purpose: 'retry', select: { kind: 'ids', ids: [id] }, stalls: 0 }
}
