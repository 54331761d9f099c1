import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GreenloopError } from '../domain/errors.ts'
import { formatRows } from './format.ts'
import type { Model, ModelValue } from './model.ts'
import { modelArbitrary } from './model.fixture.ts'
import { readPict } from './pict-model.ts'
import { readRows, type RowOptions } from './rows.ts'
import type { RowFormat } from './rows-table.ts'

const formats: readonly RowFormat[] = ['text', 'csv', 'json', 'markdown']
const model = readPict('OS: linux | gnu, Win 10, ~beos\nRAM: 1, 2.5, 16\nx: a, b', { file: 'm' }).model
const read = (text: string, options: Partial<RowOptions> = {}) =>
  readRows(text, model, { file: 'rows', unknown: 'refuse', ...options })
const valuesOf = (text: string, options: Partial<RowOptions> = {}) =>
  read(text, options).rows.map(({ values }) => [...values])

describe('formatRows and readRows', () => {
  it('give back rows in every format, open cells included', () => {
    const rowsOf = (own: Model) =>
      fc.array(fc.tuple(...own.parameters.map(({ values }) => fc.integer({ min: -1, max: values.length - 1 }))), {
        maxLength: 8,
      })
    const both = modelArbitrary(0).chain((own) => fc.tuple(fc.constant(own), rowsOf(own), fc.constantFrom(...formats)))
    fc.assert(
      fc.property(both, ([own, rows, format]) => {
        const some = rows.filter((row) => format === 'json' || row.some((value) => value !== -1))
        const text = formatRows(own, some, format)
        const again = readRows(text, own, { file: 'r', format, unknown: 'refuse' }).rows
        expect(again.map(({ values }) => [...values])).toEqual(some)
      }),
      { numRuns: 1000 },
    )
  })

  it('give back values of any text, and JSON values of their own type', () => {
    const plain = { aliases: [], negative: false, weight: 1 }
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('a,b', '"', 'a"b', 'a|b', '\\', '\\|', ' x ', 'a\nb', '<b>', '_', '=1', "'", ';'),
    )
    const values = fc.uniqueArray(text, {
      minLength: 1,
      maxLength: 5,
      selector: (each) => each.toUpperCase().replace(/\s+/gu, ' ').trim(),
    })
    fc.assert(
      fc.property(values, fc.constantFrom(...formats), (texts, format) => {
        const own: Model = {
          parameters: [
            {
              name: 'a, "b" | \\',
              numeric: false,
              values: texts.map((each): ModelValue => ({ text: each, ...plain })),
            },
            {
              name: 'z',
              numeric: false,
              values: [
                { text: 'true', json: true, ...plain },
                { text: 'null', json: null, ...plain },
              ],
            },
          ],
          subModels: [],
          constraints: [],
          caseSensitive: false,
        }
        const rows = texts.map((_, index) => [index, index % 2])
        const again = readRows(formatRows(own, rows, format), own, { file: 'r', format, unknown: 'refuse' }).rows
        expect(again.map((row) => [...row.values])).toEqual(rows)
      }),
      { numRuns: 500 },
    )
  })

  it('writes each format in its own way, and the names of a value in turn', () => {
    const rows = [
      [0, 1, 0],
      [0, 2, 1],
      [2, -1, 0],
    ]
    expect(formatRows(model, rows, 'text')).toBe('OS\tRAM\tx\nlinux\t2.5\ta\ngnu\t16\tb\n~beos\t\ta\n')
    expect(formatRows(model, rows, 'csv')).toBe('OS,RAM,x\nlinux,2.5,a\ngnu,16,b\n~beos,,a\n')
    expect(formatRows(model, rows, 'markdown')).toBe(
      '| OS | RAM | x |\n| --- | --- | --- |\n| linux | 2.5 | a |\n| gnu | 16 | b |\n| ~beos |  | a |\n',
    )
    expect(JSON.parse(formatRows(model, rows, 'json'))).toEqual([
      { OS: 'linux', RAM: 2.5, x: 'a' },
      { OS: 'gnu', RAM: 16, x: 'b' },
      { OS: 'beos', RAM: null, x: 'a' },
    ])
    expect(JSON.parse(formatRows(model, [], 'json'))).toEqual([])
  })
})

