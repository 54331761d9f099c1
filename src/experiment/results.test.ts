import { describe, expect, it } from 'vitest'
import { manifestSchema } from '../domain/manifest.ts'
import type { TrialSpec } from '../domain/manifest.ts'
import { replyKind } from '../domain/task.ts'
import type { FinalState, TaskAttempt, TaskError, TaskResult } from '../domain/task.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { executeTasks } from '../engine/execute-tasks.ts'
import { GreenloopError } from '../domain/errors.ts'
import { toTestResult, trialOutcomeOf } from './results.ts'

const { cases, ...head } = manifestSchema.parse({
  id: 'bot/polite',
  experiment: 'test',
  workflowId: 'bot',
  variantId: 'polite',
  workflow: { id: 'bot', target: 'stub' },
  variant: { id: 'polite', inputs: { tone: 'warm' } },
  cases: [
    {
      id: '00000000000000aa',
      name: 'greeting',
      dataset: 'talk',
      parameters: { lang: 'ru' },
      inputs: { lang: 'ru', tone: 'dry' },
      query: 'hello',
      metadata: { row: 3 },
    },
  ],
  metadata: { team: 'support', row: 0 },
})

const output: TrialOutput = {
  status: 'succeeded',
  text: 'Hello!',
  outputs: { answer: 'Hello!' },
  usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
  cost: { amount: '0.0010', currency: 'USD', source: 'node' },
  timing: { ttftMs: 20, totalMs: 100 },
  nodes: [],
  ids: { runId: 'r1' },
  scores: [],
  passed: true,
  evaluation: { tokens: 100, cost: { amount: '0.02', currency: 'usd', source: 'price_table' } },
  nodeRetries: 0,
  recovered: false,
}

const attempt: TaskAttempt = {
  number: 1,
  state: 'error',
  startedAt: 0,
  endedAt: 9,
  serviceMs: 7,
  queueMs: 2,
  rateMs: 5,
}

function result(rest: Partial<TaskResult<TrialOutput, TrialSpec>>): TaskResult<TrialOutput, TrialSpec> {
  const [spec] = cases
  if (spec === undefined) throw new Error('the manifest has a case')
  const payload = { manifest: 0, repeat: 2, block: 4, case: spec }
  const task = { id: 'bot/polite/00000000000000aa/2', payload }
  return { task, state: 'succeeded', attempts: [attempt, attempt], usage: { tokens: 0, costUsd: 0 }, ...rest }
}

describe('toTestResult', () => {
  it('puts together what the trial, its manifest and the engine know', () => {
    expect(toTestResult(result({ output }), [head])).toMatchObject({
      id: 'bot/polite/00000000000000aa/2',
      workflowId: 'bot',
      promptVariant: 'polite',
      caseName: 'greeting',
      repeat: 2,
      block: 4,
      state: 'succeeded',
      status: 'succeeded',
      inputs: { lang: 'ru', tone: 'warm' },
      tokens: 15,
      latencyMs: 100,
      timing: { ttftMs: 20, totalMs: 100, queuedMs: 4, rateMs: 10 },
      metadata: { team: 'support', row: 3 },
    })
  })

  it('says how a trial without an answer ended', () => {
    const statusOf = (state: FinalState, error: Partial<TaskError>) =>
      toTestResult(result({ state, error: { class: 'system_error', message: 'no', ...error } }), [head]).status
    expect(statusOf('timeout', { class: 'timeout' })).toBe('timeout')
    expect(statusOf('error', { code: 'target_timeout' })).toBe('timeout')
    expect(statusOf('cancelled', { class: 'cancelled' })).toBe('cancelled')
    expect(statusOf('error', { code: 'target_rate_limited' })).toBe('rate_limited')
    expect(statusOf('error', { code: 'target_quota' })).toBe('rate_limited')
    expect(statusOf('error', { code: 'target_refused' })).toBe('config_error')
    expect(statusOf('error', { code: 'file_missing' })).toBe('config_error')
    expect(statusOf('error', { code: 'target_unknown' })).toBe('infra_error')
    expect(statusOf('error', { code: 'ECONNREFUSED' })).toBe('infra_error')
    expect(statusOf('error', { code: 'constructor' })).toBe('infra_error')
    expect(statusOf('failed', { class: 'business_failure' })).toBe('app_failed')
  })

  it('leaves latency out where nothing answered, and keeps the message', () => {
    const error = { class: 'system_error', message: 'connection refused', code: 'ECONNREFUSED' } as const
    const broken = toTestResult(result({ state: 'error', error }), [head])
    expect(broken.latencyMs).toBeUndefined()
    expect(broken.error).toEqual({ message: 'connection refused', code: 'ECONNREFUSED' })
    expect(broken.timing.totalMs).toBe(7)
  })

  it('refuses a trial of a manifest that is not there', () => {
    expect(() => toTestResult(result({ output }), [])).toThrow(expect.objectContaining({ code: 'internal' }))
  })
})

describe('trialOutcomeOf', () => {
  const options = { retry: { maxAttempts: 3, backoffSeconds: 0, on: ['business_failure' as const] } }

  it('makes answers successes with the tokens and dollars of workflow and judges', async () => {
    const run = await executeTasks([{ id: 'a', payload: 0 }], () => trialOutcomeOf(output))
    expect(run.results[0]).toMatchObject({ state: 'succeeded', output, usage: { tokens: 115, costUsd: 0.021 } })
    expect(replyKind(trialOutcomeOf({ ...output, status: 'partial' }))).toBe('succeeded')
  })

  it('makes failures of the workflow final, whatever the policy says of retries', async () => {
    const failure: TrialOutput = { ...output, status: 'app_failed', error: { message: 'node LLM failed' } }
    const run = await executeTasks([{ id: 'a', payload: 0 }], () => trialOutcomeOf(failure), options)
    expect(run.results[0]).toMatchObject({ state: 'failed', output: failure, error: { message: 'node LLM failed' } })
    expect(run.results[0]?.attempts).toHaveLength(1)
  })

  it('counts no money of other currencies', async () => {
    const yuan: TrialOutput = {
      ...output,
      cost: { amount: '3', currency: 'CNY', source: 'node' },
      evaluation: undefined,
    }
    const run = await executeTasks([{ id: 'a', payload: 0 }], () => trialOutcomeOf(yuan))
    expect(run.results[0]?.usage).toEqual({ tokens: 15, costUsd: 0 })
  })

  it('fits what the engine makes of errors', async () => {
    const { task } = result({})
    const run = await executeTasks([task], () => {
      throw new GreenloopError('target_refused', 'bad key')
    })
    const [done] = run.results
    if (done === undefined) throw new Error('the run has a result')
    expect(toTestResult({ ...done, output: undefined }, [head])).toMatchObject({
      state: 'error',
      status: 'config_error',
      error: { message: 'bad key', code: 'target_refused' },
    })
  })
})
