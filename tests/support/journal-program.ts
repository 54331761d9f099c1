/**
 * Writes the unfinished tasks of a run into its journal, page by page, and says after each page how many are safe.
 * Arguments: the file of the store, the id of the run, tasks of a page.
 */
import { writeSync } from 'node:fs'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { host, owner, result } from '../contract/stores.ts'

const [path = '', runId = '', page = '50'] = process.argv.slice(2)
const store = await openSqliteStore({ path, clock: Date, ballastBytes: 0, host })
const run = await store.claim(runId, owner('writer', { host, pid: process.pid }), 3_600_000)
if (run === undefined) throw new Error(`run ${runId} could not be claimed`)
const journal = store.journal(runId, run.epoch)
let last = -1
for (let safe = 0; ;) {
  const tasks = await store.unfinished(runId, last, Number(page))
  if (tasks.length === 0) break
  for (const task of tasks) {
    void journal.append({ kind: 'start', seq: task.seq, number: task.attempts.length + 1, startedAt: 1 })
    void journal.append({ kind: 'event', event: { at: task.seq, kind: 'task', data: task.id } })
    void journal.append({ kind: 'result', seq: task.seq, result: result(task, 'succeeded', { output: task.id }) })
    last = task.seq
  }
  await journal.flush()
  safe += tasks.length
  writeSync(1, `${safe}\n`)
}
await journal.close()
await store.close()
