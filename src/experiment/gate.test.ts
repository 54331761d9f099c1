import { describe, expect, it } from 'vitest'
import type { GateResult, Observation } from '../domain/comparison.ts'
import { evaluationOf, drawTrials, passesOf, trialOf } from './compare.fixture.ts'
import { compareVariants } from './compare.ts'
import { gateProblems, parseGate } from './gate-parse.ts'

function gate(text: string, observations: readonly Observation[]): GateResult {
  const options = { evaluation: evaluationOf({ draws: 1000 }), variants: ['A', 'B', 'C'], seed: 1 }
  const result = compareVariants(observations, { ...options, gates: [text] }).gates[0]
  return result ?? { gate: text, passed: false, reason: 'no result' }
}

const equal = passesOf({ A: '+'.repeat(280) + '-'.repeat(20), B: '+'.repeat(280) + '-'.repeat(20), C: '-'.repeat(300) })
const amounts = (factor: number, cases = 40) =>
  drawTrials({ cases, repeats: 1, rate: 0.7, gains: { A: 0, B: 0 }, seed: 5 }).map((trial) => {
    const { latency = 0, 'cost:USD': cost = 0 } = trial.values
    const by = trial.variantId === 'B' ? factor : 1
    return { ...trial, values: { ...trial.values, latency: latency * by, 'cost:USD': cost * by } }
  })

describe('gates on two variants', () => {
  it('hold where the bound of the difference keeps to the margin', () => {
    const result = gate('B >= A - 0.02', equal)
    expect(result).toMatchObject({ passed: true })
    expect(result.reason).toMatch(/^B - A = 0, lower bound -0\.01\d* is above -0\.02 \(95 % interval\)$/u)
  })

  it('do not hold where only the figures do, and nothing proves it', () => {
    const few = passesOf({ A: '+++-', B: '++++' })
    expect(gate('B >= A - 0.02', few)).toMatchObject({ passed: false })
    expect(gate('B > A', few).reason).toMatch(/adjusted p 1: nothing proves it$/u)
    expect(gate('B >= A - 0.02', passesOf({ A: '+', B: '+' }))).toMatchObject({ passed: false })
  })

  it('take the margin of the plan for shares without a number, but not where the number is 0', () => {
    expect(gate('B >= A', equal)).toMatchObject({ passed: true })
    expect(gate('B >= A - 0', equal)).toMatchObject({ passed: false })
    expect(gate('A <= B', equal)).toMatchObject({ passed: true })
  })

  it('ask for certainty with > and <, whichever side the baseline is on', () => {
    expect(gate('A > C', equal)).toMatchObject({ passed: true })
    expect(gate('C < A', equal)).toMatchObject({ passed: true })
    expect(gate('B > C', equal)).toMatchObject({ passed: true })
    expect(gate('C > A', equal)).toMatchObject({ passed: false })
    expect(gate('B > A', equal)).toMatchObject({ passed: false })
    expect(gate('A > C + 0.5', equal)).toMatchObject({ passed: true })
    expect(gate('A > C + 0.95', equal)).toMatchObject({ passed: false })
  })

  it('compare amounts by ratio', () => {
    expect(gate('cost(B) <= cost(A) * 1.1', amounts(0.8))).toMatchObject({ passed: true })
    expect(gate('cost(B) <= cost(A) * 1.1', amounts(1.3))).toMatchObject({ passed: false })
    const latency = gate('latency(B) <= 1.5 * latency(A)', amounts(1))
    expect(latency.reason).toMatch(/^latency\(B\) \/ latency\(A\) = [\d.]+, upper bound [\d.]+ is below 1\.5/u)
    expect(gate('latency.p90(B) <= latency.p90(A) * 1.5', amounts(0.7))).toMatchObject({ passed: true })
    expect(gate('latency.p90(B) <= latency.p90(A) * 1.5', amounts(1.6))).toMatchObject({ passed: false })
    expect(gate('latency.mean(B) < latency.mean(A)', amounts(0.5))).toMatchObject({ passed: true })
    expect(gate('score(B) >= score(A)', amounts(1, 400))).toMatchObject({ passed: true })
  })
})

