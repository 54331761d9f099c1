import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../tests/fixtures/executions.ts'
import { fingerprintOf, normaliseError } from './fingerprint.ts'

describe('normaliseError', () => {
  it.each([
    ['connection refused by 127.0.0.1:45123', 'connection refused by <n>:<n>'],
    ['at 2026-11-21T05:02:03.123Z it broke', 'at <time> it broke'],
    ['order 3f2504e0-4f89-11d3-9a0c-0305e82c3301 lost', 'order <uuid> lost'],
    ['object at 0x7f3a2b1c', 'object at <hex>'],
    ['no file /tmp/pytest-of-ada/x.txt:12', 'no file <path>'],
    ['no file C:\\Users\\ada\\x.txt here', 'no file <path> here'],
    ['in src/calc/add.py:12 there', 'in <path> there'],
    ['KeyError: \'alice\' or "bob" or `carol`', 'KeyError: <value> or <value> or <value>'],
    ['commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b', 'commit <hex>'],
    ["don't and can't stay", "don't and can't stay"],
    ['expected -3.5 to be 4e10', 'expected <n> to be <n>'],
  ])('turns %j into %j', (text, normalised) => {
    expect(normaliseError(text)).toBe(normalised)
  })

  it('reads three lines at most and ignores blank ones and terminal colours', () => {
    expect(normaliseError('\n\u001b[31ma\u001b[0m\n\n b \nc\nd')).toBe('a\nb\nc')
  })

  it('ends on any text and gives a bounded one', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.constantFrom("'", '"', '/a', '0', 'a/', '-', '`').map((piece) => piece.repeat(20_000)),
    )
    fc.assert(fc.property(texts, (text) => normaliseError(text).length <= 500))
  })
})

describe('fingerprintOf', () => {
  it('is the same when only numbers, times and values differ', () => {
    const one = failure({ message: "row 17 has 'x' at 2026-01-02 03:04:05" })
    const two = failure({ message: "row 99 has 'why' at 2026-11-21 13:14:15", line: 3 })
    expect(fingerprintOf(one)).toBe(fingerprintOf(two))
  })

  it('differs for another type or another message', () => {
    const prints = [failure(), failure({ type: 'KeyError' }), failure({ message: 'nothing' })].map(fingerprintOf)
    expect(new Set(prints).size).toBe(3)
  })

  it('looks at the end of the trace where there is no message', () => {
    const prints = ['a: broken pipe', 'b: no space'].map((trace) => fingerprintOf(failure({ message: '', trace })))
    expect(new Set(prints).size).toBe(2)
  })
})
