import { GreenloopError } from '../domain/errors.ts'
import type { Attempt, CollectedTest, RunProblem } from '../domain/run.ts'
import type { NewRun, RunEnding, RunStore, StoredRun } from '../domain/stored-run.ts'
import { keepClaim } from '../engine/claim.ts'
import { now, systemClock } from '../lib/clock.ts'
import type { Redactor } from '../lib/redact.ts'
import { RecordWriter } from './record-writer.ts'
import { openRunStore, thisProcess } from './store.ts'
import { isDecided, resultOf, taskAttempt } from './test-records.ts'

/** The record of a run of tests while it goes on. Nothing here waits: entries are written in groups. */
export interface Recording {
  /** Aborts with the command, and when the run is cancelled from elsewhere or taken over. */
  readonly signal: AbortSignal
  /** Comes back when the run is on record, or will not be; rejects where the store is refused. */
  readonly ready: Promise<unknown>
  /** Writes what is left. Throws `lease_lost` where the run is another process's by now; any other trouble waits. */
  confirm(): Promise<void>
  event(kind: string, data: unknown): void
  found(test: CollectedTest): void
  attempted(test: CollectedTest, attempt: Attempt): void
  problem(problem: RunProblem): void
  /** Number of a test that was found. */
  seqOf(id: string): number | undefined
}

/** A recording, and what only its owner does with it. */
export interface OwnRecording extends Recording {
  /** Writes what is left and ends the run. Throws `lease_lost`, `store_full`. */
  end(ending: RunEnding): Promise<void>
  /** Lets go of a run that can be resumed. */
  leave(): Promise<void>
}

/** What a recording is made with. */
export interface RecordingParts {
  readonly signal: AbortSignal
  readonly redactor: Redactor
  /** Number of each test that is on record already, by id. */
  readonly known?: ReadonlyMap<string, number> | undefined
  readonly retries: number
}

/** The owner of an embedded run is believed to live for so long after its last sign of life. */
export const leaseMs = 10_000

/** Begins to record a run in a store that is being opened; the run is on record when `opened` has come back. */
export function startRecording(opened: Promise<Claimed | undefined>, parts: RecordingParts): OwnRecording {
  const stop = new AbortController()
  const forward = (): void => stop.abort(parts.signal.reason)
  parts.signal.addEventListener('abort', forward, { once: true })
  if (parts.signal.aborted) forward()
  const writer = new RecordWriter(opened, parts.redactor)
  const claim = opened.then(
    (claimed) => claimed && hold(claimed, stop),
    () => undefined,
  )
  const numbers = new Map(parts.known)
  const numberOf = (test: CollectedTest): number => {
    const known = numbers.get(test.id)
    if (known !== undefined) return known
    const seq = numbers.size
    numbers.set(test.id, seq)
    writer.task(seq, { id: test.id, payload: test })
    return seq
  }
  const close = async (): Promise<void> => {
    parts.signal.removeEventListener('abort', forward)
    ;(await claim)?.release()
  }
  // Whoever begins something that costs waits for it; the others hear of it at the end.
  opened.catch(() => {})
  return {
    signal: stop.signal,
    ready: opened,
    confirm: () => writer.confirm(),
    event: (kind, data) => writer.entry({ kind: 'event', event: { at: now(), kind, data } }),
    found: (test) => void numberOf(test),
    attempted: (test, attempt) => {
      const seq = numberOf(test)
      if (attempt.outcome === 'cancelled') return
      writer.entry(
        isDecided(attempt, parts.retries)
          ? { kind: 'result', seq, result: resultOf(test, attempt) }
          : { kind: 'attempt', seq, attempt: taskAttempt(attempt), output: attempt },
      )
    },
    seqOf: (id) => numbers.get(id),
    problem: (problem) => writer.entry({ kind: 'event', event: { at: now(), kind: 'problem', data: problem } }),
    end: async (ending) => {
      try {
        await writer.flushPatiently()
        const claimed = await opened
        await claimed?.store.end(claimed.run.id, ending, claimed.run.epoch)
      } finally {
        await close()
        await writer.close()
      }
    },
    leave: async () => {
      await close()
      await writer.flush().catch(() => {})
      await writer.close()
    },
  }
}

/** A run that this process works on. */
export interface Claimed {
  readonly store: RunStore
  readonly run: StoredRun
}

function hold({ store, run }: Claimed, stop: AbortController) {
  return keepClaim(
    run,
    { store, clock: systemClock, leaseMs },
    {
      onCancel: (reason) => stop.abort(new GreenloopError('cancelled', reason)),
      onLost: (error) => stop.abort(error),
    },
  )
}

/** Opens the store and puts a new run in, claimed by this process. */
export async function claimNew(storeAt: string, run: NewRun): Promise<Claimed> {
  const store = await openRunStore(storeAt)
  try {
    await store.create(run)
    const claimed = await store.claim(run.id, thisProcess(), leaseMs)
    if (claimed === undefined) {
      throw new GreenloopError('run_conflict', `there is a run ${run.id} already`, {
        help: 'give the run another --run-id',
      })
    }
    return { store, run: claimed }
  } catch (error) {
    await store.close()
    throw error
  }
}
