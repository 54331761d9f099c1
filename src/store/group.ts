import type { JournalEntry, RunEvent } from '../domain/stored-run.ts'
import type { TaskResult } from '../domain/task.ts'
import type { AttemptRow } from './attempt-row.ts'
import { attemptRow, finalRow, startRow } from './attempt-row.ts'
import { json } from './cells.ts'

/** Entries that go into one transaction, reduced to what has to be written. */
export interface Group {
  readonly runId: string
  /** By task and attempt. */
  readonly attempts: Map<number, AttemptRow>
  /** Tasks that a row of this group decides. */
  readonly decided: Set<number>
  readonly events: { readonly at: number; readonly kind: string; readonly data: string | null }[]
  /** Number of the first event, once it was tried to write them. */
  firstEvent?: number
  /** Entries that were taken, written or not. */
  size: number
}

/** A group without entries. */
export function createGroup(runId: string): Group {
  return { runId, attempts: new Map(), decided: new Set(), events: [], size: 0 }
}

/**
 * Adds an entry. Within a group an attempt that began and ended is one row, the first end of an attempt stays, and so
 * does the first decision about a task. Throws `internal` where an output or an event has no JSON.
 */
export function addEntry(group: Group, entry: JournalEntry): void {
  switch (entry.kind) {
    case 'start':
      group.size++
      if (!group.attempts.has(keyOf(entry.seq, entry.number))) put(group, startRow(group.runId, entry))
      return
    case 'attempt':
      group.size++
      return addEnd(group, attemptRow(group.runId, entry))
    case 'result':
      return addResult(group, entry.seq, entry.result)
    case 'event':
      return addEvent(group, entry.event)
  }
}

/** Adds the deciding row with the attempts before it, which are mostly on record already. */
export function addResult(group: Group, seq: number, result: TaskResult): void {
  const decision = finalRow(group.runId, seq, result)
  group.size++
  for (const attempt of result.attempts) {
    if (attempt.number !== decision.number) addEnd(group, attemptRow(group.runId, { seq, attempt }))
  }
  if (group.decided.has(seq)) return
  group.decided.add(seq)
  const there = group.attempts.get(keyOf(seq, decision.number))
  if (there === undefined || there.state === null) return put(group, decision)
  there.final = true
  there.promoted = true
  there.output = decision.output ?? there.output
  there.mark = decision.mark ?? there.mark
}

/** Adds the end of an attempt, unless one is there. */
export function addEnd(group: Group, row: AttemptRow): void {
  const there = group.attempts.get(keyOf(row.seq, row.number))
  if (there === undefined || there.state === null) put(group, row)
}

function addEvent(group: Group, { at, kind, data }: Omit<RunEvent, 'seq'>): void {
  group.events.push({ at, kind, data: json(data, `the event ${kind}`) })
  group.size++
}

function put(group: Group, row: AttemptRow): void {
  group.attempts.set(keyOf(row.seq, row.number), row)
}

/** Attempts of one task are far fewer than this. */
const attemptsOfTask = 2 ** 20

function keyOf(seq: number, number: number): number {
  return seq * attemptsOfTask + number
}