describe('gates on one variant', () => {
  it('go by the figure, or by an end of its interval', () => {
    expect(gate('pass_rate(B) >= 0.9', equal)).toEqual({
      gate: 'pass_rate(B) >= 0.9',
      passed: true,
      reason: 'pass_rate(B) = 0.933 (95 % interval 0.899 to 0.956, 300 cases) holds against 0.9',
    })
    expect(gate('lower(pass_rate(B)) >= 0.9', equal)).toMatchObject({ passed: false })
    expect(gate('lower(B) >= 85%', equal)).toMatchObject({ passed: true })
    expect(gate('upper(pass_rate(C)) < 0.05', equal)).toMatchObject({ passed: true })
    expect(gate('0.9 <= pass_rate(B)', equal)).toMatchObject({ passed: true })
    expect(gate('latency.p95(B) <= 20000', amounts(1))).toMatchObject({ passed: true })
    expect(gate('latency.mean(B) <= 2', amounts(1)).reason).toMatch(/does not hold against 2$/u)
    expect(gate('upper(latency.p95(B)) <= 20000', amounts(1))).toMatchObject({ passed: true })
  })

  it('do not hold where nothing was scored', () => {
    expect(gate('pass_rate(B) >= 0.1', passesOf({ A: '++', B: '??' }))).toEqual({
      gate: 'pass_rate(B) >= 0.1',
      passed: false,
      reason: 'nothing was scored for pass_rate(B)',
    })
    expect(gate('politeness(B) >= 0.1', equal).reason).toBe('no trial has a value of politeness; there are pass_rate')
    expect(gate('D >= 0.1', equal).reason).toBe('no variant is called D; there are A, B, C')
  })
})

describe('gates and workflows', () => {
  const two = [
    ...equal,
    ...passesOf({ A: '+'.repeat(50), B: '-'.repeat(50) }).map((trial) => ({ ...trial, workflowId: 'support-bot' })),
  ]

  it('are for all workflows, or for the one that they name', () => {
    expect(gate('B >= A - 0.02', two)).toMatchObject({ passed: false })
    expect(gate('w: B >= A - 0.02', two)).toMatchObject({ passed: true })
    expect(gate('support-bot: B >= A - 0.02', two).reason).toMatch(/^B - A = -1, lower bound -1/u)
    expect(gate('other: B >= A', two).reason).toBe('no workflow is called other; there are w, support-bot')
  })
})

describe('parseGate', () => {
  it('reads names with dots, dashes, letters of any script, and quotes', () => {
    expect(parseGate('bot-2.x: "is polite"(вежливый_v1.2-b) >= 0.5 * \'is polite\'("a b") + 1%')).toMatchObject({
      workflow: 'bot-2.x',
      left: { figure: { variant: 'вежливый_v1.2-b', metric: 'is polite' }, factor: 1, offset: 0 },
      operator: '>=',
      right: { figure: { variant: 'a b', metric: 'is polite' }, factor: 0.5, offset: 0.01 },
    })
    expect(parseGate('cost:CNY(B) ≤ 2').left.figure).toEqual({ variant: 'B', metric: 'cost:CNY' })
    expect(parseGate('score(2) > 0.5').left.figure).toEqual({ variant: '2', metric: 'score' })
  })

  it.each([
    ['B >', 'its end should be a variant, a metric or a number'],
    ['B = A', 'character 3 (`=`) should be one of >=, >, <= and <'],
    ['1 > 2', 'its end should be a variant on either side'],
    ['B >= A A', 'character 8 (`A`) should be the end'],
    ['B >= A + C', 'character 10 (`C`) should be a number: each side has one variant at most'],
    ['score(B >= 1', 'character 9 (`>=`) should be a closing bracket'],
    ['score() >= 1', 'character 7 (`)`) should be the name of a variant'],
    ['B >= B', 'both sides are the same variant'],
    ['score(B) >= latency(A)', 'both sides have to be the same figure'],
    ['lower(B) >= A', '`lower` and `upper` go with a number'],
    ['B >= A * -1', 'character 10 (`-`) should be a number'],
    ['- B >= A', 'factors have to be above 0'],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parseGate(text)).toThrow(expect.objectContaining({ code: 'usage_invalid' }))
    expect(() => parseGate(text)).toThrow(message)
  })

  it('finds names that nobody goes by, and minuses that stick to them', () => {
    const known = { variants: ['A', 'B'], workflows: ['w'], primary: 'pass_rate' }
    expect(gateProblems(parseGate('w: B >= A - 0.1'), known)).toEqual([])
    expect(gateProblems(parseGate('x: B >= A-0.1'), known)).toEqual([
      'no workflow is called x; there are w',
      'no variant is called A-0.1; there are A, B; put spaces around a minus',
    ])
    expect(gateProblems(parseGate('B > A'), { ...known, primary: 'latency' })).toEqual([
      'less latency is better, so a gate has to name it: latency(B) <= latency(A)',
    ])
    expect(gateProblems(parseGate('latency(B) < latency(A)'), { ...known, primary: 'latency' })).toEqual([])
  })

  it('holds one metric apart from another', () => {
    const trials = ['A', 'B'].flatMap((id) =>
      Array.from({ length: 30 }, (_, index) =>
        trialOf(id, index, { values: { pass_rate: 1, tone: id === 'A' ? 1 : 0.25 } }),
      ),
    )
    expect(gate('tone(A) > tone(B)', trials)).toMatchObject({ passed: true })
    expect(gate('A > B', trials)).toMatchObject({ passed: false })
  })
})
