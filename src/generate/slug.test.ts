import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slugOf, uniqueNamer } from './slug.ts'

describe('slugOf', () => {
  it.each([
    ['Adds two numbers', 'adds_two_numbers'],
    ['Среднее арифметическое', 'srednee_arifmeticheskoe'],
    ['Crème brûlée, s’il vous plaît', 'creme_brulee_sil_vous_plait'],
    ['计算百分比', ''],
    ['объект', 'obekt'],
  ])('makes %s into "%s"', (text, slug) => {
    expect(slugOf(text)).toBe(slug)
  })

  it('holds nothing but ASCII words, cut at the limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 5, max: 40 }), (text, limit) => {
        const slug = slugOf(text, limit)
        expect(slug).toMatch(/^([a-z0-9]+(_[a-z0-9]+)*)?$/u)
        expect(slug.length).toBeLessThanOrEqual(limit)
      }),
    )
  })
})

describe('uniqueNamer', () => {
  it('never gives a name twice', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'a_2', 'b', 'a_3')), (names) => {
        const unique = uniqueNamer(['b'])
        const given = names.map(unique)
        expect(new Set([...given, 'b']).size).toBe(given.length + 1)
      }),
    )
  })
})
