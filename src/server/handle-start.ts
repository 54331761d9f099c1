import { listRunViews, runDetail, runView } from '../app/run-view.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { ApiRun } from '../domain/api-run.ts'
import type { StartOrder } from '../domain/api-start.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { reply } from './handler.ts'
import type { Call, Handlers, Reply } from './handler.ts'

type Operations =
  | 'startGeneration'
  | 'startExecution'
  | 'startPipeline'
  | 'startExperiment'
  | 'startRepair'
  | 'listRuns'
  | 'getRun'
  | 'cancelRun'
  | 'retryRun'
  | 'resumeRun'

/** Runs: started, listed, looked at, ended. */
export function startHandlers(service: ServiceContext): Handlers<Operations> {
  const accepted = async (run: StoredRun): Promise<Reply<ApiRun>> =>
    reply(await runView(service, run), { Location: `/v1/runs/${run.id}` })
  const start = async (order: StartOrder, call: Call) => accepted(await service.runs.start(order, nameOf(call)))
  return {
    startGeneration: ({ body }, call) => start({ kind: 'generate', body }, call),
    startExecution: ({ body }, call) => start({ kind: 'execute', body }, call),
    startPipeline: ({ body }, call) => start({ kind: 'pipeline', body }, call),
    startExperiment: ({ body }, call) => start({ kind: 'experiment', body }, call),
    startRepair: ({ body }, call) => start({ kind: 'repair', body }, call),
    listRuns: async ({ query }) => {
      const { items, ...rest } = await listRunViews(service, query)
      return { items: [...items], ...rest }
    },
    getRun: ({ params }) => runDetail(service, params.id),
    cancelRun: async ({ params }, call) => accepted(await service.runs.cancel(params.id, nameOf(call))),
    retryRun: async ({ params }, call) => accepted(await service.runs.retry(params.id, nameOf(call))),
    resumeRun: async ({ params }, call) => accepted(await service.runs.resume(params.id, nameOf(call))),
  }
}

function nameOf({ caller }: Call): string {
  return caller?.name ?? 'unknown'
}
