import type { ServiceContext } from '../app/service-context.ts'
import { getTask, listAttempts, listTasks } from '../app/tasks.ts'
import type { Handlers } from './handler.ts'

/** Operations on tests and trials of runs. */
export function taskHandlers(service: ServiceContext): Handlers<'listTasks' | 'getTask' | 'listAttempts'> {
  return {
    listTasks: async ({ params, query }) => {
      const { items, nextCursor } = await listTasks(service, params.id, query)
      return { items: [...items], nextCursor }
    },
    getTask: ({ params }) => getTask(service, params.id, params.seq),
    listAttempts: async ({ params }) => ({ items: await listAttempts(service, params.id, params.seq) }),
  }
}
