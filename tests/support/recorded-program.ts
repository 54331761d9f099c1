// Carries out a run of tasks that is on record, or puts it there first: node recorded-program.ts STORE RUN TASKS SEEN
// Each execution is noted in the file SEEN by the handler itself.
import { appendFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { randomUUID } from 'node:crypto'
import { parsePolicy } from '../../src/domain/policy.ts'
import { carryOut, submitTasks } from '../../src/engine/recorded.ts'
import { sleep, systemClock } from '../../src/lib/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'

const [path = '', id = '', count = '0', seen = ''] = process.argv.slice(2)

const store = await openSqliteStore({ path, clock: systemClock, ballastBytes: 0 })
const policy = parsePolicy({ concurrency: 16, retry: { maxAttempts: 2, backoffSeconds: 0.001 } })
const tasks = Array.from({ length: Number(count) }, (_, index) => ({ id: `t${index}`, payload: { index } }))
await submitTasks(store, { id, kind: 'trial', title: 'killed', input: {}, policy }, tasks)
const run = await store.claim(id, { host: hostname(), pid: process.pid, token: randomUUID() }, 10_000)
if (run === undefined) throw new Error('somebody else works on the run')
process.stdout.write('claimed\n')
const conclusion = await carryOut(
  run,
  async (task, { attempt, signal }) => {
    appendFileSync(seen, `${task.id}\n`)
    await sleep(2, signal)
    // One in fifty breaks down at first, so that attempts between two processes are there as well.
    if (attempt === 1 && Number(task.id.slice(1)) % 50 === 0) throw new Error('busy')
    return { id: task.id }
  },
  {
    parts: { store, clock: systemClock, leaseMs: 10_000 },
    options: { signal: new AbortController().signal },
  },
)
process.stdout.write(`${JSON.stringify(conclusion.statistics)}\n`)
await store.close()
