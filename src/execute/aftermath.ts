import type { Outcome, RunProblem } from '../domain/run.ts'
import { isRetried } from '../domain/verdict.ts'
import type { Session } from './session.ts'
import type { Overdue } from './watch.ts'

/** How a process came to its end. */
export interface Ending {
  readonly exitCode: number | null
  readonly signal: string | null
  /** Set when we ended it because it was silent for too long. */
  readonly overdue?: Overdue | undefined
  /** Set when the whole run was stopped. */
  readonly stopped: boolean
}

/** A test that was running when its process ended, and what that makes of it. */
export interface Casualty {
  readonly id: string
  readonly outcome: Outcome
  readonly message: string
}

/** What follows from the end of a process. */
export interface Aftermath {
  readonly casualties: readonly Casualty[]
  readonly problems: readonly RunProblem[]
  /** Tests that ran side by side when the process ended: each is run again in a process of its own. */
  readonly suspects: readonly string[]
  /** Tests of this process that still have no result. */
  readonly remainder: readonly string[]
  /** Files that it had announced and whose tests it has not all told. */
  readonly lostFiles: readonly string[]
  /** Whether the process ended before it had found its tests. */
  readonly isBlind: boolean
  /** Whether it brought any result. */
  readonly isProgress: boolean
}

/** What {@link conclude} takes into account besides the session. */
export interface Circumstances {
  readonly ending: Ending
  /** Limit of a test in seconds, for the messages. */
  readonly testTimeoutSeconds: number
  /** Whether the arguments end the session at the first failure. */
  readonly stopsAtFailure: boolean
}

/**
 * Finds who is to blame when a process has ended, and what is left to do. A start without a finish names the culprit;
 * where several tests were running, all are suspects and none is blamed.
 */
export function conclude(session: Session, circumstances: Circumstances): Aftermath {
  const { ending, stopsAtFailure } = circumstances
  const open = [...session.open.keys()]
  const blamed = blame(session, circumstances)
  const suspects = ending.stopped ? [] : open.filter((id) => !blamed.some((casualty) => casualty.id === id))
  const set = new Set([...suspects, ...blamed.map(({ id }) => id)])
  const missing = [...session.assigned].filter((id) => !session.attempted.has(id) && !set.has(id))
  const isEnough = ending.stopped || (stopsAtFailure && hasFailure(session))
  return {
    casualties: blamed,
    problems: problemsOf(session, circumstances, { suspects, missing: missing.length, open: open.length }),
    suspects,
    remainder: isEnough ? [] : missing,
    lostFiles: isEnough ? [] : [...session.pendingFiles],
    isProgress: session.attempted.size + open.length > 0,
    isBlind: !session.collected && session.exitCode === undefined && !ending.stopped,
  }
}

function blame(session: Session, { ending, testTimeoutSeconds }: Circumstances): readonly Casualty[] {
  const open = [...session.open.keys()]
  const { overdue } = ending
  if (ending.stopped) return open.map((id) => ({ id, outcome: 'cancelled', message: 'the run was stopped' }))
  const [only, ...others] = open
  if (overdue?.kind === 'tests') {
    const [culprit, ...rivals] = overdue.ids.filter((id) => session.open.has(id))
    if (culprit === undefined || rivals.length > 0) return []
    const message = `no sign of life within the limit of ${testTimeoutSeconds} s, so its process was killed`
    return [{ id: culprit, outcome: 'timed_out', message }]
  }
  if (only === undefined || others.length > 0) return []
  const message =
    session.exitCode === undefined
      ? `the process ended while this test ran (${wordsForEnd(ending)})`
      : 'the framework ended its session while this test ran'
  return [{ id: only, outcome: 'crashed', message }]
}

interface Unfinished {
  readonly suspects: readonly string[]
  readonly open: number
  readonly missing: number
}

function problemsOf(
  session: Session,
  circumstances: Circumstances,
  { suspects, open, missing }: Unfinished,
): readonly RunProblem[] {
  const { ending, stopsAtFailure } = circumstances
  if (ending.stopped) return []
  if (stopsAtFailure && missing > 0 && hasFailure(session)) {
    return [{ kind: 'note', message: `${missing} tests were not run, for the arguments end the run at a failure` }]
  }
  if (suspects.length > 0) return [sharedEnd(session, ending, suspects)]
  const problem =
    session.exitCode === undefined ? brokenOff(session, ending) : exitProblem(session, ending, session.exitCode)
  const isExplained = problem?.kind === 'exit_code' && open + missing > 0
  return problem === undefined || isExplained ? [] : [problem]
}

/** The problem of a process that ended while several tests ran, so that it cannot be said which one ended it. */
function sharedEnd({ options }: Session, ending: Ending, suspects: readonly string[]): RunProblem {
  const what = `while ${suspects.length} tests ran together, so each of them was run again alone`
  const process = `process ${options.number}`
  if (ending.overdue !== undefined) {
    return { kind: 'process_hung', message: `${process} was silent for too long ${what}` }
  }
  return { kind: 'process_crashed', message: `${process} ended (${wordsForEnd(ending)}) ${what}` }
}

/** The problem of a session without an end, unless one of its tests accounts for it. */
function brokenOff(session: Session, ending: Ending): RunProblem | undefined {
  if (session.open.size > 0) return undefined
  const process = `process ${session.options.number}`
  const when = lastSign(session)
  if (ending.overdue === undefined) {
    return { kind: 'process_crashed', message: `${process} ended ${when} (${wordsForEnd(ending)})` }
  }
  return { kind: 'process_hung', message: `${process} showed no sign of life ${when} and was killed` }
}

function lastSign({ collected, lastFinished }: Session): string {
  if (!collected) return 'while it collected tests'
  return lastFinished === undefined ? 'before its first test' : `after ${lastFinished}`
}

/** The problem of an exit code that the results do not explain. */
function exitProblem(
  session: Session,
  { exitCode, signal, overdue }: Ending,
  announced: number,
): RunProblem | undefined {
  const { options, attempted, assigned, collectErrors, problems, ranForeign } = session
  const process = `process ${options.number}`
  if (overdue !== undefined) {
    return { kind: 'note', message: `${process} did not end after its last test and was killed` }
  }
  if (signal !== null || (exitCode ?? 0) >= 128) {
    const end = wordsForEnd({ exitCode, signal })
    return { kind: 'process_crashed', message: `${process} broke down after its last test (${end})` }
  }
  const worst = exitCode === 0 ? announced : (exitCode ?? announced)
  const isTold = collectErrors > 0 || problems.some(({ kind }) => kind !== 'note')
  const isExplained = worst === 0 || hasFailure(session) || ranForeign || isTold
  // Code 5 of pytest: nothing was collected, as may happen to a share of the tests.
  if (isExplained || (worst === 5 && attempted.size === 0) || (assigned.size === 0 && options.ids !== undefined)) {
    return undefined
  }
  return { kind: 'exit_code', message: `${process} ended with exit code ${worst} although none of its tests failed` }
}

function hasFailure({ attempted }: Session): boolean {
  return [...attempted.values()].some(({ outcome }) => isRetried(outcome))
}

function wordsForEnd({ exitCode, signal }: Pick<Ending, 'exitCode' | 'signal'>): string {
  if (signal !== null) return `killed by ${signal}`
  // Some sandboxes report the signal that ended their child as 128 and its number.
  if (exitCode !== null && exitCode > 128 && exitCode < 160) return `killed by signal ${exitCode - 128}`
  return `exit code ${exitCode}`
}
