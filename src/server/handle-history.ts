import { compareRuns, failureHistory, flakyTests } from '../app/history.ts'
import type { ServiceContext } from '../app/service-context.ts'
import type { Handlers } from './handler.ts'

/** Operations on what became of tests over several runs. */
export function historyHandlers(service: ServiceContext): Handlers<'listFailures' | 'listFlaky' | 'compareRuns'> {
  return {
    listFailures: ({ query }) => failureHistory(service, query),
    listFlaky: async ({ query }) => {
      const { items, nextCursor } = await flakyTests(service, query)
      return { items: [...items], nextCursor }
    },
    compareRuns: ({ query }) => compareRuns(service, query.base, query.run),
  }
}
