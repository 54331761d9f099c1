import type { ForgeJob, ReportedTest, TestReport } from '../domain/forge.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RepairContext } from './repair-context.ts'
import { known } from './repair-state.ts'

/** Child pipelines whose reports are read, at most. */
const mostChildren = 20

/** The test report of the watched pipeline with those of its child pipelines, which not every host counts in. */
export async function reportOf(
  state: RepairState,
  jobs: readonly ForgeJob[],
  { world, signal }: RepairContext,
): Promise<TestReport> {
  const pipelineId = known(state.pipelineId)
  const { tests } = await world.forge.testReport(known(state.projectId), pipelineId, signal)
  const all = [...tests]
  const told = new Set(tests.map(keyOf))
  for (const child of childrenOf(jobs, pipelineId)) {
    const report = await world.forge.testReport(child.projectId, child.pipelineId, signal)
    all.push(...report.tests.filter((test) => !told.has(keyOf(test))))
  }
  return { tests: all }
}

function childrenOf(jobs: readonly ForgeJob[], pipelineId: number): readonly ForgeJob[] {
  const byPipeline = new Map(
    jobs.filter((job) => job.pipelineId !== pipelineId).map((job) => [`${job.projectId}/${job.pipelineId}`, job]),
  )
  return [...byPipeline.values()].slice(0, mostChildren)
}

const keyOf = ({ suite, classname, name }: ReportedTest): string => JSON.stringify([suite, classname, name])
