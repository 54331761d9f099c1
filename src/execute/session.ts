import type { TestEvent } from '../domain/ports.ts'
import type { OnProgress } from '../domain/progress.ts'
import type { Attempt, BenchFigure, Failure, FileCoverage, Phase, RunProblem } from '../domain/run.ts'
import { isRed, isRetried } from '../domain/verdict.ts'
import { attemptFrom, clip, clipFailure } from './attempt.ts'
import { parseEvent } from './channel.ts'
import type { Ledger } from './ledger.ts'

/** A test that has started and not finished. `startedAt` is epoch milliseconds; ticks are of a clock that never jumps. */
export interface OpenTest {
  readonly startedAt: number
  readonly startedTick: number
  lastTick: number
  phase: Phase
  readonly phasesMs: Partial<Record<Phase, number>>
  failure?: Failure | undefined
}

/** What a session needs to know. */
export interface SessionOptions {
  readonly number: number
  /** Set where the process runs given tests; otherwise it runs what it collects. */
  readonly ids?: readonly string[] | undefined
  readonly ledger: Ledger
  readonly onProgress: OnProgress
  readonly now: () => number
  /** Clock that never jumps, in milliseconds. */
  readonly tick: () => number
  readonly log: (text: string) => void
}

/** What one process has told so far. */
export interface Session {
  readonly options: SessionOptions
  /** Tests this process is to run: given to it, or found by it and nobody else's. */
  readonly assigned: Set<string>
  readonly open: Map<string, OpenTest>
  /** Last attempt in this process, by test. */
  readonly attempted: Map<string, Attempt>
  /** Files it has announced, until all their tests are told. */
  readonly pendingFiles: Set<string>
  readonly problems: RunProblem[]
  readonly benchmarks: BenchFigure[]
  /** `undefined` until the process sends what it measured. */
  coverage: FileCoverage[] | undefined
  started: boolean
  collected: boolean
  collectErrors: number
  deselected: number
  /** Exit code that the framework announced when it had reached its end. */
  exitCode: number | undefined
  lastTick: number
  lastFinished: string | undefined
  /** Whether it also ran tests that belong to another process, whose results are passed over. */
  ranForeign: boolean
}

type Of<E extends TestEvent['event']> = Extract<TestEvent, { event: E }>

const maxTests = 500_000
const maxFigures = 10_000
const maxCovered = 100_000
const maxProblems = 100

/** Starts to listen to one process. */
export function createSession(options: SessionOptions): Session {
  return {
    options,
    assigned: new Set(options.ids),
    open: new Map(),
    attempted: new Map(),
    pendingFiles: new Set(),
    problems: [],
    benchmarks: [],
    coverage: undefined,
    started: false,
    collected: false,
    collectErrors: 0,
    deselected: 0,
    exitCode: undefined,
    lastTick: options.tick(),
    lastFinished: undefined,
    ranForeign: false,
  }
}

/** Takes a line of the channel into account. A line that is no event, or comes out of order, is a problem of the run. */
export function hear(session: Session, line: string): void {
  const event = parseEvent(line)
  if (event === undefined) return stray(session, `a line that is no event: ${JSON.stringify(line.slice(0, 80))}`)
  session.lastTick = session.options.tick()
  switch (event.event) {
    case 'session_start':
      session.started = true
      return
    case 'files':
      for (const file of event.files) session.pendingFiles.add(file)
      return
    case 'file_done':
      session.pendingFiles.delete(event.file)
      return
    case 'collected':
      return collected(session, event)
    case 'deselected':
      session.deselected += event.count
      return
    case 'collect_error':
      return collectError(session, event)
    case 'suite_error':
      return suiteError(session, event)
    case 'test_start':
      return testStart(session, event)
    case 'phase':
      return phase(session, event)
    case 'test_finish':
      return testFinish(session, event)
    case 'benchmark':
      if (session.benchmarks.length < maxFigures) session.benchmarks.push(event.figure)
      return
    case 'coverage':
      session.coverage ??= []
      if (session.coverage.length < maxCovered) session.coverage.push(...event.files)
      return
    case 'internal_error':
      return addProblem(session, {
        kind: 'internal_error',
        message: `the framework broke down: ${clip(event.message)}`,
      })
    case 'note':
      return addProblem(session, { kind: 'note', message: clip(event.message) })
    case 'session_end':
      session.exitCode = event.exitCode
  }
}

