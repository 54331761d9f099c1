import { array, assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anAnswer, scored } from './evaluate.fixture.ts'
import { cosine } from './check-similarity.ts'

const vector = array(integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 })

describe('the cosine of two vectors', () => {
  test('is 1 with itself, the same both ways, and does not see lengths', () => {
    assert(
      property(vector, vector, (a, b) => {
        const isZero = a.every((value) => value === 0)
        expect(cosine(a, a)).toBeCloseTo(isZero ? 0 : 1, 9)
        expect(cosine(a, b)).toBeCloseTo(cosine(b, a), 9)
        expect(
          cosine(
            a.map((value) => value * 4),
            b,
          ),
        ).toBeCloseTo(cosine(a, b), 9)
      }),
    )
  })

  test('is 0 at a right angle', () => {
    expect(cosine([1, 0], [0, 5])).toBe(0)
  })
})

describe('similarity', () => {
  const check = { type: 'similarity', value: 'x', method: 'embedding', model: 'small' } as const
  const withVectors = (...vectors: readonly (readonly number[])[]) => ({
    parts: { embed: { small: async () => ({ vectors, tokens: 1 }) } },
  })

  test('of vectors that point away from each other is 0', async () => {
    expect(await scored(check, anAnswer('y'), withVectors([1, 0], [-1, 0]))).toMatchObject({ score: 0, passed: false })
  })

  test('breaks the check when the vectors do not fit together', async () => {
    expect((await scored(check, anAnswer('y'), withVectors([1, 0], [1]))).error).toContain('2 and 1 dimensions')
    expect((await scored(check, anAnswer('y'), withVectors([1, 0]))).error).toContain('fewer embeddings')
  })

  test('of no text fails without a call', async () => {
    expect(await scored(check, anAnswer(' '), withVectors())).toMatchObject({ score: 0, reason: 'there is no text' })
  })

  test('breaks the check when nothing is expected', async () => {
    expect((await scored({ ...check, value: '' }, anAnswer('y'), withVectors())).error).toContain('is empty')
  })
})
