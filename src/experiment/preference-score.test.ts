import { describe, expect, test } from 'vitest'
import type { TestResult } from '../domain/test-result.ts'
import { preferenceScores } from './preference-score.ts'
import type { PreferenceNote } from './preference-score.ts'

const about = { workflowId: 'w', caseId: 'c', repeat: 1, baseline: 'a' }
const note = (variant: string, more: Omit<PreferenceNote, keyof typeof about | 'variant'>): PreferenceNote => ({
  ...about,
  variant,
  ...more,
})
const trial = (variantId: string, caseId = 'c') =>
  ({ workflowId: 'w', caseId, repeat: 1, variantId, scores: [] }) as unknown as TestResult

describe('a verdict on two answers', () => {
  test('is a score of both that only informs', () => {
    const positions = { straight: 'second', swapped: 'first' } as const
    const judged = preferenceScores([note('b', { winner: 'b', positions })])
    const common = { name: 'preference', metric: 'preference', type: 'judge', weight: 0 }
    expect(judged(trial('b')).scores).toEqual([
      {
        ...common,
        score: 1,
        passed: true,
        reason: 'better than a in both orders',
        details: { against: 'a', positions },
      },
    ])
    expect(judged(trial('a')).scores).toEqual([
      { ...common, score: 0, passed: false, reason: 'worse than b in both orders', details: { against: 'b' } },
    ])
    expect(judged(trial('b', 'other')).scores).toEqual([])
  })

  test('gives both a half where it does not hold in both orders, and none where there is no verdict', () => {
    const positions = { straight: 'first', swapped: 'first' } as const
    const [score] = preferenceScores([note('b', { winner: 'tie', positions })])(trial('b')).scores
    expect(score).toMatchObject({ score: 0.5, passed: true, reason: 'no verdict that holds in both orders against a' })
    const [broken] = preferenceScores([note('b', { winner: 'undecided', fault: 'no answer' })])(trial('b')).scores
    expect(broken).toMatchObject({ error: 'no answer', details: { positions: 'undecided' } })
    expect(broken).not.toHaveProperty('score')
  })

  test('is a metric for each variant where several were held against the baseline', () => {
    const judged = preferenceScores([note('b', { winner: 'a' }), note('c', { winner: 'b' })])
    expect(judged(trial('a')).scores.map(({ metric, score }) => [metric, score])).toEqual([
      ['preference:b', 1],
      ['preference:c', 0],
    ])
    expect(judged(trial('c')).scores.map(({ metric }) => metric)).toEqual(['preference:c'])
  })
})
