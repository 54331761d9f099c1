import { describe, expect, it } from 'vitest'
import { readRetryAfter } from './http-errors.ts'

describe('the wait that a server asks for', () => {
  const now = Date.parse('2026-11-21T05:00:00Z')

  it.each([
    ['seconds', { 'retry-after': '12' }, 12_000],
    ['a date', { 'retry-after': 'Sat, 21 Nov 2026 05:00:30 GMT' }, 30_000],
    ['a date in the past', { 'retry-after': 'Sat, 21 Nov 2026 04:00:00 GMT' }, 0],
    ['milliseconds', { 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    ['nothing', {}, undefined],
    ['an empty header', { 'retry-after': ' ' }, undefined],
    ['nonsense', { 'retry-after': 'soon' }, undefined],
    ['a negative number', { 'retry-after': '-5' }, undefined],
  ])('may be %s', (_, headers, expected) => {
    expect(readRetryAfter(headers, now)).toBe(expected)
  })
})
