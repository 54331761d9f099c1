import { describe, expect, test } from 'vitest'
import { raw, startLlmServer } from '../../tests/support/llm-server.ts'
import type { LlmServer } from '../../tests/support/llm-server.ts'
import type { CheckInput } from '../domain/check.ts'
import { aCase, anAnswer, evaluated, someTurns } from './evaluate.fixture.ts'
import { judging, modelAt, userTextOf, verdict } from '../../tests/support/judge-server.ts'

type JudgeCheck = Partial<Extract<CheckInput, { type: 'judge' }>>

const trial = anAnswer('Paris, of course', { case: aCase({ query: 'Capital of France?' }), model: 'qwen' })

async function judgedBy(server: LlmServer, check: JudgeCheck = {}, answered = trial) {
  const result = await evaluated(answered, {
    checks: [{ type: 'judge', rubric: 'Names the capital.', ...check }],
    evaluation: { judge: 'critic' },
    parts: {
      models: { critic: modelAt(server) },
      priceOf: (model, { inputTokens }) => ({ amount: `0.${inputTokens}`, currency: model, source: 'price_table' }),
    },
  })
  return { ...result, first: result.scores[0] }
}

describe('a judge', () => {
  test('sees question, answer, rubric and reference as data, and its reasons and tokens are kept', async () => {
    await using server = await judging(verdict('pass', 'It names Paris.'))
    const { first, usage, passed } = await judgedBy(server, { reference: 'Paris' })
    expect(first).toMatchObject({ score: 1, passed: true, reason: 'It names Paris.' })
    expect(passed).toBe(true)
    expect(usage).toEqual({ tokens: 18, cost: { amount: '0.11', currency: 'critic', source: 'price_table' } })
    const asked = userTextOf(server, 0)
    expect(asked).toMatch(/<<ANSWER-[0-9a-f]{16}\nParis, of course\nANSWER-[0-9a-f]{16}>>/)
    for (const part of ['Capital of France?', 'Names the capital.', '<<REFERENCE-']) expect(asked).toContain(part)
    expect(asked.indexOf('"reasoning"')).toBeLessThan(asked.lastIndexOf('"verdict"'))
    expect(first?.details).toMatchObject({
      model: 'scripted',
      promptSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      verdicts: [{ order: 'best_first', verdict: 'pass', score: 1, repaired: false }],
    })
    expect(first?.details).not.toHaveProperty('warning')
  })

  test('is asked once more when its reply cannot be read, and told what was wrong', async () => {
    await using server = await judging('I would say it passes.', verdict('fail', 'No source.'))
    const { first, usage } = await judgedBy(server)
    expect(first).toMatchObject({ score: 0, passed: false, reason: 'No source.' })
    expect(first?.details).toMatchObject({ verdicts: [{ repaired: true }] })
    expect(userTextOf(server, 1)).toContain('cannot be used: it is no JSON object')
    expect(usage.tokens).toBe(36)
  })

  test('without a verdict breaks the check, which is no failure of the answer', async () => {
    await using server = await judging('No comment.')
    const { first, passed, score } = await judgedBy(server)
    expect(first?.error).toBe('the judge gave no verdict: it is no JSON object')
    expect(first?.passed).toBeUndefined()
    expect([passed, score]).toEqual([undefined, undefined])
    expect(server.requests).toHaveLength(2)
  })

  test('that cannot be called breaks the check as well', async () => {
    await using server = await startLlmServer([raw('{}', 401)])
    const { first } = await judgedBy(server)
    expect(first?.error).toContain('401')
  })

  test('asked several times gives the median, with every second scale the other way round', async () => {
    const points = (count: number) => ({ reasoning: `${count} points`, points: count })
    await using server = await judging(points(5), points(2), points(4))
    const { first } = await judgedBy(server, { scale: 5, samples: 3, threshold: 0.75 })
    expect(first).toMatchObject({ score: 0.75, passed: true, reason: '4 points' })
    expect(first?.details).toMatchObject({
      agreement: expect.closeTo(1 / 3),
      verdicts: [{ order: 'best_first' }, { order: 'worst_first' }, { order: 'best_first' }],
    })
    const [straight, turned] = [userTextOf(server, 0), userTextOf(server, 1)]
    expect(straight.indexOf('5: the answer')).toBeLessThan(straight.indexOf('1: it misses'))
    expect(turned.indexOf('5: the answer')).toBeGreaterThan(turned.indexOf('1: it misses'))
  })

  test('needs a verdict of more than half of its samples', async () => {
    await using few = await judging('?', '?', verdict('pass'), '?', '?')
    expect((await judgedBy(few, { samples: 3 })).first?.error).toContain('no verdict')
    await using most = await judging(verdict('pass'), '?', '?', verdict('pass'))
    const { first } = await judgedBy(most, { samples: 3 })
    expect(first).toMatchObject({ score: 1 })
    expect(first?.details).toMatchObject({ verdicts: [{}, { fault: 'it is no JSON object' }, {}] })
  })

  test('of the same model as the one under test is warned of', async () => {
    await using server = await judging(verdict('pass'))
    const { first } = await judgedBy(server, {}, { ...trial, model: 'Scripted' })
    expect(first?.details?.['warning']).toContain('the model under test')
  })

  test('of a later turn sees the turns before it, but not those behind', async () => {
    await using server = await judging(verdict('pass'))
    const turns = someTurns(['hi', 'hello'], ['capital?', 'Paris'], ['thanks', 'bye'])
    await judgedBy(server, { turn: 2 }, { ...trial, turns })
    const asked = userTextOf(server, 0)
    expect(asked).toContain('User: hi\n\nAssistant: hello\n\nUser: capital?')
    expect(asked).not.toContain('thanks')
  })
})
