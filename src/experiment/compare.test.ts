import { describe, expect, it } from 'vitest'
import type { Observation } from '../domain/comparison.ts'
import { drawTrials, evaluationOf, passesOf, trialOf } from './compare.fixture.ts'
import { compareVariants, type CompareOptions } from './compare.ts'
import { mcNemarPower } from './power.ts'

function compare(observations: readonly Observation[], options: Partial<CompareOptions> = {}) {
  return compareVariants(observations, {
    evaluation: evaluationOf(),
    gates: [],
    variants: ['A', 'B'],
    seed: 1,
    ...options,
  })
}

const marks = (...parts: readonly (readonly [string, number])[]): string =>
  parts.map(([mark, times]) => mark.repeat(times)).join('')

describe('comparing pass rates of single trials', () => {
  const clear = passesOf({ A: marks(['+', 40], ['-', 20], ['-', 20]), B: marks(['+', 40], ['+', 20], ['-', 20]) })

  it('names the better variant with its figures', () => {
    const { pairs, winners, findings } = compare(clear)
    expect(pairs).toEqual([
      expect.objectContaining({
        baseline: 'A',
        variant: 'B',
        metric: 'pass_rate',
        cases: 80,
        difference: 0.25,
        test: 'mcnemar exact',
        discordant: { baselineOnly: 0, variantOnly: 20 },
        verdict: 'better',
        adjustedP: 2 ** -19,
      }),
    ])
    expect(winners).toEqual({ w: 'B' })
    expect(findings.slice(0, 2)).toEqual([
      'B wins: it is better than the other variant',
      'B is better than A in pass_rate: +0.25, 95 % interval 0.149 to 0.342, adjusted p below 0.0001, 80 cases',
    ])
  })

  it('takes the first variant of a workflow that is tried with others as its baseline', () => {
    const others = passesOf({ C: marks(['+', 40], ['-', 40]), D: '+'.repeat(80) })
    const elsewhere = others.map((trial) => ({ ...trial, workflowId: 'v' }))
    const { pairs, winners } = compare([...clear, ...elsewhere], { variants: ['A', 'B', 'C', 'D'] })
    expect(pairs.map(({ workflowId, baseline, variant }) => [workflowId, baseline, variant])).toEqual([
      ['w', 'A', 'B'],
      ['v', 'C', 'D'],
    ])
    expect(winners).toEqual({ w: 'B', v: 'D' })
  })

  it('says worse where the variant loses, and lets the baseline win', () => {
    const { pairs, winners } = compare(clear, { variants: ['B', 'A'] })
    expect(pairs.map(({ verdict }) => verdict)).toEqual(['worse'])
    expect(winners).toEqual({ w: 'B' })
  })

  it('says that the evidence is not enough, and what would be', () => {
    const { pairs, winners, findings } = compare(passesOf({ A: '+++---+-+-', B: '+++-+-+-++' }))
    expect(pairs[0]).toMatchObject({ verdict: 'not_enough_evidence', detectable: expect.closeTo(0.374, 3) })
    expect(winners).toEqual({})
    expect(findings[0]).toMatch(
      /^no winner: about \d+ more cases would be needed to see a difference of 0\.2 in pass_rate with a chance of 80 %, if it is as large as it looks$/u,
    )
  })

  it('tells apart identical, equivalent and not inferior', () => {
    const same = passesOf({ A: '+-+', B: '+-+' })
    expect(compare(same).pairs[0]?.verdict).toBe('identical')
    const near = passesOf({
      A: marks(['+', 900], ['-', 2], ['+', 2], ['-', 96]),
      B: marks(['+', 900], ['+', 2], ['-', 2], ['-', 96]),
    })
    expect(compare(near).pairs[0]?.verdict).toBe('equivalent')
    const above = passesOf({
      A: marks(['+', 700], ['-', 40], ['+', 25], ['-', 235]),
      B: marks(['+', 700], ['+', 40], ['-', 25], ['-', 235]),
    })
    expect(compare(above).pairs[0]?.verdict).toBe('non_inferior')
  })

  it('says when so few cases cannot show anything', () => {
    const { pairs } = compare(passesOf({ A: '-----', B: '+++++' }))
    expect(pairs[0]).toMatchObject({ verdict: 'non_inferior', p: 0.0625 })
    expect(pairs[0]?.note).toBe('5 independent cases cannot show any difference at this level: 6 can')
  })
})