describe('readRows', () => {
  it('takes columns in any order, names of any case, aliases, and values with or without their mark', () => {
    expect(valuesOf('x\tos\tram\nB\tGNU\t16.0\na\tbeos\t\na\t~beos\n')).toEqual([
      [0, 2, 1],
      [2, -1, 0],
      [2, -1, 0],
    ])
  })

  it('tells the format from the name or else from the beginning of the file', () => {
    const wanted = [[1, 0, 1]]
    expect(valuesOf('\uFEFFOS,RAM,x\r\n"Win 10",1,b\r\n')).toEqual(wanted)
    expect(valuesOf('OS;RAM;x\nWin 10;1;b', { file: 'rows.csv' })).toEqual(wanted)
    expect(valuesOf('# Rows\n\n| OS | RAM | x |\n|:--|--:|---|\n| Win 10 | 1 | b |\n\nEnd.', { file: 'a.md' })).toEqual(
      wanted,
    )
    expect(valuesOf('{ "rows": [{ "x": "b", "OS": "Win 10", "RAM": 1 }] }')).toEqual(wanted)
  })

  it('keeps the lines of rows and the results beside them', () => {
    const { rows } = read('OS,RAM,x,result\n\nlinux,1,a,pass\n"Win\n 10",1,b,\nlinux,16,a,FAIL', {
      outcome: 'Result',
      unknown: 'skip',
    })
    expect(rows.map(({ line, outcome }) => [line, outcome])).toEqual([
      [3, 'pass'],
      [4, undefined],
      [6, 'FAIL'],
    ])
  })

  it('refuses what the model does not have, with lines and near names', () => {
    const text = 'OS,RAN,x\nlinux,1,a\nlinus,1,c\nlinux,1\n'
    const problem = (message: string, line: number, help?: string) => ({
      message,
      place: { file: 'rows', line },
      ...(help && { help }),
    })
    expect(() => read(text)).toThrow(
      expect.objectContaining<Partial<GreenloopError>>({
        code: 'rows_invalid',
        problems: [
          problem('the model has no parameter `RAN`', 1, 'did you mean `RAM`?'),
          problem('there is no column for `RAM`', 1),
          problem('line 3: `OS` has no value `linus`', 3, 'did you mean `linux`?'),
          problem('line 3: `x` has no value `c`', 3),
          problem('line 4 has 2 cells, not 3', 4),
        ],
      }),
    )
    expect(() => read('OS,RAM,x\n"linux,1,a\n')).toThrow('line 2: a quote is not closed')
    expect(() => read('[{"OS": 1]', { file: 'a.json' })).toThrow('line 1')
    expect(() => read('[5]')).toThrow('line 1: a row should be an object')
    expect(() => read('OS,OS\nlinux,linux')).toThrow('3 problems')
  })

  it('leaves out what the model no longer has, where that is wished', () => {
    const { rows, warnings } = read('OS,Old,x\namiga,1,b', { unknown: 'skip' })
    expect(rows.map(({ values }) => [...values])).toEqual([[-1, -1, 1]])
    expect(warnings.map(({ message }) => message)).toEqual([
      'the model has no parameter `Old`',
      'there is no column for `RAM`',
      'line 2: `OS` has no value `amiga`',
    ])
  })

  it('takes an empty cell for an empty value where the parameter has one', () => {
    const own = readPict('a: , x\nb: 1, 2', { file: 'm' }).model
    const { rows } = readRows('a\tb\n\t2\nx\t', own, { file: 'r', unknown: 'refuse' })
    expect(rows.map(({ values }) => [...values])).toEqual([
      [0, 1],
      [1, -1],
    ])
  })
})
