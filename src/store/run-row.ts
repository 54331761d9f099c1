import type { Policy } from '../domain/policy.ts'
import type { NewRun, RunKind, RunOwner, RunState, StoredRun } from '../domain/stored-run.ts'
import { cell, json, numberOf, parse, plain, storable, textOf } from './cells.ts'
import type { Row, Value } from './database.ts'

/** A run as it stands in its row. */
export function runOf(row: Row): StoredRun {
  return {
    id: textOf(row, 'id'),
    kind: textOf(row, 'kind') as RunKind,
    title: textOf(row, 'title'),
    input: parse(textOf(row, 'input')),
    state: textOf(row, 'state') as RunState,
    createdAt: numberOf(row, 'created_at'),
    epoch: numberOf(row, 'epoch'),
    ...cell(row, 'policy', { key: 'policy', read: (text) => parse(text) as Policy }),
    ...cell(row, 'folder', { key: 'folder', read: String }),
    ...cell(row, 'started_at', { key: 'startedAt', read: Number }),
    ...cell(row, 'finished_at', { key: 'finishedAt', read: Number }),
    ...cell(row, 'owner', { key: 'owner', read: (text) => parse(text) as RunOwner }),
    ...cell(row, 'lease_until', { key: 'leaseUntil', read: Number }),
    ...cell(row, 'cancel_requested', { key: 'cancelRequested', read: String }),
    ...cell(row, 'task_count', { key: 'taskCount', read: Number }),
    ...cell(row, 'verdict', { key: 'verdict', read: String }),
    ...cell(row, 'exit_code', { key: 'exitCode', read: Number }),
    ...cell(row, 'reason', { key: 'reason', read: String }),
  }
}

/** Values of a new run: id, kind, title, input, policy, folder. */
export function newRunValues(run: NewRun): readonly Value[] {
  return [
    storable(run.id, 'the run id'),
    run.kind,
    plain(run.title),
    json(run.input ?? null, 'the input of the run'),
    json(run.policy, 'the policy of the run'),
    run.folder === undefined ? null : plain(run.folder),
  ]
}
