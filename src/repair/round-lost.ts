import type { ForgeJob } from '../domain/forge.ts'
import type { GuardFinding, RepairState, TestBaseline } from '../domain/repair.ts'
import { compareJobs, compareTests } from './baseline.ts'
import { currentJobs } from './jobs.ts'
import type { RepairContext } from './repair-context.ts'
import { known } from './repair-state.ts'
import { baselineAt } from './round-baseline.ts'

/** Looks at reports and traces that may come late, at most. */
const mostLooks = 4

/**
 * Tests and jobs that the green pipelines of a commit lost against the first one. Where the host makes several pipelines of a
 * commit, one of them is what the first one was: the one that lost least counts.
 */
export async function lostWithin(state: RepairState, context: RepairContext): Promise<readonly GuardFinding[]> {
  let least: readonly GuardFinding[] | undefined
  for (const pipelineId of [known(state.pipelineId), ...(state.greenPipelines ?? [])]) {
    const findings = await lostIn({ ...state, pipelineId }, context)
    if (least === undefined || blocking(findings) < blocking(least)) least = findings
    if (blocking(least) === 0) break
  }
  return least ?? []
}

const blocking = (findings: readonly GuardFinding[]): number => findings.filter(({ blocks }) => blocks).length

async function lostIn(state: RepairState, context: RepairContext): Promise<readonly GuardFinding[]> {
  const jobs = await settledJobs(state, context)
  const present = jobs.filter(hasItsEnd).map(({ name }) => name)
  const before = state.baseline
  const look = (): Promise<TestBaseline> => baselineAt(state, jobs, context)
  const tests = before === undefined ? [] : compareTests(before, await asGoodAs(before, look, context))
  return [...tests, ...compareJobs(state.baselineJobs ?? [], present)]
}

/** In a green pipeline a skipped job is one that runs on failures: it got not lost. */
const hasItsEnd = ({ status }: ForgeJob): boolean => ['success', 'failed', 'skipped'].includes(status)

/** Jobs of the pipeline; those that ran before may show a status of earlier for a while. */
async function settledJobs(state: RepairState, { world, signal }: RepairContext): Promise<readonly ForgeJob[]> {
  const before = new Set(state.baselineJobs)
  for (let looks = 1; ; looks++) {
    const jobs = currentJobs(await world.forge.jobs(known(state.projectId), known(state.pipelineId), signal))
    const isLate = jobs.some((job) => before.has(job.name) && !hasItsEnd(job))
    if (!isLate || looks >= mostLooks) return jobs
    await world.clock.sleep(world.policy.polling.longestMs, signal)
  }
}

/** Looks until as much is told as before: the host shows reports and traces some time after the end of a pipeline. */
async function asGoodAs(
  before: TestBaseline,
  look: () => Promise<TestBaseline>,
  { world, signal }: RepairContext,
): Promise<TestBaseline> {
  const worth = { report: 2, trace: 1, none: 0 }
  for (let looks = 1; ; looks++) {
    const after = await look()
    if (worth[after.source] >= worth[before.source] || looks >= mostLooks) return after
    await world.clock.sleep(world.policy.polling.longestMs, signal)
  }
}
