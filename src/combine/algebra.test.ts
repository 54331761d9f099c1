import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plansFor } from './algebra.ts'
import { createField, primePower } from './algebra-field.ts'
import { missingPairs } from './combine.fixture.ts'
import { orthogonalArray } from './orthogonal.ts'

const orders = [2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 25, 27]

describe('fields', () => {
  it('are fields: each element has an inverse, and products distribute over sums', () => {
    for (const order of orders) {
      const field = createField(order)
      const all = Array.from({ length: order }, (_, a) => a)
      for (const a of all.slice(1)) expect(all.filter((b) => field?.multiply(a, b) === 1)).toHaveLength(1)
      for (const a of all)
        for (const b of all)
          for (const c of [1, 2 % order, order - 1])
            expect(field?.multiply(c, field.add(a, b))).toBe(field?.add(field.multiply(c, a), field.multiply(c, b)))
    }
  })

  it('are there for prime powers only', () => {
    expect([6, 10, 12, 15].map((order) => createField(order) ?? primePower(order))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('constructions', () => {
  it.each(orders)('the orthogonal array of order %i holds every pair once', (order) => {
    const array = orthogonalArray(order)
    expect(array?.rows).toHaveLength(order * order)
    expect(
      missingPairs(
        array?.rows ?? [],
        Array.from({ length: order + 1 }, () => order),
      ),
    ).toBe(0)
  })

  it('every plan gives an array of the size it promises that covers all pairs', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 21 }), fc.integer({ min: 2, max: 60 }), (levels, columns) => {
        for (const plan of plansFor(levels, columns).slice(0, 3)) {
          const base = plan.build()
          const counts = Array.from({ length: columns }, () => levels)
          expect([plan.name, base?.rows.length]).toEqual([plan.name, plan.size])
          expect([plan.name, missingPairs(base?.rows ?? [], counts)]).toEqual([plan.name, 0])
        }
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    [3, 4, 9],
    [3, 20, 15],
    [3, 40, 20],
    [4, 20, 28],
    [5, 10, 36],
    [10, 12, 119],
    [10, 20, 155],
    [15, 17, 254],
    [20, 5, 400],
    [2, 126, 10],
  ])('%i values in %i columns take %i rows', (levels, columns, size) => {
    expect(plansFor(levels, columns)[0]?.size).toBeLessThanOrEqual(size)
  })
})
