import { describe, expect, it } from 'vitest'
import { globMatcher } from './guard-glob.ts'

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
