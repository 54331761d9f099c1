import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globFits } from './ci-glob.ts'

describe('a glob', () => {
  it.each([
    ['a.xml', 'a.xml', true],
    ['*.xml', 'a.xml', true],
    ['*.xml', 'b/a.xml', false],
    ['**/*.xml', 'a.xml', true],
    ['**/*.xml', 'b/c/a.xml', true],
    ['b/**', 'b/c/a.xml', true],
    ['?.xml', 'ab.xml', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a', 'a/b', false],
  ])('%s on %s: %s', (glob, path, fits) => {
    expect(globFits(glob, path)).toBe(fits)
  })

  it('fits every path that it was made from by putting stars over parts', () => {
    const part = fc.stringMatching(/^[a-c]{1,5}$/)
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(), (parts, seed) => {
        const glob = parts.map((text, at) => ((seed >> at) % 2 === 0 ? '*' : `${text.slice(0, 1)}*`)).join('/')
        expect(globFits(glob, parts.join('/'))).toBe(true)
      }),
    )
  })

  it('ends soon on hostile ones', () => {
    expect(globFits(`${'*a'.repeat(2000)}b`, 'a'.repeat(100_000))).toBe(false)
    expect(globFits('**/'.repeat(200).concat('x'), 'a/'.repeat(200))).toBe(false)
  }, 2000)
})
