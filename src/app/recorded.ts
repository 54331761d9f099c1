import type { LoadedSettings } from '../config/settings.ts'
import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { Progress } from '../domain/progress.ts'
import type { NewRun, RunEnding } from '../domain/stored-run.ts'
import type { Redactor } from '../lib/redact.ts'
import { liveEvents } from './live-events.ts'
import { claimNew, startRecording } from './recording.ts'
import type { Claimed, OwnRecording, Recording } from './recording.ts'
import { redactorOf } from './settings.ts'
import { withRunSpan } from './telemetry.ts'
import type { RunSpan } from './telemetry.ts'
import type { Flags, Surroundings } from './surroundings.ts'

/** A run that is put on record. */
export interface RecordedRun {
  readonly run: NewRun
  readonly loaded: LoadedSettings
  /** Further attempts for each test. */
  readonly retries: number
  /** Variables that the tests see; the secrets among them stay off the record. */
  readonly variables?: Readonly<Record<string, string>> | undefined
  /** The run was claimed to be resumed; otherwise it is new. */
  readonly claimed?: Claimed | undefined
  /** Number of each test on record, by id. */
  readonly known?: ReadonlyMap<string, number> | undefined
}

/** What is done, with the surroundings in which steps are recorded and the recording ends the work. */
export type RecordedWork<T> = (recording: Recording, where: Surroundings) => Promise<T>

/**
 * Does a piece of work with its record kept: every step, and one ending, whatever happens. Where the store cannot be
 * opened the work is done without a record, and that is said; a damaged or newer store ends it with its error.
 */
export function recorded<T>(run: RecordedRun, where: Surroundings, parts: RecordedParts<T>): Promise<T> {
  const redactor = redactorOf(run.loaded, run.variables)
  const { id, kind, title } = run.run
  const work = (span: RunSpan): Promise<T> => traced({ ...run, redactor, span }, where, parts)
  return withRunSpan(redactor.deep({ id, kind, title }), where.env, { work, ending: parts.ending })
}

/** What is done, and how it ends. */
interface RecordedParts<T> {
  readonly work: RecordedWork<T>
  readonly ending: (result: T) => RunEnding
}

async function traced<T>(
  {
    run,
    loaded,
    retries,
    claimed,
    known,
    redactor,
    span,
  }: RecordedRun & { readonly redactor: Redactor; readonly span: RunSpan },
  where: Surroundings,
  { work, ending }: RecordedParts<T>,
): Promise<T> {
  const opened = claimed === undefined ? open({ run: redactor.deep(run), loaded }, where) : Promise.resolve(claimed)
  const own = startRecording(opened, { signal: where.signal, redactor, retries, known })
  const event = (kind: string, data: unknown): void => {
    own.event(kind, data)
    span.event(kind, redactor.deep(data))
  }
  const recording: OwnRecording = { ...own, event }
  const isNew = claimed === undefined || claimed.run.epoch === 1
  recording.event(isNew ? 'started' : 'resumed', { kind: run.kind, title: run.title })
  const live = liveEvents({
    put: (kind, data) => own.event(kind, data),
    seqOf: (id) => recording.seqOf(id),
  })
  const within = {
    ...where,
    env: { ...where.env, ...span.env },
    signal: recording.signal,
    onStep: (text: string) => {
      recording.event('step', { text })
      where.onStep?.(text)
    },
    onProgress: (progress: Progress) => {
      if (progress.kind === 'note') recording.problem(progress.problem)
      const shown = cleaned(progress, redactor)
      live.onProgress(shown)
      span.progress(shown)
      where.onProgress?.(shown)
    },
    onText: (piece: string) => {
      live.onText(piece)
      where.onText?.(piece)
    },
  }
  try {
    const result = await work(recording, within)
    live.close()
    await finish(recording, explained(ending(result), recording.signal), where)
    return result
  } catch (error) {
    live.close()
    throw await conclude(recording, error, where)
  }
}

/** What is shown while tests run holds no secret either; most of it has no text of theirs. */
function cleaned(progress: Progress, redactor: Redactor): Progress {
  if (progress.kind === 'note') return { ...progress, problem: redactor.deep(progress.problem) }
  if (progress.kind !== 'test' || progress.message === undefined) return progress
  return { ...progress, message: redactor.text(progress.message) }
}

/** A cancelled run says who cancelled it, also where its work came to an orderly end. */
function explained(ending: RunEnding, { reason }: AbortSignal): RunEnding {
  if (ending.state !== 'cancelled' || ending.reason !== undefined || !(reason instanceof Error)) return ending
  return { ...ending, reason: reason.message }
}

async function open(
  { run, loaded }: Pick<RecordedRun, 'run' | 'loaded'>,
  { onStep }: Surroundings,
): Promise<Claimed | undefined> {
  const { store } = loaded.settings
  if (store === 'off') return undefined
  try {
    return await claimNew(store, run)
  } catch (error) {
    if (!(error instanceof GreenloopError) || error.code !== 'store_unavailable') throw error
    onStep?.(`this run is not recorded and cannot be resumed: ${error.message}`)
    return undefined
  }
}

/** The work is done: a record that cannot be written does not take its result away. */
async function finish(recording: OwnRecording, ending: RunEnding, { onStep }: Surroundings): Promise<void> {
  recording.event('ended', ending)
  try {
    await recording.end(ending)
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    onStep?.(`the record of this run is not complete: ${error.message}`)
  }
}

/** Ends or leaves the record of work that failed, and gives the error to throw. */
async function conclude(recording: OwnRecording, error: unknown, where: Surroundings): Promise<unknown> {
  const { signal } = recording
  const reason: unknown = signal.reason
  const isOurs = signal.aborted && !where.signal.aborted && reason instanceof GreenloopError
  if (isOurs && reason.code !== 'cancelled') {
    await recording.leave()
    return reason
  }
  const known = isOurs ? reason : error
  if (await isRefused(recording, error)) {
    await recording.leave()
    return error
  }
  const message = known instanceof Error ? known.message : String(known)
  const exitCode = known instanceof GreenloopError ? errorCatalog[known.code].exit : 3
  const state = signal.aborted ? 'cancelled' : 'failed'
  await finish(recording, { state, reason: message, exitCode }, where)
  return known
}

/** Whether the error is that of the store, so that there is no record to end. */
async function isRefused({ ready }: OwnRecording, error: unknown): Promise<boolean> {
  return ready.then(
    () => false,
    (refusal: unknown) => refusal === error,
  )
}

/** Settings of the command line that may be kept: never a key, never a header. */
export function keptFlags(flags: Flags | undefined): Flags {
  return Object.fromEntries(
    Object.entries(flags ?? {}).filter(([path]) => path !== 'llm.apiKey' && path !== 'llm.headers'),
  )
}
