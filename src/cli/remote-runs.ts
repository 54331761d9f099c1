import type { RunDetails } from '../app/runs.ts'
import { followRun } from '../client/follow.ts'
import type { ApiRun, ApiRunDetail } from '../client/types.ts'
import type { RunEvent } from '../domain/stored-run.ts'
import { connect, translated, withServer } from './remote-connect.ts'
import type { Remote } from './remote-connect.ts'
import { findRemote } from './remote-run.ts'
import { shownEvent, shownRun } from './remote-shapes.ts'
import type { Session } from './session.ts'

type Shown = ReturnType<typeof shownRun>

/** Runs of the server, newest first. */
export function listRemotely(
  { limit, kinds = [] }: { readonly limit: number; readonly kinds?: readonly string[] | undefined },
  session: Session,
): Promise<readonly Shown[]> {
  return withServer(session, async ({ client }) => {
    const asked = kinds.length === 0 ? [undefined] : [...new Set(kinds)]
    const found: ApiRun[] = []
    for (const kind of asked) {
      let cursor: string | undefined
      let left = limit
      do {
        const query = { limit: Math.min(left, 200), cursor, kind: kind as ApiRun['kind'] | undefined }
        const page = await client.call('listRuns', { query }, { signal: session.signal })
        found.push(...page.items)
        left -= page.items.length
        cursor = page.items.length === 0 ? undefined : page.nextCursor
      } while (cursor !== undefined && left > 0)
    }
    return found
      .map(shownRun)
      .sort((one, other) => other.createdAt - one.createdAt)
      .slice(0, limit)
  })
}

/** A run of the server with its counts and what failed in it, in the form of the record. */
export function showRemotely(id: string, failuresShown: number, session: Session): Promise<RunDetails> {
  return withServer(session, async (remote) => {
    const { client } = remote
    const run = await client.call('getRun', { params: { id: await findRemote(id, remote) } })
    const query = { verdict: 'failed' as const, limit: Math.min(Math.max(failuresShown, 1), 200) }
    const { items } = await client.call('listTasks', { params: { id: run.id }, query })
    const failures = items.slice(0, failuresShown).map(({ seq, id: task, outcome, message }) => ({
      seq,
      task: { id: task },
      state: outcome === 'timed_out' ? 'timeout' : outcome === 'crashed' || outcome === 'errored' ? 'error' : 'failed',
      ...(message === undefined ? {} : { error: { message } }),
    }))
    // What the API does not tell of tasks is not made up: the lines show what is here.
    return { run: shownRun(run), counts: countsOf(run), failures } as unknown as RunDetails
  })
}

function countsOf({ progress, status }: ApiRunDetail) {
  const { total, done, passed, failed, flaky, skipped, running } = progress ?? {
    ...{ total: 0, done: 0, passed: 0, failed: 0, flaky: 0, skipped: 0, running: [] },
  }
  const isOver = status === 'finished' || status === 'failed' || status === 'cancelled'
  const left = Math.max(0, total - done)
  return {
    total,
    succeeded: passed + flaky + skipped,
    failed,
    error: 0,
    timeout: 0,
    cancelled: isOver ? left : 0,
    running: running.length,
    pending: isOver ? 0 : Math.max(0, left - running.length),
    retries: flaky,
  }
}

/** Asks the server to end a run. */
export function cancelRemotely(id: string, session: Session): Promise<Shown> {
  return withServer(session, async (remote) => {
    const params = { id: await findRemote(id, remote) }
    return shownRun(await remote.client.call('cancelRun', { params }))
  })
}

/** The events of a run from its beginning; with `follow`, until it is over. */
export async function eventsRemotely(
  id: string,
  { follow, onEvent }: { readonly follow: boolean; readonly onEvent: (event: RunEvent) => void },
  session: Session,
): Promise<Shown> {
  const remote = await connect(session)
  try {
    const known = await findRemote(id, remote)
    const params = { id: known }
    const before = await remote.client.call('getRun', { params })
    const isOpen = before.status === 'running' || before.status === 'queued'
    if (follow && isOpen) {
      for await (const event of followRun(remote.client, known, { signal: session.signal })) onEvent(shownEvent(event))
    } else await pages(known, { remote, onEvent, session })
    return shownRun(await remote.client.call('getRun', { params }))
  } catch (error) {
    throw translated(error)
  }
}

async function pages(
  id: string,
  {
    remote,
    onEvent,
    session,
  }: { readonly remote: Remote; readonly onEvent: (event: RunEvent) => void; readonly session: Session },
): Promise<void> {
  for (let after = 0; ;) {
    const query = { after, limit: 1000 }
    const { items } = await remote.client.call('listEvents', { params: { id }, query }, { signal: session.signal })
    for (const event of items) onEvent(shownEvent(event))
    const last = items.at(-1)
    if (last === undefined) return
    after = last.seq
  }
}
