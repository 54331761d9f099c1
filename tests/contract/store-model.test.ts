import * as fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import type { RunStore } from '../../src/domain/stored-run.ts'
import { findPostgres } from '../support/postgres.ts'
import { createModel, entryOf, steps, taskCount } from './store-model.ts'
import type { Step } from './store-model.ts'
import type { Place } from './stores.ts'
import { makeTasks, newRun, owner, postgresPlace, sqlitePlace } from './stores.ts'

const postgres = await findPostgres()
const places: readonly (readonly [name: string, runs: number, (() => Promise<Place>) | undefined])[] = [
  ['SQLite', 400, sqlitePlace],
  ['PostgreSQL', 60, postgres && (() => postgresPlace(postgres))],
]
afterAll(() => postgres?.drop())

/** A task that is decided, and an attempt at it that ends later and wishes to decide it as well. */
const late: Step[] = [
  { kind: 'result', seq: 3, number: 0, state: 'succeeded' },
  { kind: 'flush' },
  { kind: 'attempt', seq: 3, number: 1, state: 'failed' },
  { kind: 'result', seq: 3, number: 1, state: 'failed' },
]

describe.each(places)('a journal in %s', (_, numRuns, makePlace) => {
  it.skipIf(makePlace === undefined)('agrees with its rules applied one entry at a time', async () => {
    if (makePlace === undefined) return
    const place = await makePlace()
    const store = await place.open()
    let run = 0
    try {
      await fc.assert(
        fc.asyncProperty(steps, (given) => agrees(store, `run ${run++}`, given)),
        { numRuns, examples: [[late]] },
      )
    } finally {
      await store.close()
      await place.remove()
    }
  })
})

async function agrees(store: RunStore, id: string, given: readonly Step[]): Promise<void> {
  await store.create(newRun(id))
  await store.addTasks(id, 0, makeTasks(taskCount))
  await store.seal(id, taskCount)
  // A lease of no length lapses at once, so that the next step may take it.
  const claim = async (name: string) => store.journal(id, (await store.claim(id, owner(name), 0))?.epoch ?? -1)
  const model = createModel()
  let journal = await claim('first')
  const decided = new Set<string>()
  for (const [at, step] of given.entries()) {
    if (step.kind === 'flush') await journal.flush()
    else if (step.kind === 'takeover') {
      await journal.flush()
      const old = journal
      journal = await claim(`owner ${at}`)
      void old.append({ kind: 'event', event: { at: -1, kind: 'late', data: null } })
      await expect(old.flush()).rejects.toMatchObject({ code: 'lease_lost' })
    } else {
      // Nobody ends an attempt that has been handed in with a result.
      if (step.kind === 'attempt' && decided.has(`${step.seq}/${step.number}`)) continue
      if (step.kind === 'result') decided.add(`${step.seq}/${step.number}`)
      const entry = entryOf(step)
      model.apply(entry)
      void journal.append(entry)
    }
  }
  await journal.flush()
  await compare(store, id, model)
  await store.end(id, { state: 'cancelled', reason: 'over' })
  const all = await store.results(id, { afterSeq: -1, limit: 99 })
  expect(all.map(({ state }) => state)).toEqual(model.tasks.map(({ decision }) => decision?.state ?? 'cancelled'))
  expect(await store.counts(id)).toMatchObject({ total: taskCount, pending: 0, running: 0 })
}

async function compare(store: RunStore, id: string, { tasks, events }: ReturnType<typeof createModel>): Promise<void> {
  const results = await store.results(id, { afterSeq: -1, limit: 99 })
  const open = await store.unfinished(id, -1, 99)
  const expected = tasks.map((task, seq) => ({ seq, ...task, list: [...task.attempts].toSorted(([a], [b]) => a - b) }))
  const ends = ({ list }: (typeof expected)[number]) => list.filter(([, state]) => state !== undefined)
  expect(
    results.map(({ seq, state, output, attempts }) => [
      seq,
      state,
      output,
      attempts.map((one) => [one.number, one.state]),
    ]),
  ).toEqual(
    expected
      .filter(({ decision }) => decision !== undefined)
      .map((task) => [task.seq, task.decision?.state, task.decision?.output, ends(task)]),
  )
  expect(open.map(({ seq, attempts }) => [seq, attempts.map((one) => [one.number, one.state])])).toEqual(
    expected.filter(({ decision }) => decision === undefined).map(({ seq, list }) => [seq, list]),
  )
  const attempts = expected.flatMap(ends)
  const counts = await store.counts(id)
  expect(counts).toMatchObject({
    total: results.length,
    attempts: attempts.length,
    retries: attempts.filter(([number]) => number > 1).length,
    serviceMs: attempts.length * 10.5,
  })
  for (const state of ['succeeded', 'failed', 'timeout', 'cancelled', 'error'] as const) {
    expect(counts[state]).toBe(results.filter((result) => result.state === state).length)
  }
  expect(counts.pending + counts.running).toBe(taskCount - results.length)
  const written = await store.events(id, 0, 99)
  expect(written.map(({ seq, at }) => [seq, at])).toEqual(events.map((at, index) => [index + 1, at]))
}
