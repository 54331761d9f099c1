import { describe, expect, it } from 'vitest'
import type { Score } from '../domain/check.ts'
import type { TestResult, TrialStatus } from '../domain/test-result.ts'
import { observationsOf } from './observations.ts'

function resultOf(status: TrialStatus, rest: Partial<TestResult> = {}): TestResult {
  return {
    id: 'bot/A/1/1',
    workflowId: 'bot',
    variantId: 'A',
    promptVariant: 'A',
    caseId: '1',
    caseName: 'greeting',
    dataset: 'talk',
    repeat: 1,
    block: 7,
    state: 'succeeded',
    status,
    parameters: { tone: 'warm' },
    inputs: {},
    outputs: {},
    text: '',
    tokens: 0,
    timing: { totalMs: 10, queuedMs: 0, rateMs: 0 },
    nodes: [],
    ids: {},
    scores: [],
    attempts: [],
    nodeRetries: 0,
    recovered: false,
    metadata: {},
    ...rest,
  }
}

const check: Score = { name: 'is polite', type: 'judge', weight: 1 }

describe('observationsOf', () => {
  it('keeps what statistics need of a trial', () => {
    const result = resultOf('succeeded', {
      passed: true,
      score: 0.8,
      scores: [
        { ...check, metric: 'tone', score: 0.6, passed: true },
        { ...check, metric: 'tone', score: 1, passed: true },
      ],
      latencyMs: 120,
      timing: { ttftMs: 30, totalMs: 120, queuedMs: 5, rateMs: 0 },
      tokens: 15,
      usage: { totalTokens: 15 },
      cost: { amount: '0.0012340', currency: 'usd', source: 'node' },
      metadata: { cluster: 3 },
    })
    expect(observationsOf([result])).toEqual([
      {
        workflowId: 'bot',
        variantId: 'A',
        caseId: '1',
        repeat: 1,
        parameters: { tone: 'warm' },
        cluster: '3',
        block: 7,
        values: { pass_rate: 1, score: 0.8, tone: 0.8, latency: 120, ttft: 30, tokens: 15, 'cost:USD': 0.001234 },
        missing: undefined,
      },
    ])
  })

  it('scores what the workflow did, and leaves out what was done to it', () => {
    const statuses = ['partial', 'app_failed', 'timeout', 'stopped', 'paused'] as const
    const broken = ['infra_error', 'rate_limited', 'config_error', 'cancelled'] as const
    const of = (status: TrialStatus) => observationsOf([resultOf(status, { latencyMs: 5 })])[0]
    expect(statuses.map((status) => of(status)?.values)).toEqual([
      { pass_rate: 1, latency: 5 },
      { pass_rate: 0 },
      { pass_rate: 0 },
      { pass_rate: 0 },
      { pass_rate: 0 },
    ])
    expect(broken.map((status) => [of(status)?.values, of(status)?.missing])).toEqual([
      [{}, 'infrastructure'],
      [{}, 'infrastructure'],
      [{}, 'infrastructure'],
      [{}, 'cancelled'],
    ])
  })

  it('does not take a check that broke down for a failure, and keeps what was measured', () => {
    const scores = [{ ...check, error: 'no verdict' }]
    expect(observationsOf([resultOf('succeeded', { scores, latencyMs: 9 })])[0]).toMatchObject({
      missing: 'judge',
      values: { latency: 9 },
    })
    expect(observationsOf([resultOf('succeeded', { scores })])[0]?.values).not.toHaveProperty('pass_rate')
  })

  it('gives failed trials the score 0 where others of the workflow have one', () => {
    const scored = resultOf('succeeded', { passed: true, score: 1 })
    const failed = resultOf('timeout')
    const scores = observationsOf([failed, scored, { ...failed, workflowId: 'other' }]).map(
      ({ values }) => values['score'],
    )
    expect(scores).toEqual([0, 1, undefined])
  })
})
