import { GreenloopError } from '../domain/errors.ts'
import type { RunEnding, RunOwner, StoredRun } from '../domain/stored-run.ts'
import { plain } from './cells.ts'
import type { Database, Value } from './database.ts'
import { runOf } from './run-row.ts'
import { findRun, isOver, unknownRun } from './runs.ts'

/** What is known of processes on this machine. */
export interface Processes {
  /** Name of this machine. */
  readonly host: string
  /** Whether a process of this machine is there. */
  readonly isAlive: (pid: number) => boolean
}

/** A claim with all it says. */
export interface Claim {
  readonly owner: RunOwner
  readonly leaseMs: number
  readonly isAlive: Processes['isAlive']
}

/** Takes a run that nobody works on; see `RunStore.claim`. */
export async function claimRun(database: Database, id: string, claim: Claim): Promise<StoredRun | undefined> {
  const { owner, leaseMs, isAlive } = claim
  const run = await findRun(database, id)
  if (run === undefined || isOver(run)) return undefined
  const lost = isGone(run, { host: owner.host, isAlive, asking: owner }) ? run.epoch : -1
  const rows = await database.transaction((sql) =>
    sql.all(
      `update main.run set state = 'running', epoch = epoch + 1, owner = ?, lease_until = {now} + ?, lease_ms = ?,
        started_at = coalesce(started_at, {now})
      where id = ? and removed = 0 and (state = 'queued' or (state = 'running' and
        (lease_until is null or lease_until <= {now} or epoch = ?))) returning *`,
      [JSON.stringify(owner), Math.round(leaseMs), Math.round(leaseMs), id, lost],
    ),
  )
  return rows[0] === undefined ? undefined : runOf(rows[0])
}

/** Whether the owner's process is known to be no more: it has no pid any longer, or another process has it now. */
function isGone({ owner }: StoredRun, on: Processes & { readonly asking?: RunOwner }): boolean {
  if (owner === undefined || owner.host !== on.host) return false
  const replaced = on.asking !== undefined && on.asking.pid === owner.pid && on.asking.token !== owner.token
  return replaced || !on.isAlive(owner.pid)
}

/** Keeps a claim alive; see `RunStore.renew`. */
export async function renewRun(
  database: Database,
  { id, epoch }: { readonly id: string; readonly epoch: number },
  leaseMs: number,
): Promise<{ readonly cancelRequested?: string | undefined }> {
  const sql = `update main.run set lease_until = {now} + ?, lease_ms = ?
    where id = ? and epoch = ? and state = 'running' returning cancel_requested`
  const values = [Math.round(leaseMs), Math.round(leaseMs), id, epoch]
  const [row] = await database.transaction((inner) => inner.all(sql, values), { urgent: true })
  if (row === undefined) throw leaseLost(id)
  return typeof row.cancel_requested === 'string' ? { cancelRequested: row.cancel_requested } : {}
}

/** Ends a run, once; see `RunStore.end`. */
export async function endRun(database: Database, id: string, ending: RunEnding & { epoch?: number | undefined }) {
  const { state, verdict, exitCode, reason, epoch } = ending
  const fence = epoch === undefined ? '' : 'and epoch = ?'
  const sql = `update main.run set state = ?, verdict = ?, exit_code = ?, reason = ?, finished_at = {now}, lease_until = null
    where id = ? and removed = 0 and state in ('queued', 'running') ${fence}`
  const said = [state, textOrNull(verdict), exitCode ?? null, textOrNull(reason), id]
  const values = epoch === undefined ? said : [...said, epoch]
  return (await database.transaction((inner) => inner.run(sql, values), { urgent: true })) > 0
}

/** Asks for the end of a run, or ends it where nobody works on it; see `RunStore.requestCancel`. */
export async function cancelRun(
  database: Database,
  { id, reason }: { readonly id: string; readonly reason: string },
  processes: Processes,
): Promise<StoredRun> {
  const run = await findRun(database, id)
  if (run === undefined) throw unknownRun(id)
  const text = plain(reason)
  const lost = isGone(run, processes) ? run.epoch : -1
  await database.transaction(
    async (sql) => {
      if ((await sql.run(endFree, [text, text, id, lost])) === 0) await sql.run(wish, [text, id])
    },
    { urgent: true },
  )
  return (await findRun(database, id)) ?? run
}

/** Ends a run only while nobody works on it. */
const endFree = `update main.run set state = 'cancelled', cancel_requested = coalesce(cancel_requested, ?), reason = ?,
    finished_at = {now}, lease_until = null
  where id = ? and (state = 'queued' or (state = 'running' and
    (lease_until is null or lease_until <= {now} or epoch = ?)))`
/** The owner reads it when it renews its claim. */
const wish = `update main.run set cancel_requested = coalesce(cancel_requested, ?)
  where id = ? and state in ('queued', 'running')`

/** Another process has the run now, or it is over. */
export function leaseLost(id: string): GreenloopError {
  return new GreenloopError('lease_lost', `the run ${id} is no longer this process's: it was taken over or ended`)
}

function textOrNull(text: string | undefined): Value {
  return text === undefined ? null : plain(text)
}
