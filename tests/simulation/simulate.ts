import { getEventListeners } from 'node:events'
import { parsePolicy } from '../../src/domain/policy.ts'
import type { Task, TaskAttempt, TaskResult } from '../../src/domain/task.ts'
import type { RunResult } from '../../src/engine/options.ts'
import { createScheduler } from '../../src/engine/scheduler.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Limiter } from '../../src/lib/limiter.ts'
import { createLimiter } from '../../src/lib/limiter.ts'
import type { VirtualClock } from '../../src/lib/virtual-clock.ts'
import { createVirtualClock } from '../../src/lib/virtual-clock.ts'
import { createHandler } from './handler.ts'
import type { MemoryJournal } from './journal.ts'
import { createJournal } from './journal.ts'
import type { Entry, Happening, Life } from './log.ts'
import { createSource } from './source.ts'
import type { World } from './world.ts'

/** A simulated run: one life, or several with a crash between each two. */
export interface Simulation {
  readonly world: World
  readonly lives: readonly Life[]
  readonly journal: MemoryJournal
}

/** Timers after which a life is taken to go on for ever. */
const maxTimers = 200_000
/** Milliseconds from a crash to the next life. */
const downMs = 1000

/** What is done to a world that must not change what happens in it. */
export interface Conditions {
  /** Milliseconds by which the wall clock is wrong at a moment. */
  readonly wallErrorMs?: ((atMs: number) => number) | undefined
}

/** Runs a world to its end. The same world gives the same logs. */
export async function simulate(world: World, conditions: Conditions = {}): Promise<Simulation> {
  const journal = createJournal((world.seed % 5) + 1)
  const lives: Life[] = []
  let startMs = 0
  for (const crash of [...world.crashes, undefined]) {
    const life = await live(world, { startMs, journal, crashAfterMs: crash, conditions })
    lives.push(life)
    const last = life.log.at(-1)
    if (last?.kind !== 'crash') break
    journal.crash()
    startMs = last.at + downMs
  }
  return { world, lives, journal }
}

interface Birth {
  readonly startMs: number
  readonly journal: MemoryJournal
  readonly crashAfterMs: number | undefined
  readonly conditions: Conditions
}

/** The parts of a life that everything in it shares. */
interface Stage {
  readonly world: World
  /** The one that moves everything. */
  readonly clock: VirtualClock
  /** The same as the engine sees it. */
  readonly seenClock: Clock
  readonly log: (happening: Happening) => void
  /** Timers of the world: they are told apart from those of the engine. */
  readonly later: (ms: number, action: () => void) => void
  readonly ownTimers: () => number
  /** From then on each change of the width is logged. */
  readonly watch: (width: () => number) => void
}

async function live(world: World, { startMs, journal, crashAfterMs, conditions }: Birth): Promise<Life> {
  const entries: Entry[] = []
  const recorded = journal.read()
  const stage = createStage(world, { startMs, entries, conditions })
  const over = begin(stage, journal)
  await stage.clock.run({ maxTimers, ...(crashAfterMs === undefined ? {} : { untilMs: startMs + crashAfterMs }) })
  if (over.isOver) journal.flush()
  else stage.log({ kind: crashAfterMs === undefined ? 'stuck' : 'crash' })
  return { world, log: entries, recorded }
}

interface StageParts {
  readonly startMs: number
  readonly entries: Entry[]
  readonly conditions: Conditions
}

function createStage(world: World, { startMs, entries, conditions }: StageParts): Stage {
  const clock = createVirtualClock(startMs)
  const { wallErrorMs = () => 0 } = conditions
  let own = 0
  let width: (() => number) | undefined
  let seen = 0
  const log = (happening: Happening): void => {
    const current = width?.() ?? seen
    if (current !== seen) entries.push({ at: clock.now(), kind: 'width', width: current })
    seen = current
    entries.push({ at: clock.now(), ...happening })
  }
  return {
    world,
    clock,
    seenClock: {
      now: () => clock.now() + wallErrorMs(clock.now()),
      monotonic: () => clock.monotonic(),
      after: (ms, action) => clock.after(ms, action),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    },
    log,
    watch: (sample) => {
      width = sample
    },
    later: (ms, action) => {
      own++
      clock.after(ms, () => {
        own--
        action()
      })
    },
    ownTimers: () => own,
  }
}

