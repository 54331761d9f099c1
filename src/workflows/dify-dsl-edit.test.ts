import { assert, constantFrom, double, integer, oneof, property, string, array, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { readDsl } from './dify-dsl-document.ts'
import { editDsl } from './dify-dsl-edit.ts'

const head = 'kind: app\napp: {mode: completion}\nmodel_config:\n'
const styles = [
  '  it: plain',
  '  it: two\n    lines',
  "  it: 'single'",
  "  it: 'single\n\n    lines'",
  '  it: "double"',
  '  it: "double\n    \\\n    lines"',
  '  it: |\n    literal\n    text',
  '  it: |-\n      deep\n\n      text\n',
  '  it: |+ # kept\n    text\n\n',
  '  it: |2\n      leading\n    text\n',
  '  it: >-\n    folded\n    text\n',
  '  it: >\n    folded\n\n',
  '  it:',
  '  it: ""',
  '  it: !!str text',
  '  it: {a: 1}\n  it2: x'.replace('{a: 1}', '~'),
  '  ? it\n  : plain',
] as const
const tails = [
  '',
  '\n',
  '\n  next: 1 # comment\n',
  '\n\n  # comment\n  next: |\n    text\n',
  ' # beside\nversion: 0.1.0\n',
] as const

const piece = oneof(
  constantFrom(
    ': ',
    ' #',
    '#',
    '---',
    '...',
    '\n',
    '\n\n',
    ' ',
    '\t',
    '- ',
    '{{#a.b#}}',
    '{',
    '}',
    '[',
    ',',
    '|',
    '>',
    '&',
    '*',
    '!',
    '%',
    '@',
    '`',
    '"',
    "'",
    '\\',
    '\\n',
    '\r',
    '\u0085',
    '\u2028',
    '\uFEFF',
    '\u0000',
    '\u00a0',
    '中文',
    '😀',
    'yes',
    'null',
    '1e3',
    '0x1',
    '2024-01-01',
    '12:30:45',
    '~',
    '=',
  ),
  string({ unit: 'binary', maxLength: 4 }),
)
const text = array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))

describe('editDsl', () => {
  it.each(styles)('puts any text in place of %j and leaves the rest as it is', (style) => {
    assert(
      property(constantFrom(...tails), constantFrom('\n', '\r\n'), text, (tail, newline, value) => {
        const isBlock = /it: [|>]/u.test(style)
        const behind = isBlock ? tail.replace(/^ # beside/u, '') : tail
        const body = style.endsWith('\n') && behind !== '' ? style.slice(0, -1) + behind : style + behind
        const source = (head + body).replaceAll('\n', newline)
        const edited = editDsl(readDsl(source), { path: ['model_config', 'it'], value })
        expect(edited.text.startsWith(head.replaceAll('\n', newline))).toBe(true)
        expect(edited.text.endsWith(behind.trimStart().replaceAll('\n', newline))).toBe(true)
        // The older version of YAML, which servers read, has to see the same text.
        expect(parse(edited.text, { version: '1.1' }).model_config.it).toBe(value)
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    '  list: [a, x]',
    '  list:\n  - a\n  - x\n',
    '  list:\n    - a\n    - |\n      x\n',
    '  list: [a, "x", {b: c}]',
  ])('puts any text in place of an item of %j', (list) => {
    assert(
      property(text, (value) => {
        const edited = editDsl(readDsl(head + list), { path: ['model_config', 'list', 1], value })
        expect((edited.value as { model_config: { list: string[] } }).model_config.list.slice(0, 2)).toEqual([
          'a',
          value,
        ])
      }),
    )
  })

  it('writes numbers so that both versions of YAML read numbers', () => {
    assert(
      property(oneof(double({ noNaN: true, noDefaultInfinity: true }), integer()), (value) => {
        const edited = editDsl(readDsl(`${head}  it: 0.5 # why\n`), { path: ['model_config', 'it'], value })
        expect(edited.text.endsWith(' # why\n')).toBe(true)
        expect(parse(edited.text, { version: '1.1' }).model_config.it).toBe(value)
      }),
    )
  })

  it.each([
    [
      '  model:\n    # first\n    name: x\n',
      '  model:\n    completion_params: {top_p: 0.5}\n    # first\n    name: x\n',
    ],
    ['  model: {name: x}\n', '  model: {completion_params: {top_p: 0.5}, name: x}\n'],
    ['  model: {}\n', '  model: {completion_params: {top_p: 0.5}}\n'],
    ['  model:\n  next: 1\n', '  model: {completion_params: {top_p: 0.5}}\n  next: 1\n'],
    ['  model: {completion_params: }\n', '  model: {completion_params: {top_p: 0.5}}\n'],
    ['  next: 1\n', '  model: {completion_params: {top_p: 0.5}}\n  next: 1\n'],
    [
      '  model:\n    completion_params:\n      seed: 1\n',
      '  model:\n    completion_params:\n      top_p: 0.5\n      seed: 1\n',
    ],
  ])('adds a key to %j', (before, after) => {
    const path = ['model_config', 'model', 'completion_params', 'top_p']
    expect(editDsl(readDsl(head + before), { path, value: 0.5 }).text).toBe(head + after)
  })

  it('changes only what the merge of an anchored map does not share', () => {
    const merged = `base: &base {temperature: 1}\n${head}  it: {<<: *base, top_p: 1}\n`
    const change = (key: string) => editDsl(readDsl(merged), { path: ['model_config', 'it', key], value: 0.5 }).text
    expect(change('top_p')).toBe(merged.replace('top_p: 1', 'top_p: 0.5'))
    expect(change('temperature')).toBe(merged.replace('{<<', '{temperature: 0.5, <<'))
    expect(() => editDsl(readDsl(merged), { path: ['base', 'temperature'], value: 0.5 })).toThrow(
      'shared with other places',
    )
  })

  it('changes the same whatever order the edits come in', () => {
    assert(
      property(tuple(text, text), ([first, second]) => {
        const source = readDsl(`${head}  a: |\n    x\n  b: "y"\n`)
        const [a, b] = [
          { path: ['model_config', 'a'], value: first },
          { path: ['model_config', 'b'], value: second },
        ]
        expect(editDsl(editDsl(source, a), b).text).toBe(editDsl(editDsl(source, b), a).text)
      }),
    )
  })
})