describe('missing trials', () => {
  it('are not scored, but shown as failures in a row of their own', () => {
    const { pairs, summaries, findings } = compare(
      passesOf({ A: marks(['+', 30], ['-', 12]), B: marks(['+', 20], ['?', 10], ['+', 12]) }),
    )
    expect(pairs[0]).toMatchObject({ cases: 32, verdict: 'better', difference: 0.375 })
    expect(pairs[0]?.sensitivity).toEqual({ difference: expect.closeTo(2 / 42, 9), verdict: 'not_enough_evidence' })
    expect(summaries[1]).toMatchObject({ trials: 42, scored: 32, missing: { infrastructure: 10 } })
    expect(findings).toContainEqual(expect.stringContaining('with missing trials counted as failures'))
    expect(findings).toContain('10 of 42 trials of B are missing')
  })

  it('leave a comparison without cases open', () => {
    const { pairs, winners } = compare(passesOf({ A: '++??', B: '??++' }))
    expect(pairs[0]).toMatchObject({ cases: 0, verdict: 'not_enough_evidence', note: 'no case has a value of both' })
    expect(winners).toEqual({})
  })
})

describe('comparing by other figures', () => {
  it('averages repeats of a case before it pairs them', () => {
    const trials = ['A', 'B'].flatMap((variantId) =>
      Array.from({ length: 24 }, (_, index) =>
        [1, 2, 3].map((repeat) =>
          trialOf(variantId, Math.floor(index), {
            repeat,
            values: { pass_rate: variantId === 'B' || repeat === 1 ? 1 : 0 },
          }),
        ),
      ).flat(),
    )
    const { pairs, summaries } = compare(trials)
    expect(pairs[0]).toMatchObject({ cases: 24, test: 'sign flip, exact', p: 2 ** -23, verdict: 'better' })
    expect(pairs[0]?.difference).toBeCloseTo(2 / 3, 12)
    expect(summaries[0]).toMatchObject({
      flaky: 1,
      passAt: [
        { k: 1, passAtK: expect.closeTo(1 / 3, 12), passHatK: expect.closeTo(1 / 3, 12) },
        { k: 2, passAtK: expect.closeTo(2 / 3, 12), passHatK: 0 },
        { k: 3, passAtK: 1, passHatK: 0 },
      ],
    })
  })

  it('compares latency and cost by ratio, where less is better', () => {
    const slow = drawTrials({ cases: 60, repeats: 1, rate: 0.6, gains: { A: 0, B: 0 }, seed: 4 }).map((trial) => {
      const { latency = 0, 'cost:USD': cost = 0 } = trial.values
      const factor = trial.variantId === 'B' ? 2 : 1
      return { ...trial, values: { ...trial.values, latency: latency * factor, 'cost:USD': cost / factor } }
    })
    const { pairs, metrics } = compare(slow)
    const by = Object.fromEntries(pairs.map((pair) => [pair.metric, pair]))
    expect(by['latency']).toMatchObject({ verdict: 'worse', ratioInterval: { method: 'bca' } })
    expect(by['latency']?.ratio).toBeGreaterThan(1.7)
    expect(by['cost']).toMatchObject({ verdict: 'better' })
    expect(metrics.find(({ name }) => name === 'cost')).toEqual({
      name: 'cost',
      kind: 'cost',
      better: 'lower',
      primary: false,
      unit: 'USD',
    })
  })

  it('keeps currencies apart', () => {
    const trials = ['A', 'B'].flatMap((variantId) => [
      trialOf(variantId, 1, { values: { pass_rate: 1, 'cost:CNY': 2 } }),
      trialOf(variantId, 2, { values: { pass_rate: 1, 'cost:USD': 1 } }),
    ])
    expect(compare(trials).metrics.map(({ name, unit }) => [name, unit])).toEqual([
      ['pass_rate', ''],
      ['cost:CNY', 'CNY'],
      ['cost:USD', 'USD'],
    ])
  })

  it('takes cases of one cluster for less than independent ones', () => {
    const alone = passesOf({ A: marks(['-', 24]), B: marks(['+', 20], ['-', 4]) })
    const together = alone.map((trial, index) => ({ ...trial, cluster: String((index % 24) % 3) }))
    expect(compare(alone).pairs[0]).toMatchObject({ verdict: 'better' })
    expect(compare(together).pairs[0]).toMatchObject({ verdict: 'non_inferior', p: 0.25 })
  })

  it('adjusts over workflows, variants and metrics together', () => {
    const three = drawTrials({ cases: 60, repeats: 1, rate: 0.5, gains: { A: 0, B: 0.4, C: 0.8 }, seed: 9 })
    const both = [...three, ...three.map((trial) => ({ ...trial, workflowId: 'v' }))]
    const { pairs } = compare(both, { variants: ['A', 'B', 'C'] })
    expect(pairs).toHaveLength(16)
    const smallest = Math.min(...pairs.map(({ p }) => p ?? 1))
    const first = pairs.find(({ p }) => p === smallest)
    expect(first?.adjustedP).toBeCloseTo(16 * smallest, 12)
  })

  it('is the same for the same seed', () => {
    const trials = drawTrials({ cases: 30, repeats: 2, rate: 0.5, gains: { A: 0, B: 0.5 }, seed: 2 })
    expect(compare(trials)).toEqual(compare(trials))
  })

  it('tells that a metric changed while the experiment ran', () => {
    const trials = drawTrials({ cases: 80, repeats: 1, rate: 0.5, gains: { A: 0, B: 0 }, seed: 2 }).map((trial) => ({
      ...trial,
      values: { ...trial.values, latency: (trial.values['latency'] ?? 0) + 20 * (trial.block ?? 0) },
    }))
    expect(compare(trials).findings).toContainEqual(expect.stringMatching(/^latency changed while the experiment ran/u))
  })

  it('says when the baseline has no trials', () => {
    const { pairs, findings } = compare(passesOf({ B: '+-', C: '++' }))
    expect(pairs).toEqual([])
    expect(findings[0]).toBe('the baseline A has no trials')
  })

  it('has nothing to say of nothing', () => {
    expect(compare([])).toMatchObject({ summaries: [], pairs: [], winners: {}, findings: [] })
  })
})

