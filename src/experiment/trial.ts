import { GreenloopError } from '../domain/errors.ts'
import type { Turn } from '../domain/case.ts'
import type { ManifestHead, TrialSpec } from '../domain/manifest.ts'
import type { Target, TargetCall, TargetOptions, TargetReply } from '../domain/target.ts'
import type { Handler, Task, TaskContext } from '../domain/task.ts'
import type { TrialIds, TrialOutput } from '../domain/test-result.ts'
import type { Clock } from '../lib/clock.ts'
import { sha256 } from '../lib/hash.ts'
import type { Answered } from './check-view.ts'
import type { Evaluated } from './evaluate.ts'
import { trialOutcomeOf } from './results.ts'
import { answerOf } from './trial-answer.ts'
import { startLimit } from './trial-limit.ts'
import type { Refusals } from './trial-refusals.ts'

/** How far a trial has come: what a later attempt, or a later process, goes on from. */
export interface TrialProgress {
  /** The end user that its calls run under. */
  readonly user: string
  /** Turns that are over. */
  readonly replies: readonly TargetReply[]
  /** The turn behind them, where it was begun and nobody saw its end. */
  readonly begun?: { readonly ids: TrialIds; readonly startedAt: number } | undefined
}

/** What trials are made with. */
export interface TrialParts {
  readonly runId: string
  readonly heads: readonly ManifestHead[]
  readonly clock: Clock
  readonly refusals: Refusals
  /** The workflow of a manifest, by its index. */
  readonly target: (manifest: number) => Promise<Target>
  readonly evaluate: (manifest: number, answered: Answered, signal: AbortSignal) => Promise<Evaluated>
  /** Puts how far a trial has come on record, at once. */
  readonly note: (kind: 'call' | 'turn', data: TrialNote) => void
  /** Waits until the beginning of the attempt and its notes are on record. */
  readonly settled: () => Promise<void>
  /** What is known of trials that an earlier process has begun, by the id of the task. Trials leave it as they go on. */
  readonly progress: Map<string, TrialProgress>
  /** Moves what is large into files of its own. */
  readonly keep: (output: TrialOutput) => Promise<TrialOutput>
}

/** What is put on record of a trial that is under way. */
export interface TrialNote {
  readonly task: string
  readonly attempt: number
  readonly user: string
  /** Epoch milliseconds at which the call was begun. */
  readonly startedAt: number
  /** Of a call that is under way. */
  readonly ids?: TrialIds | undefined
  /** Turns that were over when an attempt began. */
  readonly replies?: readonly TargetReply[] | undefined
  /** The turn that is over, where another one follows. */
  readonly reply?: TargetReply | undefined
}

/**
 * The handler of trials: calls the workflow, turn by turn, judges the answer, and gives both back. A call whose end nobody
 * saw is looked up before anything is sent again. The limit of time holds for the calls; what judges take is not in it.
 */
export function trialHandler(parts: TrialParts): Handler<TrialSpec, TrialOutput> {
  return async (task, context) => {
    const { manifest, case: spec } = task.payload
    const head = headOf(parts.heads, manifest)
    parts.refusals.check(head)
    const replies = await callTurns(task, context, { parts, head })
    parts.refusals.clear(head)
    const answer = answerOf(replies, turnsOf(spec))
    const answered = { case: spec, variantId: head.variantId, ...answer }
    const { usage: evaluation, ...scored } = await parts.evaluate(manifest, answered, context.signal)
    return trialOutcomeOf(await parts.keep({ ...answer, ...scored, evaluation }))
  }
}

function headOf(heads: readonly ManifestHead[], manifest: number): ManifestHead {
  const head = heads[manifest]
  if (head === undefined) throw new GreenloopError('manifest_invalid', `the run has no manifest ${manifest}`)
  return head
}

interface Trying {
  readonly parts: TrialParts
  readonly head: ManifestHead
}

