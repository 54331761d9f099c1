import { listPlans, readPlan } from '../app/plans.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { Handlers } from './handler.ts'

/** Operations on plans of experiments. */
export function planHandlers(service: ServiceContext): Handlers<'listPlans' | 'getPlan'> {
  return {
    listPlans: async () => ({ items: [...(await listPlans(service))] }),
    getPlan: ({ params }) => readPlan(service, params.id),
  }
}
