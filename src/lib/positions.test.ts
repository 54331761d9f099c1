import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lineFinder, parsePositions, type JsonNode } from './positions.ts'

function rebuild(text: string, node: JsonNode): unknown {
  if (node.items !== undefined) return node.items.map((item) => rebuild(text, item))
  if (node.members === undefined) return JSON.parse(text.slice(node.start, node.end))
  return Object.fromEntries([...node.members].map(([key, { value }]) => [key, rebuild(text, value)]))
}

function mistake(text: string): string {
  const found = parsePositions(text)
  return 'error' in found ? `${found.error.start}: ${found.error.message}` : 'none'
}

describe('parsePositions', () => {
  it('gives places from which the whole value can be read again', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const found = parsePositions(text)
        expect('root' in found && rebuild(text, found.root)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('accepts and refuses exactly what JSON.parse does', () => {
    const unit = fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      'u',
      'a',
      '1',
      '-',
      '.',
      'e',
      ' ',
      '\n',
      'true',
      '"a"',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
        let valid = true
        try {
          JSON.parse(text)
        } catch {
          valid = false
        }
        expect('root' in parsePositions(text)).toBe(valid)
      }),
      { numRuns: 2000 },
    )
  })

  it('says what is wrong and where', () => {
    expect(mistake('{"a": 1,}')).toBe('8: a comma stands before the closing brace; JSON does not allow one there')
    expect(mistake('{"a": 1 "b": 2}')).toBe('8: a comma or `}` is missing before this')
    expect(mistake('{"a" 1}')).toBe('5: a colon is missing after this key')
    expect(mistake("{'a': 1}")).toBe('1: JSON wants double quotes around keys')
    expect(mistake('{"a": None}')).toBe('6: `None` is not a JSON value; write true, false or null')
    expect(mistake('[1, 01]')).toBe('4: `01` is not a JSON number')
    expect(mistake('{"a": [1, 2')).toBe('11: the document ends before a closing `]`')
    expect(mistake('{"a": "b\n"}')).toBe('8: a text ends with its line; close the quote or write \\n')
    expect(mistake('["\\x"]')).toBe('2: JSON does not know this escape')
    expect(mistake('["a\\"')).toBe('1: this text has no closing quote')
    expect(mistake('{} // end')).toBe('3: there is more text after the end of the document')
  })
})

describe('lineFinder', () => {
  it('counts lines and columns from 1 and leaves the line break out', () => {
    const find = lineFinder('ab\r\ncd\n\nef')
    expect(find(0)).toEqual({ line: 1, column: 1, text: 'ab' })
    expect(find(5)).toEqual({ line: 2, column: 2, text: 'cd' })
    expect(find(7)).toEqual({ line: 3, column: 1, text: '' })
    expect(find(99).line).toBe(4)
  })

  it('agrees with counting by hand', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\n'), maxLength: 30 }), fc.nat(30), (text, at) => {
        const offset = Math.min(at, text.length)
        const before = text.slice(0, offset).split('\n')
        const found = lineFinder(text)(offset)
        expect([found.line, found.column]).toEqual([before.length, (before.at(-1) ?? '').length + 1])
      }),
    )
  })
})
