import type { Attempt, CollectedTest, RunProblem } from '../domain/run.ts'
import type { RunStore } from '../domain/stored-run.ts'
import { attemptsFrom } from './test-records.ts'

/** What is on record of a run of tests that was broken off. */
export interface EarlierPart {
  /** Number of each test, by id. */
  readonly known: ReadonlyMap<string, number>
  readonly tests: ReadonlyMap<string, CollectedTest>
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>
  readonly problems: readonly RunProblem[]
  /** Data of the last event of each kind. */
  readonly last: ReadonlyMap<string, unknown>
}

const pageSize = 1000
/** Problems that stay with the results that were kept; the others are found again or concern processes that are gone. */
const keptKinds: ReadonlySet<RunProblem['kind']> = new Set<RunProblem['kind']>(['tampered', 'suite_error', 'note'])

/** Reads what the earlier part of a run has left. */
export async function readEarlier(store: RunStore, runId: string): Promise<EarlierPart> {
  const known = new Map<string, number>()
  const tests = new Map<string, CollectedTest>()
  const attempts = new Map<string, readonly Attempt[]>()
  for await (const { task, seq, done } of records(store, runId)) {
    known.set(task.id, seq)
    tests.set(task.id, task.payload as CollectedTest)
    if (done.length > 0) attempts.set(task.id, done)
  }
  const problems: RunProblem[] = []
  const last = new Map<string, unknown>()
  for await (const { kind, data } of eventsOf(store, runId)) {
    last.set(kind, data)
    if (kind === 'problem' && keptKinds.has((data as RunProblem).kind)) problems.push(data as RunProblem)
  }
  return { known, tests, attempts, problems, last }
}

async function* records(store: RunStore, runId: string) {
  for (let afterSeq = -1; ;) {
    const page = await store.results(runId, { afterSeq, limit: pageSize })
    for (const result of page) yield { task: result.task, seq: result.seq, done: attemptsFrom(result) }
    const last = page.at(-1)
    if (last === undefined) break
    afterSeq = last.seq
  }
  for (let afterSeq = -1; ;) {
    const page = await store.unfinished(runId, afterSeq, pageSize)
    for (const task of page) yield { task, seq: task.seq, done: attemptsFrom(task) }
    const last = page.at(-1)
    if (last === undefined) break
    afterSeq = last.seq
  }
}

/** All events of a run, in order. */
export async function* eventsOf(store: RunStore, runId: string, from = 0) {
  for (let afterSeq = from; ;) {
    const page = await store.events(runId, afterSeq, pageSize)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    afterSeq = last.seq
  }
}