function addProblem(session: Session, problem: RunProblem): void {
  if (session.problems.length < maxProblems) session.problems.push(problem)
}

/** Notes a message that cannot be right; one problem a process is enough. */
function stray({ options, problems }: Session, what: string): void {
  const words = what.slice(0, 300)
  if (problems.some(({ kind }) => kind === 'tampered')) return
  options.log(`[${options.number}] ignored ${words}`)
  const message = `process ${options.number} sent what cannot be right, so its results prove nothing: ${words}`
  problems.push({ kind: 'tampered', message })
}

function collected(session: Session, event: Of<'collected'>): void {
  const { ids, ledger, number, onProgress } = session.options
  session.collected = true
  if (ids !== undefined) return
  for (const test of event.tests) {
    if (ledger.total() >= maxTests) return stray(session, `more than ${maxTests} tests`)
    if (ledger.claim(test, number)) session.assigned.add(test.id)
  }
  onProgress({ kind: 'collected', total: ledger.total() })
}

function collectError(session: Session, { file, failure }: Of<'collect_error'>): void {
  session.collectErrors++
  session.pendingFiles.delete(file)
  const message = `${file} could not be collected: ${clip(failure.message)}`
  addProblem(session, { kind: 'collection_error', message, file, failure: clipFailure(failure) })
}

function suiteError(session: Session, { file, failure }: Of<'suite_error'>): void {
  const message = `${file} broke outside its tests: ${clip(failure.message)}`
  addProblem(session, { kind: 'suite_error', message, file, failure: clipFailure(failure) })
}

/** Whether an event about this test is for this process. Tests of other processes are passed over in silence. */
function isOurs(session: Session, { id, event }: Of<'test_start' | 'test_finish'>): boolean {
  if (session.assigned.has(id)) return true
  if (session.options.ledger.has(id)) session.ranForeign = true
  else stray(session, `a ${event} of the unknown test ${id}`)
  return false
}

function testStart(session: Session, event: Of<'test_start'>): void {
  if (!isOurs(session, event)) return
  const { id, at } = event
  const before = session.attempted.get(id)
  const again = before !== undefined && !isRetried(before.outcome)
  if (session.open.has(id) || again) return stray(session, `a second start of ${id}`)
  session.open.set(id, newlyOpen(session, at))
  session.options.onProgress({ kind: 'running', id, process: session.options.number })
}

function newlyOpen({ lastTick }: Session, startedAt: number): OpenTest {
  return { startedAt, startedTick: lastTick, lastTick, phase: 'setup', phasesMs: {} }
}

function phase(session: Session, event: Of<'phase'>): void {
  const test = session.open.get(event.id)
  if (test === undefined) return
  test.lastTick = session.lastTick
  test.phase = event.phase
  test.phasesMs[event.phase] = (test.phasesMs[event.phase] ?? 0) + event.durationMs
  test.failure ??= event.failure
}

function testFinish(session: Session, event: Of<'test_finish'>): void {
  if (!isOurs(session, event)) return
  const { ledger, log, now, number, onProgress } = session.options
  const { id } = event
  const before = session.attempted.get(id)
  const open = session.open.get(id)
  const attempt = attemptFrom(event, open ?? newlyOpen(session, now() - event.durationMs), number)
  if (before !== undefined && open === undefined) {
    // Of two results for one attempt the worse one counts, whichever came first.
    if (isRed(attempt.outcome) && !isRed(before.outcome)) {
      session.attempted.set(id, ledger.overwrite(id, attempt))
    }
    return stray(session, `a second result of ${id}`)
  }
  session.open.delete(id)
  session.lastFinished = id
  const recorded = ledger.record(id, attempt)
  session.attempted.set(id, recorded)
  log(`[${number}] ${recorded.outcome} ${id} (attempt ${recorded.number}, ${Math.round(recorded.durationMs)} ms)`)
  onProgress({ kind: 'test', id, done: ledger.done(), total: ledger.total(), ...brief(recorded) })
}

/** What progress tells of an attempt. */
export function brief({ number, outcome, durationMs, failure }: Attempt) {
  return { outcome, attempt: number, durationMs, message: failure?.message }
}
