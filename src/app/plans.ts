import type { ApiPlan, ApiPlanDetail } from '../domain/api-files.ts'
import { GreenloopError } from '../domain/errors.ts'
import { entriesOfError } from './problem-entries.ts'
import { findDocument, findDocuments, readServed } from './served-documents.ts'
import type { ServedDocument } from './served-documents.ts'
import type { ServiceContext } from './service-context.ts'
import { createThreads } from './threads.ts'

/** A plan that is to be looked into, on another thread. */
export interface PlanTask {
  /** Relative to `cwd`. */
  readonly path: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a plan would do, in short. */
export type PlanOutline = Pick<ApiPlanDetail, 'name' | 'estimate' | 'manifests' | 'warnings'>

const planMs = 20_000

const threads = createThreads<PlanTask, PlanOutline>({
  module: new URL('plan-worker', import.meta.url),
  most: 1,
  waitMs: 20_000,
  heapMb: 1024,
  late: (what, ms) =>
    new GreenloopError('budget_reached', 'the plan is too large to be estimated here', {
      why:
        what === 'time' ? `its cases were not made within ${ms / 1000} s` : 'its cases take more than 1 GiB of memory',
      help: 'greenloop experiment plan FILE takes as long as it needs',
    }),
})

/** Plans of experiments in the served folder, by path. */
export async function listPlans(service: ServiceContext): Promise<readonly ApiPlan[]> {
  const documents = await findDocuments(service)
  return documents.filter(({ look }) => look.kind === 'plan').map(entryOf)
}

/** A plan with what it would do; where it cannot be read, with what is wrong instead. Throws `entry_unknown`. */
export async function readPlan(service: ServiceContext, id: string): Promise<ApiPlanDetail> {
  const document = await findDocument(service, id, 'plan')
  const text = await readServed(service, document.path)
  const found = { ...entryOf(document), text }
  const { cwd, env } = { cwd: service.root, env: { ...service.where.env } }
  try {
    return { ...found, ...(await threads.run({ path: document.path, cwd, env }, { ms: planMs })), problems: [] }
  } catch (error) {
    if (!(error instanceof GreenloopError) || error.code === 'rate_limited') throw error
    return { ...found, problems: entriesOfError(error), manifests: [], warnings: [] }
  }
}

function entryOf({ id, path, look, modifiedAt }: ServedDocument): ApiPlan {
  return { id, path, name: look.name ?? path, modifiedAt: new Date(modifiedAt).toISOString() }
}
