import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayWidth, formatError, visible } from './frame.ts'

const plain = { colour: false, width: 80 }
const place = { file: 'suites/calc.json', line: 14, column: 7, length: 9, text: '      "expcted": 3,' }

describe('formatError', () => {
  it('shows id, place, the line with the mistake underlined, reason and help', () => {
    const error = {
      id: 'GL0201',
      message: 'unknown key `expcted`',
      place,
      why: 'keys are a closed set',
      help: 'did you mean `expected`?',
    }
    expect(formatError(error, plain)).toBe(
      [
        'error[GL0201]: unknown key `expcted`',
        '  --> suites/calc.json:14:7',
        '14 |       "expcted": 3,',
        '   |       ^^^^^^^^^ did you mean `expected`?',
        'why:  keys are a closed set',
      ].join('\n'),
    )
  })

  it('puts the help on a line of its own where there is no room or no line', () => {
    const help = 'a help that is too long to stand beside the mark on a narrow terminal'
    expect(formatError({ id: 'GL0201', message: 'm', place, help }, { colour: false, width: 60 })).toContain(
      `\nhelp: ${help}`,
    )
    expect(formatError({ id: 'GL0102', message: 'm', place: { file: 'a' }, help: 'h' }, plain)).toBe(
      'error[GL0102]: m\n  --> a\nhelp: h',
    )
  })

  it('lists the problems one after another, at most twenty', () => {
    const problems = Array.from({ length: 23 }, (_, index) => ({ message: `problem ${index + 1}`, place }))
    const text = formatError(
      { id: 'GL0201', message: '23 problems', problems, help: 'greenloop explain GL0201' },
      plain,
    )
    expect(text).toContain('problem 20')
    expect(text).not.toContain('problem 21')
    expect(text).toMatch(/and 3 more\nhelp: greenloop explain GL0201$/u)
  })

  it('shows a single problem as the error itself', () => {
    const problem = { message: 'm', place, help: 'h' }
    expect(
      formatError({ id: 'GL0201', message: 'm', problems: [problem], help: 'h' }, plain).match(/ h$/gmu),
    ).toHaveLength(1)
  })

  it('counts display columns: two for Chinese, none for combining marks', () => {
    const text = '"用例": "e\u0301x", bad'
    const lines = formatError(
      { id: 'GL0201', message: 'm', place: { file: 'a', line: 1, column: 14, length: 3, text } },
      plain,
    ).split('\n')
    expect(displayWidth((lines[2] ?? '').slice(0, (lines[2] ?? '').indexOf('bad')))).toBe((lines[3] ?? '').indexOf('^'))
  })

  it('clips a long line around what is underlined', () => {
    const text = `${'x'.repeat(3000)}bad!${'y'.repeat(3000)}`
    const lines = formatError(
      { id: 'GL0201', message: 'm', place: { file: 'a', line: 1, column: 3001, length: 4, text } },
      plain,
    ).split('\n')
    expect(displayWidth(lines[2] ?? '')).toBeLessThanOrEqual(80)
    expect((lines[2] ?? '').indexOf('bad!')).toBe((lines[3] ?? '').indexOf('^^^^'))
  })

  it('lets nothing of the input steer the terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(70), fc.nat(70), (text, column, length) => {
        const drawn = formatError(
          { id: 'GL0201', message: text, place: { file: text, line: 1, column: column + 1, length, text }, help: text },
          plain,
        )
        expect(drawn).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })

  it('colours only when asked to', () => {
    expect(formatError({ id: 'GL0201', message: 'm' }, { colour: true, width: 80 })).toContain('\u001b[')
  })
})

describe('visible', () => {
  it('escapes control and bidirectional characters and lone surrogates', () => {
    expect(visible('a\tb\u001b[31m\u202ec\ud800')).toBe('a b\\u{001b}[31m\\u{202e}c\\u{d800}')
  })
})

describe('displayWidth', () => {
  it('knows wide, emoji and combining characters', () => {
    expect(displayWidth('abc')).toBe(3)
    expect(displayWidth('用例')).toBe(4)
    expect(displayWidth('e\u0301')).toBe(1)
    expect(displayWidth('👩‍💻✅')).toBe(4)
    expect(displayWidth('привет')).toBe(6)
  })
})