/** Starts the engine and everything that happens to it from outside. */
function begin(stage: Stage, journal: MemoryJournal): { readonly isOver: boolean } {
  const { world, clock, log, later } = stage
  const state = { isOver: false }
  const caller = new AbortController()
  const scheduler = createScheduler(world.policy, {
    clock: stage.seenClock,
    graceMs: world.graceMs,
    drainMs: world.drainMs,
  })
  const cancel = (by: 'signal' | 'scheduler'): void => {
    if (state.isOver) return
    log({ kind: 'cancel' })
    if (by === 'signal') caller.abort(new Error('enough'))
    else scheduler.cancel('enough')
  }
  const { cancellation, pauses } = world
  const hold = (isHeld: boolean): void => {
    if (state.isOver) return
    log({ kind: isHeld ? 'pause' : 'resume' })
    if (isHeld) scheduler.pause()
    else scheduler.resume()
  }
  const interrupt = createInterruption(stage, () => cancel('scheduler'))
  if (cancellation !== undefined && cancellation.atMs < 0) cancel(cancellation.by)
  if ((pauses[0]?.atMs ?? 0) < 0) hold(true)
  log({ kind: 'begin' })
  const wait = (ms: number): Promise<void> => new Promise((resolve) => later(ms, resolve))
  const recorded = journal.read()
  const running = scheduler.run(
    createSource(world, { log, wait, finished: recorded.finished }),
    createHandler({ log, later, width: () => scheduler.concurrency, interrupt: () => interrupt('handler') }),
    {
      signal: caller.signal,
      runId: `run-${world.seed}`,
      ...(world.sharedLimiter ? sharedLimiter(stage) : {}),
      attemptsBefore: ({ id }) => ({
        numbered: recorded.numbered.get(id) ?? 0,
        counted: recorded.counted.get(id) ?? 0,
      }),
      onStart: ({ id }, number) => {
        log({ kind: 'announced', task: id, attempt: number })
        journal.append({ kind: 'start', task: id, number })
        interrupt('start-hook')
      },
      onAttempt: createAttemptHook(stage, journal, () => interrupt('attempt-hook')),
      ...(world.receiver === 'keep' ? {} : { onResult: createReceiver(stage, journal, () => interrupt('receiver')) }),
    },
  )
  stage.watch(() => scheduler.concurrency)
  if (cancellation !== undefined && cancellation.atMs >= 0) later(cancellation.atMs, () => cancel(cancellation.by))
  for (const { atMs, forMs } of pauses) {
    if (atMs >= 0) later(atMs, () => hold(true))
    later(Math.max(0, atMs) + forMs, () => hold(false))
  }
  const end = (happening: Happening): void => {
    state.isOver = true
    log(happening)
    log({
      kind: 'left',
      timers: clock.pending - stage.ownTimers(),
      listeners: getEventListeners(caller.signal, 'abort').length,
    })
  }
  running.then(
    ({ results, statistics, stopped, sourceExhausted }: RunResult) =>
      end({ kind: 'over', results, statistics, stopped, sourceExhausted }),
    (error: unknown) => end({ kind: 'fault', message: error instanceof Error ? error.message : String(error) }),
  )
  return state
}

type Place = NonNullable<World['interruption']>['place']

/** Cancels, or throws, when the engine calls a place for the n-th time. */
function createInterruption({ world, log }: Stage, cancel: () => void): (place: Place) => void {
  let count = 0
  return (place) => {
    const { interruption } = world
    if (interruption?.place !== place || count++ !== interruption.nth) return
    if (interruption.what === 'cancel') return cancel()
    log({ kind: 'hook-fault' })
    throw new Error('simulated hook fault')
  }
}

/** Notes attempts that another one follows, promptly or slowly. */
function createAttemptHook({ world, log, later }: Stage, journal: MemoryJournal, interrupt: () => void) {
  let count = 0
  return ({ id }: Task, attempt: TaskAttempt): void | Promise<void> => {
    log({ kind: 'attempt', task: id, record: attempt })
    journal.append({ kind: 'attempt', task: id, attempt })
    interrupt()
    const ms = world.attemptMs(count++)
    if (ms === 0) return undefined
    return new Promise((resolve) => {
      later(ms, () => {
        log({ kind: 'taken', task: id })
        resolve()
      })
    })
  }
}

/** Takes results, promptly or slowly, and throws where the world says so. */
function createReceiver(
  { world, log, later }: Stage,
  journal: MemoryJournal,
  interrupt: () => void,
): (result: TaskResult) => void | Promise<void> {
  let count = 0
  return (result) => {
    const index = count++
    log({ kind: 'result', result })
    journal.append({ kind: 'result', result })
    interrupt()
    if (index === world.receiverFaultAt) throw new Error('simulated receiver fault')
    const ms = world.receiverMs(index)
    if (ms === 0) return undefined
    return new Promise((resolve) => {
      later(ms, () => {
        log({ kind: 'taken', task: result.task.id })
        resolve()
      })
    })
  }
}

/** A bucket whose every grant is seen. */
function sharedLimiter({ world, seenClock, log }: Stage): { readonly limiter?: Limiter } {
  const { rateLimit } = parsePolicy(world.policy)
  if (rateLimit === undefined) return {}
  const inner = createLimiter({ ...rateLimit, clock: seenClock })
  return {
    limiter: {
      acquire: async (count = 1, signal) => {
        await inner.acquire(count, signal)
        log({ kind: 'grant', tokens: count })
      },
      tryAcquire: (count = 1) => {
        const isGranted = inner.tryAcquire(count)
        if (isGranted) log({ kind: 'grant', tokens: count })
        return isGranted
      },
      release: (count = 1) => {
        log({ kind: 'refund', tokens: count })
        inner.release(count)
      },
      penalize: (forMs) => {
        log({ kind: 'penalty', forMs })
        inner.penalize(forMs)
      },
    },
  }
}