async function callTurns(
  task: Task<TrialSpec>,
  context: TaskContext,
  { parts, head }: Trying,
): Promise<readonly TargetReply[]> {
  const known = parts.progress.get(task.id)
  const user = known?.user ?? userOf(parts.runId, task.id, context.attempt)
  const replies = [...(known?.replies ?? [])]
  let begun = known?.begun
  let isLookedFor = begun !== undefined
  const limit = startLimit(head, context.signal, parts.clock)
  const turns = turnsOf(task.payload.case)
  const about = { task: task.id, attempt: context.attempt, user }
  if (replies.length > 0) noting(parts, about).turns(replies)
  // When it was sent says where to look for it, however often its process ends.
  if (begun !== undefined) parts.note('call', { ...about, ...begun })
  try {
    const target = await parts.target(task.payload.manifest)
    while (replies.length < turns.length && replies.every(isGood)) {
      const call = callOf(task, context, { head, turns, replies, user })
      const note = noting(parts, about)
      const onIds = (ids: TrialIds): void => {
        begun = { ids, startedAt: note.startedAt }
        note.ids(ids)
      }
      const found = begun && (await lookUp({ target, call, begun }, { signal: limit.signal, onIds: note.ids }))
      isLookedFor = false
      begun = undefined
      const reply = found ?? (await send({ target, call, parts }, { signal: limit.signal, onIds }))
      begun = undefined
      replies.push(reply)
      if (replies.length < turns.length) note.turn(reply)
    }
    parts.progress.delete(task.id)
    return replies
  } catch (error) {
    // A turn that was begun has changed the memory of the other side: then the next attempt starts anew. A call that could
    // not be looked for is still to be found.
    if (isLookedFor || (begun === undefined && replies.length > 0))
      parts.progress.set(task.id, { user, replies, ...(begun === undefined ? {} : { begun }) })
    else parts.progress.delete(task.id)
    const cause = limit.hasExpired() && !context.signal.aborted ? timedOut(limit.seconds, error) : error
    parts.refusals.note(head, cause)
    throw cause
  } finally {
    limit.stop()
  }
}

interface Lost {
  readonly target: Target
  readonly call: TargetCall
  readonly begun: NonNullable<TrialProgress['begun']>
}

/** What became of a call that an earlier process has begun; `undefined` where it is to be sent. */
async function lookUp({ target, call, begun }: Lost, options: TargetOptions): Promise<TargetReply | undefined> {
  return await target.recover?.({ ...begun, call }, options)
}

interface Sending extends Pick<Lost, 'target' | 'call'> {
  readonly parts: Pick<TrialParts, 'settled'>
}

/** Sends a call that is on record by then, unless a second one does no harm. */
async function send({ target, call, parts }: Sending, options: TargetOptions): Promise<TargetReply> {
  if (target.isRepeatable !== true) await parts.settled()
  return await target.call(call, options)
}

function noting(parts: TrialParts, about: Pick<TrialNote, 'task' | 'attempt' | 'user'>) {
  const startedAt = parts.clock.now()
  return {
    startedAt,
    ids: (ids: TrialIds): void => parts.note('call', { ...about, startedAt, ids }),
    turn: (reply: TargetReply): void => parts.note('turn', { ...about, startedAt, reply }),
    turns: (replies: readonly TargetReply[]): void =>
      parts.note('turn', { ...about, startedAt, replies: [...replies] }),
  }
}

/** Only a conversation that goes well goes on. */
function isGood({ status }: TargetReply): boolean {
  return status === 'succeeded' || status === 'partial'
}

/** A case without turns is a conversation of one. */
function turnsOf(spec: TrialSpec['case']): readonly Turn[] {
  return spec.turns ?? [{ query: spec.query ?? '', inputs: {}, files: spec.files, checks: [] }]
}

interface Talking {
  readonly head: ManifestHead
  readonly turns: readonly Turn[]
  readonly replies: readonly TargetReply[]
  readonly user: string
}

function callOf(
  { payload: { case: spec } }: Task<TrialSpec>,
  { key }: TaskContext,
  { head: { variant }, turns, replies, user }: Talking,
): TargetCall {
  const turn = turns[replies.length]
  return {
    inputs: { ...spec.inputs, ...turn?.inputs, ...variant.inputs },
    query: spec.turns === undefined ? spec.query : turn?.query,
    files: turn?.files ?? [],
    user,
    conversationId: replies.at(-1)?.ids.conversationId,
    history: replies.map(({ text }, index) => ({ query: turns[index]?.query ?? '', answer: text })),
    key: turns.length === 1 ? key : `${key}/${replies.length + 1}`,
    prompt: variant.prompt,
    model: variant.model,
    sampling: variant.sampling,
  }
}

/** The same for all calls of an attempt, so that a call can be searched for by it; another one for each attempt. */
export function userOf(runId: string, taskId: string, attempt: number): string {
  return `gl-${sha256(`${runId}/${taskId}`).slice(0, 24)}-${attempt}`
}

function timedOut(seconds: number, cause: unknown): GreenloopError {
  return new GreenloopError('target_timeout', `the workflow did not answer within ${seconds} s`, { cause })
}
