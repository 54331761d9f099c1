import { describe, expect, test } from 'vitest'
import type { Observation } from '../domain/comparison.ts'
import type { Score } from '../domain/check.ts'
import { judgingOf, reliabilityOf } from './reliability.ts'

const judged = (name: string, details: Record<string, unknown>): Score => ({ name, type: 'judge', weight: 1, details })
const samples = (...scores: readonly (number | undefined)[]) => ({ verdicts: scores.map((score) => ({ score })) })

function observed(workflowId: string, scores: readonly Score[]): Observation {
  const named = { workflowId, variantId: 'a', caseId: 'c', repeat: 1, parameters: {}, values: {} }
  return { ...named, ...judgingOf(scores) }
}

describe('what scores tell of their judges', () => {
  test('is several verdicts on one answer, also of single turns, and verdicts on pairs', () => {
    const turns = {
      turns: [
        { turn: 1, ...samples(1, 1) },
        { turn: 2, ...samples(0, 1) },
      ],
    }
    const positions = { straight: 'first', swapped: 'second' }
    const scores = [
      judged('tone', samples(1, 0.5, undefined)),
      judged('each', turns),
      judged('preference', { positions, against: 'a' }),
    ]
    expect(judgingOf(scores)).toEqual({
      ratings: {
        tone: [[1, 0.5]],
        each: [
          [1, 1],
          [0, 1],
        ],
      },
      positions: { preference: positions },
    })
  })

  test('is nothing for single verdicts, other checks, and details of another shape', () => {
    const own: Score = { name: 'mine', type: 'function', weight: 1, details: samples(1, 1) }
    expect(judgingOf([judged('once', samples(1)), own, judged('odd', { verdicts: 'none' })])).toEqual({})
  })

  test('keeps a check that is called like a member of every object', () => {
    const { ratings = {} } = judgingOf([judged('__proto__', samples(1, 0))])
    expect(Object.entries(ratings)).toEqual([['__proto__', [[1, 0]]]])
  })
})

describe('reliability', () => {
  test('is alpha and agreement over the answers that were judged several times, by workflow and check', () => {
    const one = [samples(1, 1), samples(0, 0), samples(1, 0)].map((each) => observed('w', [judged('tone', each)]))
    const other = observed('v', [judged('tone', samples(1, 1))])
    expect(reliabilityOf([...one, other])).toEqual([
      // Disagreement seen: one unit of two, squares 2 of it; expected: 2·6·1.5/5.
      { workflowId: 'w', check: 'tone', judged: 3, alpha: 1 - 2 / (18 / 5), agreement: 2 / 3 },
      { workflowId: 'v', check: 'tone', judged: 1, alpha: undefined, agreement: 1 },
    ])
  })

  test('is the bias for a position over pairs, beside how many have no verdict', () => {
    const first = { straight: 'first', swapped: 'first' }
    const pairs = [first, first, 'undecided'].map((positions) => observed('w', [judged('preference', { positions })]))
    expect(reliabilityOf(pairs)).toEqual([
      {
        workflowId: 'w',
        check: 'preference',
        judged: 2,
        undecided: 1,
        position: { pairs: 2, consistent: 0, first: 1, second: 0, bias: 1 },
      },
    ])
  })
})
