import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endOfString, scanJson } from './json-guard.ts'

describe('scanJson', () => {
  it('names the bracket that goes too deep', () => {
    expect(scanJson('[[[1]]]', 3).tooDeepAt).toBeUndefined()
    expect(scanJson('[[[1]]]', 2).tooDeepAt).toBe(2)
  })

  it('does not count brackets inside of texts', () => {
    expect(scanJson('["[[[[\\"[[[", "\\\\"]', 1).tooDeepAt).toBeUndefined()
  })

  it('answers for a hundred thousand open brackets', () => {
    expect(scanJson('['.repeat(100_000), 500).tooDeepAt).toBe(500)
  })

  it('finds keys that stand twice in one object, also when one of them is escaped', () => {
    const text = '{"a":1,"b":{"a":2},"\\u0061":[{"a":1},{"a":2}]}'
    expect(scanJson(text, 9).duplicates).toEqual([{ key: 'a', at: 19, first: 1, length: 8 }])
  })

  it('does not take texts in lists for keys', () => {
    expect(scanJson('{"a":["b","b"],"c":"a"}', 9).duplicates).toEqual([])
  })

  it('reports nothing for what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(scanJson(text, 500)).toEqual({ tooDeepAt: undefined, duplicates: [] })
      }),
    )
  })

  it('survives any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'u', 'a') }),
        (text) => void scanJson(text, 5),
      ),
    )
  })
})

describe('endOfString', () => {
  it('stops behind the closing quote, or at the end of the text', () => {
    expect(endOfString('"a\\"b" c', 0)).toBe(6)
    expect(endOfString('"a\\\\" c', 0)).toBe(5)
    expect(endOfString('"abc', 0)).toBe(4)
  })
})
