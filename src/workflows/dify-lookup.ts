import { hasRuns } from './dify-app.ts'
import { fieldsOf, listOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import { followRun } from './dify-follow.ts'
import type { Found } from './dify-follow.ts'
import { ownOf, skewMs } from './dify-lost.ts'
import type { Lost } from './dify-lost.ts'
import { findMessage } from './dify-messages.ts'
import { askPatiently, whyNot } from './dify-patience.ts'
import type { SearchParts } from './dify-patience.ts'

/** Looks for a call: by its run, else among the runs and messages of its user. Only who was looked for twice is absent. */
export async function lookUp(lost: Lost, parts: SearchParts): Promise<Found> {
  const { kind, call, collector, sentAt } = lost
  const { runId } = collector.read().ids
  const follow = (id: string): Promise<Found> => followRun({ runId: id, user: call.user, collector, sentAt }, parts)
  if (hasRuns(kind) && runId !== undefined) return await follow(runId)
  if (kind === 'completion')
    return { kind: 'unknown', why: 'the service does not list the messages of this kind of app' }

  let found: Found = { kind: 'absent' }
  for (const wait of [0, ...parts.limits.lookAgainMs]) {
    if (wait > 0) await parts.clock.sleep(wait, parts.signal)
    const logged = hasRuns(kind) ? await searchLogs(lost, parts) : undefined
    if (logged?.kind === 'run') return await follow(logged.runId)
    found = kind === 'workflow' ? (logged ?? found) : await findMessage(lost, parts)
    if (found.kind !== 'absent') return found
  }
  return found
}

type Logged = Exclude<Found, { kind: 'found' }> | { readonly kind: 'run'; readonly runId: string }

const pageSize = 100
const mostPages = 10

async function searchLogs(lost: Lost, parts: SearchParts): Promise<Logged> {
  const { call, startedAt } = lost
  const entries: Fields[] = []
  for (let page = 1; page <= mostPages; page++) {
    const query = {
      created_by_end_user_session_id: call.user,
      // Turns before this one have to be seen to be counted off.
      ...(call.history.length > 0 ? {} : { created_at__after: new Date(startedAt - skewMs).toISOString() }),
      limit: String(pageSize),
      page: String(page),
    }
    const asked = await askPatiently({ method: 'GET', path: 'workflows/logs', query }, parts)
    if (asked.kind !== 'answer') return { kind: 'unknown', why: whyNot(asked) }
    if (!Array.isArray(asked.fields['data'])) return { kind: 'unknown', why: 'the logs of the app are no list' }
    entries.push(...listOf(asked.fields['data']))
    if (asked.fields['has_more'] !== true) return judged(entries, lost)
  }
  return { kind: 'unknown', why: 'the logs of the app are too long to be searched' }
}

function judged(entries: readonly Fields[], lost: Lost): Logged {
  const runId = ownRun(entries, lost)
  if (runId !== undefined) return { kind: 'run', runId }
  return entries.every((entry) => sessionOf(entry) !== undefined)
    ? { kind: 'absent' }
    : { kind: 'unknown', why: 'the logs of the app do not say whose runs they are' }
}

/** The logs begin with the newest. */
function ownRun(entries: readonly Fields[], lost: Lost): string | undefined {
  const runs = entries.toReversed().flatMap((entry) => {
    const id = textOf(fieldsOf(entry['workflow_run'])['id'])
    return id !== undefined && sessionOf(entry) === lost.call.user ? [{ id, entry }] : []
  })
  return ownOf(runs, lost)?.id
}

function sessionOf(entry: Fields): string | undefined {
  return textOf(fieldsOf(entry['created_by_end_user'])['session_id'])
}
