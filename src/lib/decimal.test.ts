import { array, assert, integer, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDecimals, perMillion } from './decimal.ts'

describe('decimals', () => {
  test('are added without the rounding of binary fractions', () => {
    expect(addDecimals(['0.1', '0.2'])).toBe('0.3')
    expect(addDecimals(['0.0012340', '1e-7', '-0.5'])).toBe('-0.4987659')
    expect(addDecimals(['1E+3', '.5'])).toBe('1000.5')
    expect(addDecimals([])).toBe('0')
  })

  test('what is no number counts for nothing', () => {
    expect(addDecimals(['free', '', '2', '1e999'])).toBe('2')
  })

  test('sums of whole numbers agree with those of integers', () => {
    assert(
      property(array(integer()), (numbers) => {
        expect(addDecimals(numbers.map(String))).toBe(String(numbers.reduce((sum, n) => sum + BigInt(n), 0n)))
      }),
    )
  })

  test('a price for a million is applied exactly', () => {
    expect(perMillion(2.4, 1234)).toBe('0.0029616')
    expect(perMillion(0, 5)).toBe('0.000000')
  })
})
