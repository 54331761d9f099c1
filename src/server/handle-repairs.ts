import { listRunViews } from '../app/run-view.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { Handlers } from './handler.ts'

/** Repairs: listed, looked at, let through their gates. */
export function repairHandlers(service: ServiceContext): Handlers<'listRepairs' | 'getRepair' | 'playGate'> {
  return {
    listRepairs: async ({ query }) => {
      const { items, ...rest } = await listRunViews(service, { ...query, kind: 'repair' })
      return { items: [...items], ...rest }
    },
    getRepair: async ({ params }) => {
      const { repairView } = await import('../app/repair-view.ts')
      return repairView(service, params.id)
    },
    playGate: async ({ params, body }, { caller }) => {
      const { playRepairGate } = await import('../app/repair-view.ts')
      return { jobUrl: await playRepairGate(service, params.id, { job: body.job, by: caller?.name ?? 'unknown' }) }
    },
  }
}
