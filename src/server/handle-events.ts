import type { ServiceContext } from '../app/service-context.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Handlers } from './handler.ts'
import { eventView } from './stream-frames.ts'
import type { StreamHub } from './stream-hub.ts'
import type { Resume } from './stream-run.ts'

/** Events of runs, as pages and as streams. */
export function eventHandlers(
  { store }: Pick<ServiceContext, 'store'>,
  hub: StreamHub,
): Handlers<'listEvents' | 'followRuns'> {
  return {
    listEvents: async ({ params: { id }, query: { after, limit } }, call) => {
      const { headers } = call.request
      if (headers.get('accept')?.includes('text/event-stream') === true) {
        return hub.follow(id, resumeOf(headers.get('last-event-id'), after), call)
      }
      const events = await store.events(id, after, limit)
      if (events.length === 0 && (await store.find(id)) === undefined) {
        throw new GreenloopError('run_unknown', `there is no run \`${id}\``)
      }
      return { items: events.map(eventView) }
    },
    followRuns: async (_given, call) => hub.followAll(call.request.headers.get('last-event-id') ?? undefined, call),
  }
}

/** A browser that comes back asks for the same address again: what it saw last goes before what that says. */
function resumeOf(lastSeen: string | null, after: number): Resume {
  if (lastSeen === null || lastSeen === '') return after
  return /^\d{1,15}$/.test(lastSeen) ? Number(lastSeen) : 'unknown'
}
