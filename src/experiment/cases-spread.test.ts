import { array, assert, bigInt, integer, nat, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../lib/random.ts'
import { digitsOf, productOf, spread } from './cases-spread.ts'

describe('spread', () => {
  it('gives one index of each of as many equal stretches', () => {
    const check = property(
      bigInt({ min: 1n, max: 10n ** 40n }),
      integer({ min: 1, max: 50 }),
      nat(),
      (total, most, seed) => {
        const indices = [...spread(total, most, createRandom(seed))]
        const wanted = total < BigInt(most) ? Number(total) : most
        expect(indices).toHaveLength(wanted)
        for (const [at, index] of indices.entries()) {
          expect(index >= (BigInt(at) * total) / BigInt(wanted)).toBe(true)
          expect(index < (BigInt(at + 1) * total) / BigInt(wanted)).toBe(true)
        }
      },
    )
    assert(check)
  })

  it('reaches low digits of numbers that are not exact in JavaScript', () => {
    const indices = [...spread(10n ** 30n, 500, createRandom(1))]
    expect(new Set(indices.map((index) => index % 10n)).size).toBe(10)
  })
})

describe('digitsOf', () => {
  it('gives each index digits of its own', () => {
    const bases = array(integer({ min: 1, max: 4 }), { maxLength: 5 })
    const check = property(bases, (each) => {
      const all = [...spread(productOf(each), 5000, createRandom(1))].map((index) => digitsOf(index, each).join(' '))
      expect(new Set(all).size).toBe(Number(productOf(each)))
    })
    assert(check)
    expect(digitsOf(7n, [2, 2, 3])).toEqual([1, 0, 1])
  })
})
