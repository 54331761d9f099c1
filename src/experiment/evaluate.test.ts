import { describe, expect, test } from 'vitest'
import { evaluationSchema } from '../domain/experiment.ts'
import { createEvaluator } from './evaluate.ts'
import { aCase, aCheck, anAnswer, aNode, evaluated, scored, someTurns } from './evaluate.fixture.ts'

describe('the evaluation of a trial', () => {
  test('weighs checks of plan and case and tells why some did not pass', async () => {
    const subject = aCase({ vars: { capital: 'Paris' }, checks: [aCheck({ type: 'is_json', weight: 3 })] })
    const result = await evaluated(anAnswer('It is Paris.', { case: subject }), {
      checks: [{ type: 'contains', value: '{{capital}}' }],
    })
    expect(result.scores).toMatchObject([
      { name: 'contains "{{capital}}"', score: 1, passed: true, weight: 1 },
      { name: 'is_json', score: 0, passed: false, weight: 3 },
    ])
    expect(result.scores[0]?.reason).toBeUndefined()
    expect(result.scores[1]?.reason).toContain('it is no JSON')
    expect(result).toMatchObject({ score: 0.25, passed: false, usage: { tokens: 0 } })
  })

  test('passes when the wanted share of the weight has passed', async () => {
    const checks = [
      { type: 'contains', value: 'a', weight: 0.1 },
      { type: 'contains', value: 'b', weight: 0.2 },
      { type: 'contains', value: 'x', weight: 0.7 },
    ] as const
    expect(await evaluated(anAnswer('ab'), { checks, evaluation: { passShare: 0.3 } })).toMatchObject({ passed: true })
    expect(await evaluated(anAnswer('ab'), { checks, evaluation: { passShare: 0.31 } })).toMatchObject({
      passed: false,
    })
  })

  test('a name that the row does not have breaks the check, and the trial is not scored', async () => {
    const result = await evaluated(anAnswer('x'), {
      checks: [
        { type: 'equals', value: '{{expected}}' },
        { type: 'contains', value: 'x' },
      ],
    })
    expect(result.scores[0]?.error).toContain('`expected`')
    expect(result.scores[0]).not.toHaveProperty('passed')
    expect(result.scores[1]).toMatchObject({ passed: true })
    expect(result).not.toHaveProperty('score')
    expect(result).not.toHaveProperty('passed')
  })

  test('a check of weight 0 informs, and counts for nothing', async () => {
    const result = await evaluated(anAnswer('x'), { checks: [{ type: 'contains', value: '{{y}}', weight: 0 }] })
    expect(result.scores[0]?.error).toBeDefined()
    expect(result).toMatchObject({ passed: true })
    expect(result).not.toHaveProperty('score')
  })

  test('without checks, an answer passes and a failed workflow does not', async () => {
    expect(await evaluated(anAnswer('x'), {})).toMatchObject({ scores: [], passed: true })
    expect(await evaluated(anAnswer('x', { status: 'partial' }), {})).toMatchObject({ passed: true })
    expect(await evaluated(anAnswer('x', { status: 'paused' }), {})).toMatchObject({ passed: false })
  })

  test('a failed workflow fails its content, with its error as the reason, and never passes', async () => {
    const trial = anAnswer('', { status: 'app_failed', error: { message: 'node LLM: quota' } })
    const result = await evaluated(trial, {
      checks: [
        { type: 'contains', value: 'x', not: true },
        { type: 'latency', maxMs: 2000 },
      ],
    })
    expect(result.scores[0]).toMatchObject({
      passed: false,
      reason: 'there is no answer (app_failed): node LLM: quota',
    })
    expect(result.scores[1]).toMatchObject({ passed: true })
    expect(result).toMatchObject({ score: 0, passed: false })
  })

  test('a trial that was not answered has no scores at all', async () => {
    const result = await evaluated(anAnswer('', { status: 'infra_error' }), { checks: [{ type: 'is_json' }] })
    expect(result).toEqual({ scores: [], usage: { tokens: 0 } })
  })

  test('a check that is turned round fails on what it finds', async () => {
    const score = await scored({ type: 'contains', value: 'sorry', ignoreCase: true, not: true }, anAnswer('Sorry!'))
    expect(score).toMatchObject({ score: 0, passed: false, reason: 'it contains "sorry", which must not be' })
    expect(await scored({ type: 'contains', value: 'sorry', not: true }, anAnswer('Yes'))).toMatchObject({ score: 1 })
  })

  test('an abort is thrown, whatever was judged already', async () => {
    const evaluator = createEvaluator(
      { evaluation: evaluationSchema.parse({}), folder: '/' },
      { models: {}, embed: {} },
    )
    await expect(evaluator.evaluate(anAnswer('x'), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
  })

  test('checks of a plan that can never work are listed together before anything runs', () => {
    const evaluation = evaluationSchema.parse({
      checks: [
        { type: 'regex', pattern: '(' },
        { type: 'json_schema', schema: { type: 'strin' } },
        { type: 'json_path', path: 'a.b' },
        { type: 'judge', rubric: 'good', model: 'critic' },
        { type: 'similarity', value: 'x', method: 'embedding' },
        { type: 'function', file: 'gone.mjs' },
        { type: 'equals', value: 1, on: 'outcome' },
        { type: 'regex', pattern: '{{pattern}}' },
      ],
    })
    const make = () =>
      createEvaluator({ evaluation, folder: '/tmp' }, { models: { other: undefined as never }, embed: {} })
    expect(make).toThrow(
      expect.objectContaining({
        code: 'plan_invalid',
        problems: [
          expect.objectContaining({ message: expect.stringContaining('the pattern cannot be read') }),
          expect.objectContaining({ message: expect.stringContaining('JSON Schema cannot be read') }),
          expect.objectContaining({ message: expect.stringContaining('JSONPath "a.b" cannot be read') }),
          expect.objectContaining({ message: expect.stringContaining('there is no model critic') }),
          expect.objectContaining({ message: expect.stringContaining('`evaluation.embeddings`') }),
          expect.objectContaining({ message: expect.stringContaining('there is no file /tmp/gone.mjs') }),
          expect.objectContaining({ message: expect.stringContaining('`on: outcome`') }),
        ],
      }),
    )
  })
})

describe('what a check looks at', () => {
  const nodes = [
    aNode('Fetch v1.2', { outputs: { status: 404, body: { id: 7 } }, inputs: { url: 'http://a' } }),
    aNode('Loop', { id: 'l', outputs: { n: 1 }, round: 0 }),
    aNode('Loop', { id: 'l', outputs: { n: 3 }, round: 2 }),
    aNode('Loop', { id: 'l', outputs: { n: 2 }, round: 1 }),
    aNode('Bad', { status: 'failed', error: 'no quota' }),
  ]
  const trial = anAnswer('hello', { outputs: { user: { name: 'Ada', tags: ['x'] }, 'a.b': 5 }, nodes })

  test.each([
    ['outputs.user.name', 'Ada'],
    ['outputs.a.b', 5],
    ['outputs.user.tags.0', 'x'],
    ['node:Fetch v1.2.outputs.body.id', 7],
    ['node:id-Fetch v1.2.inputs', { url: 'http://a' }],
    ['node:Loop', { n: 3 }],
    ['node:l.outputs.n', 3],
    ['node:Bad.error', 'no quota'],
    ['node:Bad.status', 'failed'],
    ['node:Refund.status', 'not_run'],
  ])('%s', async (on, value) => {
    expect(await scored({ type: 'equals', on, value }, trial)).toMatchObject({ passed: true })
  })

  test('a node that did not run and an output that is not there fail, even turned round', async () => {
    const node = await scored({ type: 'equals', on: 'node:Refund.outputs.sum', value: 3, not: true }, trial)
    expect(node).toMatchObject({ passed: false, reason: 'node Refund did not run' })
    const output = await scored({ type: 'contains', on: 'outputs.sum', value: 'x' }, trial)
    expect(output.reason).toBe('the outputs have no `sum`; there are: user, a.b')
  })
})

describe('checks of a conversation', () => {
  const turns = someTurns(['hi', 'hello'], ['name?', 'I am Ada'], ['bye', 'bye, Ada'])
  const trial = anAnswer('bye, Ada', { turns, timing: { totalMs: 600 }, usage: { totalTokens: 60 } })

  test('look at the last turn unless another is named', async () => {
    expect(await scored({ type: 'contains', value: 'bye' }, trial)).toMatchObject({ passed: true, turn: 3 })
    expect(await scored({ type: 'contains', value: 'I am', turn: 2 }, trial)).toMatchObject({ passed: true, turn: 2 })
    const beyond = await scored({ type: 'contains', value: 'x', turn: 4 }, trial)
    expect(beyond).toMatchObject({ passed: false, reason: 'the conversation ended after turn 3' })
  })

  test('hold in each turn, or in any', async () => {
    const each = await scored({ type: 'contains', value: 'Ada', turn: 'each' }, trial)
    expect(each).toMatchObject({ passed: false, score: 0, reason: 'turn 1: it does not contain "Ada"' })
    expect(await scored({ type: 'contains', value: 'Ada', turn: 'any' }, trial)).toMatchObject({ passed: true })
    const none = await scored({ type: 'contains', value: 'Bob', turn: 'any' }, trial)
    expect(none.reason).toContain('turn 3: it does not contain "Bob"')
  })

  test('see all turns as text, and the figures of the whole', async () => {
    const both = await scored({ type: 'regex', on: 'conversation', pattern: 'User: hi[^]*Assistant: bye' }, trial)
    expect(both).toMatchObject({ passed: true })
    expect(both.turn).toBeUndefined()
    expect(await scored({ type: 'latency', maxMs: 300 }, trial)).toMatchObject({ passed: true, turn: 3 })
    expect(await scored({ type: 'latency', maxMs: 300, on: 'conversation' }, trial)).toMatchObject({ passed: false })
    expect(await scored({ type: 'tokens', max: 59, on: 'conversation' }, trial)).toMatchObject({ passed: false })
    const cost = { amount: '0.2', currency: 'USD', source: 'node' } as const
    expect(await scored({ type: 'cost', max: 0.2 }, { ...trial, cost })).toMatchObject({ passed: true })
    const ofTurn = await scored({ type: 'cost', max: 0.2, turn: 1 }, { ...trial, cost })
    expect(ofTurn.error).toContain('whole conversation')
  })

  test('written at a turn look at that turn, with its inputs', async () => {
    const turn = (query: string, checks: readonly ReturnType<typeof aCheck>[], inputs = {}) => ({
      query,
      inputs,
      files: [],
      checks: [...checks],
    })
    const subject = aCase({
      turns: [
        turn('hi', [aCheck({ type: 'equals', value: '{{greeting}}' })], { greeting: 'hello' }),
        turn('name?', []),
        turn('bye', []),
        turn('still there?', [aCheck({ type: 'contains', value: 'x' })]),
      ],
    })
    const result = await evaluated({ ...trial, case: subject }, {})
    expect(result.scores).toMatchObject([
      { passed: true, turn: 1 },
      { passed: false, reason: 'the conversation ended after turn 3' },
    ])
  })
})
