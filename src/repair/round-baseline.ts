import { baselineOf } from './baseline.ts'
import { currentJobs, finishedTrace } from './jobs.ts'
import type { ForgeJob } from '../domain/forge.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairState, TestBaseline } from '../domain/repair.ts'
import { watchParts } from './repair-context.ts'
import { reportOf } from './round-report.ts'

/** Jobs whose traces are read to count tests, at most. */
const mostTraces = 40

/** Which tests the watched pipeline ran: from its reports, or else counted in the traces of its jobs. */
export async function baselineAt(
  state: RepairState,
  jobs: readonly ForgeJob[],
  context: RepairContext,
): Promise<TestBaseline> {
  const { signal } = context
  const current = currentJobs(jobs)
  const report = await reportOf(state, current, context)
  const ran = current.filter((job) => job.kind === 'job' && isRun(job))
  const traces: { job: string; trace: string }[] = []
  for (const job of ran.slice(0, mostTraces)) {
    traces.push({ job: job.name, trace: await finishedTrace(job, watchParts(context), signal) })
  }
  return baselineOf(report, traces)
}

/** Whether a job came to an end of its own. */
export function isRun(job: ForgeJob): boolean {
  return job.status === 'success' || job.status === 'failed'
}
