import { randomUUID } from 'node:crypto'
import { followRun } from '../client/follow.ts'
import { ApiError } from '../client/api-client.ts'
import type { ApiRun, Sent } from '../client/types.ts'
import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import { conclude } from './remote-conclude.ts'
import { pageOf, withServer } from './remote-connect.ts'
import type { Remote } from './remote-connect.ts'
import { remoteView } from './remote-progress.ts'
import type { Session } from './session.ts'

type StartOperation = 'startGeneration' | 'startExecution' | 'startPipeline' | 'startExperiment' | 'startRepair'

/** Options of every command that starts a run on a server. */
export interface RemoteStart {
  readonly detach?: boolean | undefined
  /** Folder that the files of the run are fetched into. */
  readonly artifacts?: string | undefined
  /** File that also gets the script. */
  readonly out?: string | undefined
}

/** Starts a run on the server and shows it to its end, unless it is to be left alone. */
export function startRemotely<K extends StartOperation>(
  operation: K,
  {
    body,
    start,
  }: { readonly body: Sent<K>['body'] & { readonly runId?: string | undefined }; readonly start: RemoteStart },
  session: Session,
): Promise<void> {
  return withServer(session, async (remote) => {
    const call = { signal: session.signal, idempotencyKey: body.runId ?? randomUUID() }
    const sent = { body: withoutHoles(body) } as unknown as Sent<K>
    const run = (await remote.client.call(operation, sent, call)) as ApiRun
    await accompany(run, start, { remote, session })
  })
}

/** Goes on with a run of the server that was broken off, and shows it to its end. */
export function resumeRemotely(id: string, start: RemoteStart, session: Session): Promise<void> {
  return withServer(session, async (remote) => {
    const known = await findRemote(id, remote)
    const before = await remote.client.call('getRun', { params: { id: known } })
    const run = await remote.client.call('resumeRun', { params: { id: known } }, { signal: session.signal })
    await accompany(run, start, { remote, session, after: before.lastEventSeq })
  })
}

interface Company {
  readonly remote: Remote
  readonly session: Session
  /** Events that were there before. */
  readonly after?: number | undefined
}

async function accompany(run: ApiRun, start: RemoteStart, company: Company): Promise<void> {
  const { remote, session } = company
  session.begin(run.id, '')
  if (start.detach) return tellDetached(run, company)
  if (session.output.progress !== 'none') session.output.note(`run ${run.id} on ${remote.url}\n`)
  await followToEnd(run, company)
  const detail = await remote.client.call('getRun', { params: { id: run.id } })
  await conclude(detail, { start, remote, session })
}

function tellDetached({ id, status, kind }: ApiRun, { remote, session }: Company): void {
  const page = pageOf(remote, id)
  if (session.output.result !== 'human') {
    session.output.print(`${JSON.stringify({ status, exitCode: 0, runId: id, kind, page })}\n`)
  }
  session.output.note(`run       ${id}    ${page}\nfollow    greenloop runs logs -f ${id} --server ${remote.url}\n`)
  session.end(0)
}

/** How long an ended run may take to end, once it was asked to. */
const endMs = 60_000

/** Shows events until there are no more. The first interrupt asks the server to cancel, and what comes of that is shown too. */
async function followToEnd(run: ApiRun, { remote, session, after: seen = 0 }: Company): Promise<void> {
  const { client } = remote
  const { signal } = session
  const leave = new AbortController()
  const view = await remoteView(run.kind, session)
  const ask = (): void => {
    after(endMs, () => leave.abort(signal.reason), { unref: true })
    client
      .call('cancelRun', { params: { id: run.id } }, { signal: AbortSignal.timeout(10_000) })
      .catch((error: unknown) => {
        if (!(error instanceof ApiError && error.problem.name === 'run_conflict')) leave.abort(signal.reason)
      })
  }
  signal.addEventListener('abort', ask, { once: true })
  if (signal.aborted) ask()
  try {
    const onTrouble = troubleTeller(session)
    const options = { signal: leave.signal, after: seen, patienceMs: patienceOf(session), onTrouble }
    for await (const event of followRun(client, run.id, options)) view.onEvent(event)
  } catch (error) {
    throw gone(error, { run, remote, session })
  } finally {
    signal.removeEventListener('abort', ask)
    view.close()
  }
}

/** Says once that the server is away, and once that it is back. */
function troubleTeller({ output }: Session): (error: Error | undefined) => void {
  let isAway = false
  return (error) => {
    if (isAway === (error !== undefined)) return
    isAway = error !== undefined
    output.note(error === undefined ? 'the server answers again\n' : `${error.message}; trying again\n`)
  }
}

/** Milliseconds that a server may stay away. */
function patienceOf({ env }: Session): number {
  const seconds = Number(env.GREENLOOP_SERVER_PATIENCE ?? '')
  return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : 300_000
}

function gone(error: unknown, { run, remote, session }: Company & { readonly run: ApiRun }): unknown {
  if (session.signal.aborted || !(error instanceof Error) || error.name !== 'ConnectionError') return error
  return new GreenloopError('server_unreachable', `${error.message}, while the run ${run.id} was under way`, {
    cause: error,
    why: 'the run goes on without this command, if its server does',
    help: `greenloop runs show ${run.id} --server ${remote.url}`,
  })
}

/** The id of a run on the server: given whole, by its beginning, or `latest`. Throws `run_unknown`. */
export async function findRemote(id: string, { client }: Remote): Promise<string> {
  if (id === 'latest') {
    const [newest] = (await client.call('listRuns', { query: { limit: 1 } })).items
    if (newest !== undefined) return newest.id
    throw new GreenloopError('run_unknown', 'there is no run yet')
  }
  const { items, nextCursor } = await client.call('listRuns', { query: { limit: 200, search: id } })
  const found = items.filter((run) => run.id.startsWith(id))
  const exact = found.find((run) => run.id === id)
  if (exact !== undefined || nextCursor !== undefined) return exact?.id ?? id
  if (found.length === 1 && found[0] !== undefined) return found[0].id
  const message =
    found.length === 0 ? `there is no run \`${id}\`` : `\`${id}\` is the beginning of ${found.length} runs`
  throw new GreenloopError('run_unknown', message, { help: 'greenloop runs list' })
}

/** A body without keys that have no value. */
function withoutHoles<T extends object>(body: T): T {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T
}
