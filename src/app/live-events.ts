import type { RunProgress } from '../domain/api-run.ts'
import type { Progress } from '../domain/progress.ts'
import type { Outcome } from '../domain/run.ts'
import type { TaskResult } from '../domain/task.ts'
import { after } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'

/** Puts an event on record. */
type PutEvent = (kind: string, data: unknown) => void

/** Tells on record what changes while a run goes on, a few times a second. */
export interface LiveEvents {
  readonly onProgress: (progress: Progress) => void
  /** Pieces of a model's answer as they come. */
  readonly onText: (piece: string) => void
  readonly onResult: (result: TaskResult) => void
  /** Puts what is left on record; nothing is told behind it. */
  close(): void
}

/** What has become of one test, as an event tells it. */
interface TestChange {
  readonly seq?: number | undefined
  readonly id: string
  readonly outcome: string
  readonly attempt: number
  readonly durationMs: number
  readonly message?: string | undefined
}

const gatherMs = 250
/** Of more changes at a time only the counts are told; whoever watches reads its page again. */
const mostChanges = 500
/** What stands in the answer's file is not told twice without end. */
const mostText = 256 * 1024
const mostRunning = 16
const messageLength = 300

/** What is known of the test to tell of it. */
export interface LiveParts {
  readonly put: PutEvent
  /** Number of a test in its run. */
  readonly seqOf?: ((id: string) => number | undefined) | undefined
  /** Tasks in all, where that is known from the beginning. */
  readonly total?: number | undefined
}

/** Starts to tell; see {@link LiveEvents}. */
export function liveEvents({ put, seqOf, total = 0 }: LiveParts): LiveEvents {
  const counts = createCounts(total)
  let changes: TestChange[] = []
  let text = ''
  let told = 0
  let isMoved = false
  let timer: Timer | undefined
  const flush = (): void => {
    timer?.cancel()
    timer = undefined
    if (text !== '') put('text', { text })
    if (changes.length > 0) put('tests', { items: changes.slice(0, mostChanges), more: changes.length > mostChanges })
    if (isMoved) put('progress', counts.now())
    changes = []
    text = ''
    isMoved = false
  }
  const soon = (): void => {
    timer ??= after(gatherMs, flush, { unref: true })
  }
  return {
    onProgress: (progress) => {
      if (!counts.take(progress)) return
      isMoved = true
      if (progress.kind === 'test') {
        const { id, outcome, attempt, durationMs, message } = progress
        changes.push({ seq: seqOf?.(id), id, outcome, attempt, durationMs, message: message?.slice(0, messageLength) })
      }
      soon()
    },
    onText: (piece) => {
      const room = mostText - told
      if (room <= 0) return
      text += piece.slice(0, room)
      told += piece.length
      soon()
    },
    onResult: (result) => {
      counts.takeResult(result)
      isMoved = true
      soon()
    },
    close: flush,
  }
}

type Bucket = 'passed' | 'failed' | 'flaky' | 'skipped'

/** Where each test stands, counted. */
function createCounts(known: number) {
  const counts = { passed: 0, failed: 0, flaky: 0, skipped: 0 }
  const buckets = new Map<string, Bucket>()
  const running = new Map<number, string>()
  let total = known
  const move = (id: string, to: Bucket): void => {
    const from = buckets.get(id)
    if (from !== undefined) counts[from]--
    buckets.set(id, to)
    counts[to]++
  }
  return {
    /** Takes a step; gives whether anything is to be told. */
    take(progress: Progress): boolean {
      switch (progress.kind) {
        case 'collected':
          total = progress.total
          return true
        case 'running':
          running.set(progress.process, progress.id)
          return true
        case 'test':
          total = progress.total
          move(progress.id, bucketOf(progress.outcome, buckets.get(progress.id)))
          return true
        case 'killed':
          running.delete(progress.process)
          return true
        case 'finished':
          running.clear()
          return true
        case 'started':
        case 'retry':
        case 'note':
          return false
      }
    },
    takeResult({ task, state, attempts, output }: TaskResult): void {
      if (state === 'cancelled') return
      const isPassed = state === 'succeeded' && !isRefused(output)
      move(task.id, isPassed ? (attempts.length > 1 ? 'flaky' : 'passed') : 'failed')
    },
    now: (): RunProgress => ({
      total: Math.max(total, buckets.size),
      done: buckets.size,
      ...counts,
      running: [...running.values()].slice(0, mostRunning),
    }),
  }
}

/** A trial may have its answer and fail by it. */
function isRefused(output: unknown): boolean {
  return typeof output === 'object' && output !== null && 'passed' in output && output.passed === false
}

function bucketOf(outcome: Outcome, before: Bucket | undefined): Bucket {
  if (outcome === 'skipped' || outcome === 'cancelled') return 'skipped'
  if (outcome !== 'passed') return 'failed'
  return before === 'failed' || before === 'flaky' ? 'flaky' : 'passed'
}
