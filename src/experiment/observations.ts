import type { Observation } from '../domain/comparison.ts'
import type { TestResult } from '../domain/test-result.ts'
import { judgingOf } from './reliability.ts'
import { metricsOf, outcomeOf, type TrialOutcome } from './report-outcome.ts'

type Values = Record<string, number | undefined>

/** The same that an observation is, before it is handed out. */
interface Growing extends Observation {
  readonly values: Values
}

/**
 * What statistics need of each trial, small enough to hold all of an experiment.
 *
 * - A trial passes when its checks do; without checks, when the workflow succeeds. A workflow that times out, stops or
 *   waits for a person has failed: that is its own doing. Its score is 0 where others of the workflow have one.
 * - Nothing that the server or the way to it did is scored: such trials are missing, as are those whose check broke down.
 * - Latency counts for trials that got an answer (milliseconds), cost and tokens for all that were scored.
 * - Cases whose `metadata.cluster` is the same belong together.
 */
export function observationsOf(results: Iterable<TestResult>): Observation[] {
  const observations = createObservations()
  for (const result of results) observations.add(result)
  return observations.all()
}

/** {@link observationsOf} for results that come one by one. */
export function createObservations() {
  const observations: Growing[] = []
  const scored = new Set<string>()
  return {
    add: (result: TestResult): void => {
      if (result.score !== undefined) scored.add(result.workflowId)
      observations.push(observe(result))
    },
    all: (): Observation[] => {
      for (const { workflowId, values } of observations) {
        if (values['pass_rate'] === 0 && values['score'] === undefined && scored.has(workflowId)) values['score'] = 0
      }
      return observations
    },
  }
}

function observe(result: TestResult): Growing {
  const outcome = outcomeOf(result)
  const missing = missingOf(result, outcome)
  const { cluster } = result.metadata
  return {
    workflowId: result.workflowId,
    variantId: result.variantId,
    caseId: result.caseId,
    repeat: result.repeat,
    parameters: result.parameters,
    cluster: typeof cluster === 'string' || typeof cluster === 'number' ? String(cluster) : undefined,
    block: result.block,
    values: missing === 'infrastructure' || missing === 'cancelled' ? {} : valuesOf(result, outcome, missing),
    missing,
    ...judgingOf(result.scores),
  }
}

function missingOf({ scores }: TestResult, outcome: TrialOutcome): Observation['missing'] {
  switch (outcome) {
    case 'cancelled':
      return 'cancelled'
    case 'missing':
      return 'infrastructure'
    case 'unchecked':
      return scores.some(({ error }) => error !== undefined) ? 'judge' : undefined
    case 'passed':
    case 'failed':
      return undefined
  }
}

function valuesOf(result: TestResult, outcome: TrialOutcome, missing: Observation['missing']): Values {
  const values: Values = { ...metricsOf(result) }
  if (missing === undefined) values['pass_rate'] = outcome === 'failed' ? 0 : 1
  if (result.score !== undefined) values['score'] = result.score
  if (result.status === 'succeeded' || result.status === 'partial') {
    if (result.latencyMs !== undefined) values['latency'] = result.latencyMs
    if (result.timing.ttftMs !== undefined) values['ttft'] = result.timing.ttftMs
  }
  if (result.usage !== undefined) values['tokens'] = result.tokens
  const amount = Number(result.cost?.amount ?? Number.NaN)
  if (result.cost !== undefined && Number.isFinite(amount))
    values[`cost:${result.cost.currency.toUpperCase()}`] = amount
  return values
}
