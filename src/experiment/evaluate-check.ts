import type { CheckSpec, Score } from '../domain/check.ts'
import type { Variables } from '../lib/fill.ts'
import { fillCheck } from './check-fill.ts'
import { absent, broken } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import { isFigure, nameOf } from './check-name.ts'
import type { Judging } from './check-parts.ts'
import { runCheck } from './check-run.ts'
import { subjectOf } from './check-subject.ts'
import { viewsOf } from './check-view.ts'
import type { Answered, View } from './check-view.ts'
import { standingOf } from './scoring.ts'

/** A check with the turn that it stands in, where it stands in one. */
export interface PlacedCheck {
  readonly check: CheckSpec
  /** From 1. */
  readonly ownTurn?: number | undefined
}

/** Makes a check on all views that it asks for. Throws nothing but the signal's reason when it aborts. */
export async function evaluateCheck(placed: PlacedCheck, trial: Answered, judging: Judging): Promise<Score> {
  const { check, ownTurn } = placed
  const { name: _, type, metric, weight } = check
  const common = { name: nameOf(check), type, metric, weight }
  // What a conversation cost is known of the whole only, and is meant unless a turn is named.
  const on = check.type === 'cost' && check.turn === 'last' ? 'conversation' : check.on
  const views = viewsOf(trial, { on, turn: check.turn }, ownTurn)
  if ('missing' in views) return { ...common, score: 0, passed: false, reason: whyFailed(trial) ?? views.missing }
  const found: { readonly view: View; readonly finding: Finding }[] = []
  for (const view of views.views) found.push({ view, finding: await lookAt(check, { trial, view }, judging) })
  const [only, ...more] = found.map(({ view, finding }) => ({ turn: view.turn, ...outcomeOf(check, finding) }))
  if (only !== undefined && more.length === 0) return { ...common, ...only }
  return { ...common, ...combined([...(only === undefined ? [] : [only]), ...more], views.wanted) }
}

interface Seen {
  readonly trial: Answered
  readonly view: View
}

async function lookAt(check: CheckSpec, { trial, view }: Seen, judging: Judging): Promise<Finding> {
  const figure = isFigure(check.type)
  const failure = whyFailed(trial)
  if (failure !== undefined && !figure) return absent(failure)
  const subject = figure ? { value: undefined } : subjectOf(view, check.on)
  if ('missing' in subject) return absent(subject.missing)
  try {
    const { check: filled, missing } = fillCheck(check, variablesOf(trial, view))
    if (missing.length > 0) return broken(`neither the row nor its parameters have ${missing.map(quoted).join(', ')}`)
    return await runCheck(filled, { trial, view, value: subject.value }, judging)
  } catch (error) {
    // Whatever breaks a check must cost this one score only, never the answer that was paid for.
    judging.signal.throwIfAborted()
    return broken(error instanceof Error ? error.message : String(error))
  }
}

function quoted(name: string): string {
  return `\`${name}\``
}

function whyFailed({ status, error }: Answered): string | undefined {
  return standingOf(status) === 'failed'
    ? `there is no answer (${status})${error === undefined ? '' : `: ${error.message}`}`
    : undefined
}

/** Expected values of the row go before inputs of the turn, those before the row's, and parameters come last. */
function variablesOf({ case: { parameters, inputs, vars, turns } }: Answered, { turn }: View): Variables {
  const ofTurn = turn === undefined ? undefined : turns?.[turn - 1]?.inputs
  return { ...parameters, ...inputs, ...ofTurn, ...vars }
}

type Outcome = Pick<Score, 'score' | 'passed' | 'reason' | 'error' | 'details' | 'turn'>

function outcomeOf({ not }: CheckSpec, finding: Finding): Outcome {
  switch (finding.kind) {
    case 'absent':
      return { score: 0, passed: false, reason: finding.reason }
    case 'broken':
      return { error: finding.error, details: finding.details }
    case 'judged': {
      const passed = finding.passed !== not
      const score = not ? 1 - finding.score : finding.score
      const reason = passed && !finding.telling ? undefined : finding.reason
      return {
        score,
        passed,
        reason: not && !passed ? `${finding.reason}, which must not be` : reason,
        details: finding.details,
      }
    }
  }
}

/** `every` takes the worst turn, `some` the best. A turn that decides alone outweighs one that broke down. */
function combined(outcomes: readonly Outcome[], wanted: 'every' | 'some'): Outcome {
  const decisive = outcomes.some(({ passed }) => passed === (wanted === 'some'))
  const errors = outcomes.filter(({ error }) => error !== undefined)
  const details = {
    turns: outcomes.map(({ turn, score, passed, error, details: own }) => ({ turn, score, passed, error, ...own })),
  }
  if (errors.length > 0 && !decisive) return { error: told(errors, ({ error }) => error), details }
  const passed = wanted === 'some' ? decisive : !decisive
  const scores = outcomes.flatMap(({ score }) => score ?? [])
  const score = wanted === 'some' ? Math.max(...scores) : Math.min(...scores)
  const failed = outcomes.filter((outcome) => outcome.passed === false)
  return { score, passed, reason: passed ? undefined : told(failed, ({ reason }) => reason), details }
}

function told(outcomes: readonly Outcome[], pick: (outcome: Outcome) => string | undefined): string {
  return outcomes.map((outcome) => `turn ${outcome.turn}: ${pick(outcome) ?? ''}`).join('; ')
}
