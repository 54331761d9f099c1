import { chapterOf, tellStory } from './story-tell.ts'
import { endingOf } from './repair-errors.ts'
import { endWith, move } from './repair-state.ts'
import type { Deadline } from './repair-deadline.ts'
import { obeying, startDeadline } from './repair-deadline.ts'
import type { RepairContext, RepairTarget } from './repair-context.ts'
import type { RepairState } from '../domain/repair.ts'
import type { RepairWorld } from './world.ts'
import { steps } from './repair-steps.ts'
import { finishLate } from './step-finishing.ts'

/** The state of a repair that nothing has happened in. `project` is its full path, or its number. */
export function startState(project: string): RepairState {
  return {
    phase: 'queued',
    projectPath: project,
    rounds: [],
    retries: {},
    flaky: [],
    spentMs: 0,
    tokens: 0,
    costUsd: 0,
    notes: [],
  }
}

interface Run {
  readonly context: RepairContext
  readonly deadline: Deadline
  /** The state with the time that was spent on it so far. */
  readonly timed: (state: RepairState) => RepairState
}

/**
 * Goes from a state to the end. Every state is on record before what happens in it. A state that is done is given back, unless
 * its end is one that may be cured (`resumeAt`): then it goes on there. Aborted with a reason that is a failure other than
 * `cancelled` (a lost lease, a server that goes down) it throws that reason and can go on later. It also throws
 * `forge_unavailable`, `forge_rate_limited`, `forge_garbled`, `git_failed`, `sandbox_unavailable`, and whatever recording throws
 * (`lease_lost`, `store_full` …); all of these can go on later. Everything else is an end.
 */
export async function runRepair(
  from: RepairState,
  world: RepairWorld,
  options: { readonly signal: AbortSignal; readonly target: RepairTarget },
): Promise<RepairState> {
  let state = reopened(from)
  if (state.phase === 'done') return state
  const started = world.clock.monotonic()
  const deadline = startDeadline(world.clock, world.policy.totalTimeoutMs - from.spentMs, options.signal)
  const context = { world, target: options.target, signal: deadline.signal, memory: { proofs: new Map() } }
  const timed = (now: RepairState): RepairState => ({
    ...now,
    spentMs: from.spentMs + Math.round(world.clock.monotonic() - started),
  })
  try {
    while (state.phase !== 'done') {
      await put(timed(state), world)
      const next = await stepOn(state, { context, deadline, timed })
      await tellBetween(state, next, context)
      state = next
    }
    state = timed(state)
    await put(state, world)
    return state
  } finally {
    deadline.close()
  }
}

/** An end that time or a person may cure is taken up where it came. */
function reopened(state: RepairState): RepairState {
  if (state.phase !== 'done' || state.resumeAt === undefined) return state
  const cleared = { end: undefined, reason: undefined, advice: undefined, resumeAt: undefined }
  return move(state, state.resumeAt, cleared)
}

async function put(state: RepairState, world: RepairWorld): Promise<void> {
  await world.record(state)
  world.emit({ kind: 'state', state })
}

/** One step; whatever stops it becomes an end, unless it can go on later. */
async function stepOn(state: RepairState, { context, deadline, timed }: Run): Promise<RepairState> {
  if (state.phase === 'done') return state
  const { world, signal } = context
  try {
    if (state.phase !== 'finishing') signal.throwIfAborted()
    const work = steps[state.phase](state, context)
    return await (state.phase === 'finishing' ? work : obeying(world.clock, signal, work))
  } catch (error) {
    const ending = deadline.stopped() ?? endingOf(error, state)
    if (ending !== undefined) return state.phase === 'finishing' ? finishLate(state, world) : endWith(state, ending)
    await put(timed(state), world)
    throw error
  }
}

/** Brings the comment up to date where there is something to tell; that it fails is no reason to stop. */
async function tellBetween(before: RepairState, after: RepairState, context: RepairContext): Promise<void> {
  const { world, signal } = context
  if (after.phase === 'finishing' || after.phase === 'done' || signal.aborted) return
  if (chapterOf(before) === chapterOf(after)) return
  try {
    await obeying(world.clock, signal, tellStory(after, world, signal))
  } catch (error) {
    if (signal.aborted) return
    const text = `the comment of the merge request is not up to date: ${error instanceof Error ? error.message : String(error)}`
    world.emit({ kind: 'step', text })
  }
}
