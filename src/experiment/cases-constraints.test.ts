import { describe, expect, it } from 'vitest'
import { nameTest, namesOf } from './cases-constraints.ts'

describe('namesOf', () => {
  it('finds the parameters of a text, and nothing in its quotes', () => {
    expect(namesOf('IF [OS] = "[linux]" AND [ Shell ] IN {\'[a]\', "b"} THEN [x\\]y] > [z];')).toEqual([
      'OS',
      'Shell',
      'x]y',
      'z',
    ])
    expect(namesOf('IsNegative(size) OR isPositive([lang])')).toEqual(['size', 'lang'])
  })

  it('finds the parameters of a condition, however deep', () => {
    const term = { parameter: 'a', is: '=', value: '[v]' }
    const other = { parameter: 'b', is: '<', other: 'c' }
    expect(
      namesOf({ if: { and: [term, { not: other }] }, else: { or: [{ parameter: 'd', is: 'in', values: ['e'] }] } }),
    ).toEqual(['a', 'b', 'c', 'd'])
    expect(namesOf(7)).toEqual([])
  })
})

describe('nameTest', () => {
  it('takes upper and lower case for the same', () => {
    const isNamed = nameTest(['[Lang] = 1'])
    expect(isNamed('lang')).toBe(true)
    expect(isNamed('land')).toBe(false)
  })
})
