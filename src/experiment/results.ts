import { errorCatalog, GreenloopError } from '../domain/errors.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { ManifestHead, TrialSpec } from '../domain/manifest.ts'
import { failed, succeeded } from '../domain/task.ts'
import type { Reply, TaskError, TaskResult, TaskUsage } from '../domain/task.ts'
import type { TestResult, TrialCost, TrialOutput, TrialStatus } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'

/** What the engine is told of a trial: an answer of the workflow that is a failure is not tried again. */
export function trialOutcomeOf(output: TrialOutput): Reply<TrialOutput> {
  const usage = usageOf(output)
  const { status, error } = output
  if (status === 'succeeded' || status === 'partial') return succeeded(output, usage)
  return failed(error?.message ?? statusTexts[status], { output, usage, retry: false })
}

const statusTexts: Readonly<Record<Exclude<TrialStatus, 'succeeded' | 'partial'>, string>> = {
  app_failed: 'the workflow failed',
  stopped: 'the workflow was stopped',
  paused: 'the workflow waits for a person',
  timeout: 'the workflow did not answer in time',
  rate_limited: 'the server had too much to do',
  infra_error: 'the server or the way to it broke down',
  config_error: 'the server refused the call as it is',
  cancelled: 'the trial was cancelled',
}

/** Tokens and money of the workflow and of its judges. Budgets are in US dollars, so other currencies do not count. */
function usageOf({ usage, cost, evaluation }: TrialOutput): TaskUsage {
  const amounts = [cost, evaluation?.cost].flatMap((each) => dollars(each) ?? [])
  return {
    tokens: (usage?.totalTokens ?? 0) + (evaluation?.tokens ?? 0),
    ...(amounts.length === 0 ? {} : { costUsd: Number(addDecimals(amounts)) }),
  }
}

function dollars(cost: TrialCost | undefined): string | undefined {
  return cost?.currency.toUpperCase() === 'USD' ? cost.amount : undefined
}

/**
 * One trial with all that is known of it: what its handler gave back, what the engine saw, what the manifest says. Waits
 * are added up over the attempts. Throws `internal` where the manifest of the trial is not among the heads.
 */
export function toTestResult(result: TaskResult<TrialOutput, TrialSpec>, heads: readonly ManifestHead[]): TestResult {
  const { task, output, attempts, state } = result
  const { manifest, repeat, block, case: spec } = task.payload
  const head = heads[manifest]
  if (head === undefined)
    throw new GreenloopError('internal', `the trial ${task.id} names a manifest that is not there`)
  return {
    id: task.id,
    workflowId: head.workflowId,
    variantId: head.variantId,
    promptVariant: head.variantId,
    caseId: spec.id,
    caseName: spec.name,
    dataset: spec.dataset,
    repeat,
    block,
    state,
    status: output?.status ?? statusOf(result),
    parameters: spec.parameters,
    inputs: { ...spec.inputs, ...head.variant.inputs },
    query: spec.query,
    outputs: output?.outputs ?? null,
    text: output?.text ?? '',
    turns: output?.turns,
    usage: output?.usage,
    tokens: output?.usage?.totalTokens ?? 0,
    cost: output?.cost,
    latencyMs: output?.timing.totalMs,
    timing: {
      ...(output?.timing ?? { totalMs: attempts.at(-1)?.serviceMs ?? 0 }),
      queuedMs: attempts.reduce((sum, { queueMs }) => sum + queueMs, 0),
      rateMs: attempts.reduce((sum, { rateMs }) => sum + rateMs, 0),
    },
    nodes: output?.nodes ?? [],
    ids: output?.ids ?? {},
    model: output?.model,
    scores: output?.scores ?? [],
    score: output?.score,
    passed: output?.passed,
    attempts,
    error: errorOf(result),
    evaluation: output?.evaluation,
    nodeRetries: output?.nodeRetries ?? 0,
    recovered: output?.recovered ?? false,
    blobs: output?.blobs,
    metadata: { ...head.metadata, ...spec.metadata, ...task.metadata },
  }
}

function errorOf({ output, error }: TaskResult<TrialOutput, TrialSpec>): TestResult['error'] {
  if (output?.error !== undefined) return output.error
  if (error === undefined) return undefined
  return { message: error.message, ...(error.code === undefined ? {} : { code: error.code }) }
}

/** How a trial without an answer ended. */
function statusOf({ state, error }: TaskResult): TrialStatus {
  switch (state) {
    case 'timeout':
      return 'timeout'
    case 'cancelled':
      return 'cancelled'
    case 'succeeded':
      return 'succeeded'
    case 'failed':
      return error?.class === 'business_failure' ? 'app_failed' : brokenStatus(error)
    case 'error':
      return brokenStatus(error)
  }
}

const byCode: Readonly<Record<string, TrialStatus>> = {
  target_rate_limited: 'rate_limited',
  target_quota: 'rate_limited',
  target_refused: 'config_error',
  target_timeout: 'timeout',
}

const byClass: Readonly<Record<TaskError['class'], TrialStatus>> = {
  timeout: 'timeout',
  cancelled: 'cancelled',
  business_failure: 'app_failed',
  system_error: 'infra_error',
}

function brokenStatus(error: TaskError | undefined): TrialStatus {
  if (error === undefined) return 'infra_error'
  const { code = '' } = error
  const known = Object.hasOwn(byCode, code) ? byCode[code] : undefined
  return known ?? (isInputError(code) ? 'config_error' : byClass[error.class])
}

/** A file that is not there, a variable that is not set: what somebody wrote cannot be used. */
function isInputError(code: string): boolean {
  return Object.hasOwn(errorCatalog, code) && errorCatalog[code as ErrorCode].exit === 2
}
