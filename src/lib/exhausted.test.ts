import { describe, expect, it } from 'vitest'
import { isExhausted, markExhausted } from './exhausted.ts'

describe('the mark of a series of attempts that is over', () => {
  it('is on the error and does not show', () => {
    const error = new Error('enough')
    expect(isExhausted(error)).toBe(false)
    expect(markExhausted(error)).toBe(error)
    expect(isExhausted(error)).toBe(true)
    expect(Object.keys(error)).toEqual([])
    expect(isExhausted(markExhausted(error))).toBe(true)
  })

  it('passes by what cannot be marked', () => {
    const frozen = Object.freeze({ message: 'enough' })
    for (const thrown of [frozen, 'text', null, undefined]) {
      expect(markExhausted(thrown)).toBe(thrown)
      expect(isExhausted(thrown)).toBe(false)
    }
  })
})
