import { setImmediate as othersTurn } from 'node:timers/promises'
import type { Journal, JournalEntry } from '../domain/stored-run.ts'
import { after, sleep } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import { writeAttempts } from './attempt-row.ts'
import { plain } from './cells.ts'
import type { ColumnType, Database, Sql } from './database.ts'
import { addEntry, createGroup } from './group.ts'
import type { Group } from './group.ts'
import { leaseLost } from './ownership.ts'

/** The owner's claim on a run, and in whose database. */
export interface JournalPlace {
  readonly database: Database
  readonly runId: string
  readonly epoch: number
}

/** Entries of a group at most. */
const groupSize = 500
/** A group that is not full waits this long for more. */
const groupWaitMs = 2
/** With more groups than this waiting, whoever appends has to wait as well. */
const groupsAhead = 4
const shortestPauseMs = 100
const longestPauseMs = 5_000
const never = new AbortController().signal

/** Opens the book of a run; see {@link Journal}. Whatever fails once fails from then on. */
export function openJournal(place: JournalPlace): Journal {
  let group = createGroup(place.runId)
  let waiting: Group[] = []
  let timer: Timer | undefined
  let writer: Promise<void> | undefined
  let failure: { readonly error: unknown } | undefined

  /** Writes what waits, group by group, and lets others run in between. */
  const write = async (): Promise<void> => {
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await writePatiently(place, next)
        await othersTurn()
      }
    } catch (error) {
      failure = { error }
      waiting = []
      throw error
    } finally {
      writer = undefined
    }
  }
  const closeGroup = (): void => {
    timer?.cancel()
    timer = undefined
    if (group.size > 0) {
      waiting.push(group)
      group = createGroup(place.runId)
    }
    if (waiting.length === 0 || writer !== undefined) return
    writer = write()
    // Whoever appends or flushes next is told; nobody may be waiting just now.
    writer.catch(() => {})
  }
  const append = (entry: JournalEntry): Promise<void> | undefined => {
    if (failure !== undefined) return refused(failure.error)
    try {
      addEntry(group, entry)
    } catch (error) {
      return refused(error)
    }
    if (group.size >= groupSize) closeGroup()
    else if (timer === undefined) timer = after(groupWaitMs, closeGroup)
    return waiting.length >= groupsAhead ? writer : undefined
  }
  const flush = async (): Promise<void> => {
    closeGroup()
    await writer
    if (failure !== undefined) throw failure.error
  }
  return { append, flush, close: flush }
}

/** A rejection that may go unheard: a later flush says the same. */
function refused(reason: unknown): Promise<never> {
  const rejection = Promise.reject(reason)
  rejection.catch(() => {})
  return rejection
}

/** Tries again where the connection broke. A group that was committed all the same is not written twice. */
async function writePatiently(place: JournalPlace, group: Group): Promise<void> {
  for (let pauseMs = shortestPauseMs; ; pauseMs *= 2) {
    try {
      return await writeGroup(place, group)
    } catch (error) {
      if (pauseMs > longestPauseMs || !place.database.isPassing(error)) throw error
    }
    await sleep(pauseMs, never)
  }
}

async function writeGroup({ database, runId, epoch }: JournalPlace, group: Group): Promise<void> {
  await database.transaction(async (sql) => {
    // The fence: it also keeps any other writer of this run out until the commit.
    const mine = `update main.run set lease_until =
        case when lease_until > {now} + lease_ms then lease_until else {now} + lease_ms end
      where id = ? and epoch = ? and state = 'running'`
    if ((await sql.run(mine, [runId, epoch])) === 0) throw leaseLost(runId)
    await writeAttempts(sql, [...group.attempts.values()], epoch)
    if (group.events.length > 0) await writeEvents(sql, group)
  })
}

const eventColumns = {
  run_id: 'text',
  seq: 'integer',
  at: 'bigint',
  kind: 'text',
  data: 'text',
} as const satisfies Record<string, ColumnType>

async function writeEvents(sql: Sql, group: Group): Promise<void> {
  const { runId, events } = group
  const [row] = await sql.all('select coalesce(max(seq), 0) as last from main.event where run_id = ?', [runId])
  const last = Number(row?.last ?? 0)
  // Nobody else writes events of this run, so they are these.
  if (group.firstEvent !== undefined && last >= group.firstEvent) return
  const first = last + 1
  group.firstEvent = first
  await sql.many({
    columns: eventColumns,
    rows: events.map(({ at, kind, data }, index) => [runId, first + index, Math.round(at), plain(kind), data]),
    sql: 'insert into main.event (run_id, seq, at, kind, data) select * from {rows} as given',
  })
}