describe('many experiments', () => {
  const share = (rounds: number, isHit: (seed: number) => boolean): number =>
    Array.from({ length: rounds }, (_, seed) => isHit(seed + 1)).filter(Boolean).length / rounds
  const evaluation = evaluationOf({ draws: 200 })
  const claims = (trials: readonly Observation[]): boolean =>
    compare(trials, { evaluation }).pairs.some(({ verdict }) => verdict === 'better' || verdict === 'worse')
  const passesOnly = (trials: readonly Observation[]): Observation[] =>
    trials.map((trial) => ({ ...trial, block: undefined, values: { pass_rate: trial.values['pass_rate'] } }))

  it.each([
    [20, 1, 0.3],
    [50, 3, 0.9],
    [100, 1, 0.5],
  ])('claim no difference of equal variants more often than they may: %d cases, %d repeats', (cases, repeats, rate) => {
    const gains = { A: 0, B: 0 }
    const drawn = (seed: number) => drawTrials({ cases, repeats, rate, gains, seed: seed * 7919 })
    // 5 %, and three standard errors of 150 rounds.
    const most = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / 150)
    expect(share(150, (seed) => claims(passesOnly(drawn(seed))))).toBeLessThan(most)
  })

  it('claim none by any of four metrics either', () => {
    const drawn = (seed: number) => drawTrials({ cases: 25, repeats: 1, rate: 0.5, gains: { A: 0, B: 0 }, seed })
    expect(share(100, (seed) => claims(drawn(seed * 104_729)))).toBeLessThan(0.05 + 3 * Math.sqrt((0.05 * 0.95) / 100))
  })

  it('find a true difference as often as predicted', () => {
    const cases = 100
    const pair = (seed: number): Observation[] => {
      const draws = drawTrials({ cases, repeats: 1, rate: 0.5, gains: { U: 0 }, seed })
      // Of the latency only the draw is used: 22.5 % of the cases pass with B alone, 7.5 % with A alone.
      return draws.flatMap((trial, index) => {
        const draw = Math.log((trial.values['latency'] ?? 0) / 500) - (index % 7) / 5
        const passes = draw < 0.225 ? [0, 1] : draw < 0.3 ? [1, 0] : [1, 1]
        return ['A', 'B'].map((id, at) => trialOf(id, index, { values: { pass_rate: passes[at] } }))
      })
    }
    const found = share(300, (seed) => claims(pair(seed * 31)))
    const predicted = mcNemarPower({ cases, discordance: 0.3, difference: 0.15 }, 0.05)
    expect(Math.abs(found - predicted)).toBeLessThan(0.08)
  })
})
