import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globMatcher } from './glob.ts'

const matches = (glob: string, path: string): boolean => globMatcher([glob])(path)

describe('a glob', () => {
  it.each([
    ['a.py', 'a.py'],
    ['*.py', 'a.py'],
    ['a?c', 'abc'],
    ['src/**', 'src/a/b.py'],
    ['src/', 'src/a/b.py'],
    ['/src/*.py', 'src/a.py'],
    ['./src/*.py', 'src/a.py'],
    ['**/a.py', 'a.py'],
    ['**/a.py', 'x/y/a.py'],
    ['src/**/a.py', 'src/a.py'],
    ['src/**/a.py', 'src/x/y/a.py'],
    ['**/x/**/y', 'a/x/b/x/c/y'],
    ['*.{js,ts}', 'a.ts'],
    ['{a,b}/{c,d}.py', 'b/c.py'],
    ['**', 'a/b'],
    ['a*b*c', 'a__b__b__c'],
  ])('%s means %s', (glob, path) => {
    expect(matches(glob, path)).toBe(true)
  })

  it.each([
    ['*.py', 'src/a.py'],
    ['src/**', 'src'],
    ['src/**', 'srcs/a'],
    ['a?c', 'a/c'],
    ['src/*', 'src/a/b'],
    ['*.{js,ts}', 'a.tsx'],
    ['a*b', 'ab/c'],
    ['', 'a'],
    ['[ab].py', 'a.py'],
  ])('%s does not mean %s', (glob, path) => {
    expect(matches(glob, path)).toBe(false)
  })

  it('takes bounded time, whatever it is', () => {
    const started = performance.now()
    matches('*a'.repeat(500), 'a'.repeat(5_000))
    matches('**/a/'.repeat(300), 'a/'.repeat(2_000))
    matches('{a,b}'.repeat(1_000), 'a'.repeat(1_000))
    matches('{'.repeat(50_000), 'a')
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

const isFit = (glob: string, path: string): boolean => globMatcher([glob])(path)

describe('one glob', () => {
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
    expect(isFit(glob, path)).toBe(fits)
  })

  it('fits every path that it was made from by putting stars over parts', () => {
    const part = fc.stringMatching(/^[a-c]{1,5}$/)
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.nat(), (parts, seed) => {
        const glob = parts.map((text, at) => ((seed >> at) % 2 === 0 ? '*' : `${text.slice(0, 1)}*`)).join('/')
        expect(isFit(glob, parts.join('/'))).toBe(true)
      }),
    )
  })

  it('ends soon on hostile ones', () => {
    expect(isFit(`${'*a'.repeat(2000)}b`, 'a'.repeat(100_000))).toBe(false)
    expect(isFit('**/'.repeat(200).concat('x'), 'a/'.repeat(200))).toBe(false)
  }, 2000)
})
