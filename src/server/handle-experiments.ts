import { listRunViews } from '../app/run-view.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { Handlers } from './handler.ts'

/** Experiments: listed, looked at case by case, and what they conclude. */
export function experimentHandlers(
  service: ServiceContext,
): Handlers<'listExperiments' | 'getMatrix' | 'getComparison'> {
  return {
    listExperiments: async ({ query }) => {
      const { items, ...rest } = await listRunViews(service, { ...query, kind: 'experiment' })
      return { items: [...items], ...rest }
    },
    getMatrix: async ({ params, query }) => {
      const { experimentMatrix } = await import('../app/experiment-view.ts')
      return experimentMatrix(service, params.id, query)
    },
    getComparison: async ({ params }) => {
      const { experimentComparison } = await import('../app/experiment-view-comparison.ts')
      return experimentComparison(service, params.id)
    },
  }
}
