import type { ServiceContext } from '../src/app/service-context.ts'
import { resultOf, taskAttempt } from '../src/app/test-records.ts'
import type { Attempt, CollectedTest, Outcome } from '../src/domain/run.ts'
import type { StoredRun } from '../src/domain/stored-run.ts'
import type { Task } from '../src/domain/task.ts'
import { now } from '../src/lib/clock.ts'

/** A run that has ended, by its numbers of tests. */
interface EndedRun {
  readonly id: string
  readonly tests: number
  readonly failed: number
  /** Of these, the first attempt failed and the second passed. */
  readonly flaky: number
}

const owner = { host: 'bench', pid: 1, token: 'bench' }
const leaseMs = 600_000
const page = 1000
/** Changes that one event tells at most, as a run itself tells them. */
const changes = 500

/** Puts a run with its tests, attempts and events into the store, as a run of pytest with one retry leaves them. */
export async function putRun({ store }: Pick<ServiceContext, 'store'>, ended: EndedRun): Promise<StoredRun> {
  const { id, tests, failed, flaky } = ended
  await store.create({ id, kind: 'execute', title: `${tests} tests`, input: { by: 'bench' } })
  const run = await store.claim(id, owner, leaseMs)
  if (run === undefined) throw new Error(`${id} was not claimed`)
  const all = Array.from({ length: tests }, (_, index) => collected(index))
  for (let from = 0; from < tests; from += page) {
    const tasks = all.slice(from, from + page).map((test): Task => ({ id: test.id, payload: test }))
    await store.addTasks(id, from, tasks)
  }
  await store.seal(id, tests)
  const journal = store.journal(id, run.epoch)
  for (let from = 0; from < tests; from += changes) {
    const group = all.slice(from, from + changes)
    for (const [index, test] of group.entries()) {
      const seq = from + index
      // Bad ones lie in the middle and at the end, so that a list has to look for them.
      const isFlaky = seq >= tests - flaky
      const isFailed = !isFlaky && seq >= tests / 2 && seq < tests / 2 + failed
      const first = attempt(1, isFlaky || isFailed ? 'failed' : 'passed')
      if (first.outcome === 'failed') {
        await journal.append({ kind: 'attempt', seq, attempt: taskAttempt(first), output: first })
      }
      const last = first.outcome === 'failed' ? attempt(2, isFailed ? 'failed' : 'passed') : first
      await journal.append({ kind: 'result', seq, result: resultOf(test, last) })
    }
    const items = group.map(({ id: test }, index) => ({
      seq: from + index,
      id: test,
      outcome: 'passed',
      attempt: 1,
      durationMs: 3,
    }))
    await journal.append({ kind: 'event', event: { at: now(), kind: 'tests', data: { items, more: false } } })
  }
  await journal.close()
  await store.end(
    id,
    { state: 'finished', verdict: failed > 0 ? 'failed' : 'passed', exitCode: failed > 0 ? 1 : 0 },
    run.epoch,
  )
  return run
}

function collected(index: number): CollectedTest {
  const file = `tests/test_part_${Math.floor(index / 100)}.py`
  return {
    id: `${file}::TestPart::test_number_${index}`,
    name: `test_number_${index}`,
    file,
    line: (index % 100) * 4 + 3,
    suite: ['TestPart'],
    tags: ['bench'],
    labels: {},
  }
}

function attempt(number: number, outcome: Outcome): Attempt {
  return {
    number,
    outcome,
    startedAt: now(),
    durationMs: 3.2,
    phasesMs: { setup: 0.1, call: 3, teardown: 0.1 },
    stdout: '',
    stderr: '',
    process: 1,
    ...(outcome === 'failed'
      ? {
          failure: {
            phase: 'call',
            type: 'AssertionError',
            message: 'assert 2 == 3',
            trace: 'def test():\n>   assert 2 == 3\nE   assert 2 == 3\n'.repeat(10),
            file: 'tests/test_part_0.py',
            line: 3,
          },
        }
      : {}),
  }
}
