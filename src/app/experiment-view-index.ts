import { setImmediate as othersTurn } from 'node:timers/promises'
import type { TrialSpec } from '../domain/manifest.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import { monotonic } from '../lib/clock.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { endedMark, openMark } from './experiment-view-marks.ts'
import type { CaseMark, TrialMark } from './experiment-view-marks.ts'
import { isOver } from './standing.ts'

/** Cases and trials of an experiment, as far as it has come. */
export interface ExperimentIndex {
  /** In the order of their workflows, then of their names. */
  cases(): readonly CaseMark[]
  /** Place of a case among all, or -1. */
  place(workflowId: string, caseId: string): number
  /** Trials that are here. */
  size(): number
  /** Takes in what the store has and this has not. */
  refresh(run: StoredRun): Promise<void>
}

const pageSize = 200
/** Milliseconds between two looks at a run that goes on; longer where a look takes long. */
const restMs = 1000
const restShare = 5
/** Trials up to which answers are kept in part; in a larger experiment they are shown with the trial alone. */
const mostTexts = 200_000

/** Makes the index of a run, empty until it is refreshed. Reading is done in slices, so that others get their turn. */
export function createIndex(store: RunStore, runId: string, record: ExperimentRecord): ExperimentIndex {
  const book = createBook(record)
  let restUntil = 0
  let isWhole = false
  let looking: Promise<void> | undefined
  const look = async (run: StoredRun): Promise<void> => {
    const begun = monotonic()
    // A trial that ends between the two is in both, and then it has ended.
    if (!isOver(run) && book.size() < (run.taskCount ?? Number.POSITIVE_INFINITY)) await readOpen(store, runId, book)
    await readEnded(store, runId, book)
    book.sort()
    isWhole = isOver(run)
    const end = monotonic()
    restUntil = end + Math.max(restMs, (end - begun) * restShare)
  }
  const { cases, place, size } = book
  return {
    cases,
    place,
    size,
    refresh: async (run) => {
      // What is looked at already may have begun before the run was over.
      await looking
      const isResting = !isOver(run) && monotonic() < restUntil
      if (isWhole || isResting) return
      looking ??= look(run).finally(() => (looking = undefined))
      await looking
    },
  }
}

type Book = ReturnType<typeof createBook>

function createBook({ manifests }: ExperimentRecord) {
  const cases = new Map<string, CaseMark>()
  /** By the number of the trial. */
  const owners: CaseMark[] = []
  let [sorted, places]: [CaseMark[], Map<CaseMark, number>] = [[], new Map()]
  let [size, settled] = [0, -1]
  const isOpen = (seq: number): boolean => (owners[seq]?.trials.get(seq)?.outcome ?? 'pending') === 'pending'
  return {
    cases: (): readonly CaseMark[] => sorted,
    place: (workflowId: string, caseId: string): number => {
      const found = cases.get(keyOf(workflowId, caseId))
      return found === undefined ? -1 : (places.get(found) ?? -1)
    },
    size: (): number => size,
    /** The highest number that is known. */
    last: (): number => owners.length - 1,
    /** All trials up to this one have ended. */
    settled: (): number => settled,
    isOpen,
    put: ({ manifest, case: { id, name, parameters } }: TrialSpec, mark: TrialMark): void => {
      const workflowId = manifests[manifest]?.workflowId ?? ''
      const key = keyOf(workflowId, id)
      const own = cases.get(key) ?? { workflowId, caseId: id, name, parameters, trials: new Map() }
      cases.set(key, own)
      if (owners[mark.seq] === undefined) size++
      owners[mark.seq] = own
      own.trials.set(mark.seq, mark)
    },
    settle: (): void => {
      while (settled + 1 < owners.length && !isOpen(settled + 1)) settled++
    },
    sort: (): void => {
      if (sorted.length === cases.size) return
      sorted = inOrder([...cases.values()], [...new Set(manifests.map(({ workflowId }) => workflowId))])
      places = new Map(sorted.map((each, index) => [each, index]))
    },
    heads: manifests,
  }
}

async function readOpen(store: RunStore, runId: string, book: Book): Promise<void> {
  for (let afterSeq = book.last(); ;) {
    const page = await store.unfinished(runId, afterSeq, pageSize)
    for (const { seq, payload } of page) book.put(payload as TrialSpec, openMark(seq, payload as TrialSpec))
    const last = page.at(-1)
    if (last === undefined) return
    afterSeq = last.seq
    await othersTurn()
  }
}

async function readEnded(store: RunStore, runId: string, book: Book): Promise<void> {
  for (let afterSeq = book.settled(); ;) {
    const page = await store.results(runId, { afterSeq, limit: pageSize })
    for (const result of page) {
      if (!book.isOpen(result.seq)) continue
      book.put(result.task.payload as TrialSpec, endedMark(result, book.heads, book.size() < mostTexts))
    }
    const last = page.at(-1)
    if (last === undefined) break
    afterSeq = last.seq
    await othersTurn()
  }
  book.settle()
}

function keyOf(workflowId: string, caseId: string): string {
  return `${workflowId}\0${caseId}`
}

/** Numbers in names count as numbers: `row 9` stands before `row 10`. */
function inOrder(cases: readonly CaseMark[], workflows: readonly string[]): CaseMark[] {
  const rank = new Map(workflows.map((id, index) => [id, index]))
  const keyed = cases.map((each) => ({
    each,
    rank: rank.get(each.workflowId) ?? 0,
    text: `${each.name.replaceAll(/\d+/gu, (digits) => digits.padStart(12, '0'))}\0${each.caseId}`,
  }))
  keyed.sort((one, other) => one.rank - other.rank || (one.text < other.text ? -1 : 1))
  return keyed.map(({ each }) => each)
}
