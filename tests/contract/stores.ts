import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NewRun, RunOwner, RunStore } from '../../src/domain/stored-run.ts'
import type { FinalState, Task, TaskAttempt, TaskResult } from '../../src/domain/task.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { TestPostgres } from '../support/postgres.ts'

/** A store of its own for each test; `open` gives another connection to the same one. */
export interface Place {
  open(options?: { isAlive?: (pid: number) => boolean }): Promise<RunStore>
  remove(): Promise<void>
}

/** Name of this machine, as far as the stores under test know. */
export const host = 'here'

/** A file that nobody else uses. */
export async function sqlitePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-store-'))
  const open: Place['open'] = (options = {}) =>
    openSqliteStore({ path: join(folder, 'store.db'), clock: Date, ballastBytes: 0, host, ...options })
  return { open, remove: () => rm(folder, { recursive: true }) }
}

/** A schema that nobody else uses. */
export async function postgresPlace(postgres: TestPostgres): Promise<Place> {
  const schema = postgres.schema()
  const open: Place['open'] = (options = {}) => openPostgresStore({ url: postgres.url, schema, host, ...options })
  return { open, remove: () => postgres.drop() }
}

/** A run to hand in. */
export function newRun(id: string, more: Partial<NewRun> = {}): NewRun {
  return { id, kind: 'trial', title: `run ${id}`, input: { suite: 'calc' }, ...more }
}

/** Somebody who works on runs; on another machine unless said. */
export function owner(name: string, more: Partial<RunOwner> = {}): RunOwner {
  return { host: `host of ${name}`, pid: 1, token: name, ...more }
}

/** So many tasks, `t0` and so on. */
export function makeTasks(count: number, first = 0): Task[] {
  return Array.from({ length: count }, (_, index) => ({ id: `t${first + index}`, payload: { index: first + index } }))
}

/** An attempt that is over. */
export function ended(number: number, state: FinalState, more: Partial<TaskAttempt> = {}): TaskAttempt {
  const times = { startedAt: 1_000 + number, endedAt: 2_000 + number, serviceMs: 10.5, queueMs: 1, rateMs: 2 }
  return { number, state, ...times, ...more }
}

/** A result whose last attempt has its state; without attempts, one of a task that never began. */
export function result(task: Task, state: FinalState, more: Partial<TaskResult> = {}): TaskResult {
  return { task, state, attempts: [ended(1, state)], usage: { tokens: 0, costUsd: 0 }, ...more }
}
