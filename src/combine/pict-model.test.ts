import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GreenloopError, type Problem } from '../domain/errors.ts'
import { formatError } from '../lib/frame.ts'
import { modelArbitrary } from './model.fixture.ts'
import { readPict } from './pict-model.ts'
import { printPict } from './pict-print.ts'

const read = (text: string, options: { caseSensitive?: boolean; strength?: number } = {}) =>
  readPict(text, { file: 'a.pict', ...options })

function problemsOf(text: string): readonly Problem[] {
  try {
    read(text)
  } catch (error) {
    if (error instanceof GreenloopError) return error.problems
    throw error
  }
  return []
}

const placed = (problems: readonly Problem[]) =>
  problems.map(({ message, place, help }) => [
    `${place?.line}:${place?.column}`,
    message,
    ...(help === undefined ? [] : [help]),
  ])

describe('readPict', () => {
  it('gives back every model that was printed', () => {
    fc.assert(
      fc.property(modelArbitrary(), (model) => {
        const text = printPict(model)
        const again = read(text, { caseSensitive: model.caseSensitive }).model
        expect(again.parameters).toEqual(model.parameters)
        const bare = ({ when, must, otherwise }: (typeof model.constraints)[number]) => ({ when, must, otherwise })
        expect(again.constraints.map(bare)).toEqual(model.constraints.map(bare))
        expect(printPict(again)).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })

  it('never fails but with model_invalid, whatever it is given', () => {
    const pieces = fc.constantFrom(
      'IF',
      '[A]',
      '=',
      '"x"',
      ';',
      '(',
      ')',
      '{',
      '}',
      'IN',
      ',',
      '\n',
      'A: 1, 2',
      'NOT',
      '~',
      '|',
      '#',
      '<',
      '5',
      'isnegative(',
      '\\',
      '"',
    )
    const any = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((list) => `A: 1, 2\n${list.join(' ')}`),
    )
    fc.assert(
      fc.property(any, (text) => {
        try {
          read(text)
        } catch (error) {
          expect(error).toMatchObject({ code: 'model_invalid' })
          for (const { place } of (error as GreenloopError).problems) {
            const lines = text.replace(/^\uFEFF/u, '').split('\n')
            const line = lines.at((place?.line ?? 0) - 1)?.replace(/\r$/u, '')
            expect(line).toBe(place?.text)
          }
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('reads every part of the language', () => {
    const text = `\uFEFF# Platforms\r
OS : linux, Win 10 | Windows (10), ~beos\r
RAM: 1, 2.5, 0x10
Copy: <OS>, amiga
ключ: да, нет

{ OS, RAM, Copy } @ 3
{ OS, ключ }

# what goes together
IF [os] = "LINUX" AND NOT ([RAM] < 2 OR [RAM] IN {2.5, 16})
THEN [Copy] LIKE "*i?*" # of all things
ELSE [Copy] <> [OS];
isNegative(OS) OR IsPositive();
[OS] NOT IN {"linux", 'beos'} OR [Copy] NOT LIKE "a*";
`
    const { model, warnings } = read(text)
    expect(warnings).toEqual([])
    expect(model.parameters.map(({ name, numeric }) => [name, numeric])).toEqual([
      ['OS', false],
      ['RAM', true],
      ['Copy', false],
      ['ключ', false],
    ])
    expect(model.parameters[0]?.values).toEqual([
      { text: 'linux', aliases: [], negative: false, weight: 1 },
      { text: 'Win 10', aliases: ['Windows'], negative: false, weight: 10 },
      { text: 'beos', aliases: [], negative: true, weight: 1 },
    ])
    expect(model.parameters[1]?.values.map(({ number, json }) => [number, json])).toEqual([
      [1, 1],
      [2.5, 2.5],
      [16, undefined],
    ])
    expect(model.parameters[2]?.values.map((value) => value.text)).toEqual(['linux', 'Win 10', 'beos', 'amiga'])
    expect(model.subModels).toEqual([
      { parameters: [0, 1, 2], strength: 3 },
      { parameters: [0, 3], strength: 2 },
    ])
    expect(model.constraints.map((constraint) => [constraint.place.line, constraint.text])).toEqual([
      [11, 'IF [os] = "LINUX" AND NOT ([RAM] < 2 OR [RAM] IN {2.5, 16}) THEN [Copy] LIKE "*i?*" ELSE [Copy] <> [OS]'],
      [14, 'isNegative(OS) OR IsPositive()'],
      [15, `[OS] NOT IN {"linux", 'beos'} OR [Copy] NOT LIKE "a*"`],
    ])
  })

  it('binds NOT before AND before OR', () => {
    const { constraints } = read('A: 1, 2\nB: 1, 2\nNOT [A] = 1 AND [B] = 1 OR [A] = 2;').model
    const compare = (parameter: number, value: number) => ({ kind: 'compare', parameter, relation: '=', value })
    expect(constraints[0]?.must).toEqual({
      kind: 'or',
      parts: [{ kind: 'and', parts: [{ kind: 'not', part: compare(0, 1) }, compare(1, 1)] }, compare(0, 2)],
    })
  })

  it('names every problem with line, column and the name that was probably meant', () => {
    const text = `OS: linux, windows
OS: mac
Size: 1, 2
Empty:
{ OS, Sise } @ 2
{ OS, Size } @ 5
IF [OSS] = "linux" THEN [Size] = "1";
[OS] != "linux";
IF [OS] = "linux" [Size] = 1;
[Size] LIKE "1*";
[OS] = [Size];
[Size] > 1
IF [OS] = "linux" THEN [Size] = 1;
[OS] IN {"linux", windows};
[OS] = "linux`
    expect(placed(problemsOf(text))).toEqual([
      ['2:1', 'there is a parameter `OS` already'],
      ['4:1', '`Empty` has no values'],
      ['5:7', 'there is no parameter `Sise`', 'did you mean `Size`?'],
      ['6:1', 'the strength of this sub-model must be a whole number from 1 to 2', 'it has 2 parameters'],
      ['7:4', 'there is no parameter `OSS`', 'did you mean `OS`?'],
      ['7:34', '`Size` has numbers for values and cannot be compared with "1"', 'write a number without quotes'],
      ['8:6', '`!=` has no meaning here', 'write <>'],
      ['9:19', 'THEN should stand here'],
      [
        '10:13',
        'LIKE compares texts with a pattern in quotes',
        '`Size` has numbers for values; use = <> < <= > >= or IN',
      ],
      ['11:1', 'a number cannot be compared with a text', '`Size` has numbers for values, `OS` has texts'],
      ['12:10', 'a semicolon is missing at the end of this constraint'],
      ['14:19', '`windows` is no word of the constraint language', 'parameters are written [windows], texts "windows"'],
      ['15:8', 'this text has no closing quote'],
    ])
  })

  it('shows the line with the mistake underlined', () => {
    const text = 'OS: linux, mac\nIF [OSS] = "linux" THEN [OS] <> "mac";'
    try {
      read(text)
      expect.unreachable()
    } catch (error) {
      const shown = formatError(
        { id: 'GL0206', message: (error as Error).message, problems: (error as GreenloopError).problems },
        { colour: false, width: 80 },
      )
      expect(shown.split('\n')).toEqual([
        'error[GL0206]: there is no parameter `OSS`',
        '  --> a.pict:2:4',
        '2 | IF [OSS] = "linux" THEN [OS] <> "mac";',
        '  |    ^^^^^ did you mean `OS`?',
      ])
    }
  })

  it('warns of what has a meaning but hardly the meant one', () => {
    const text = `OS: linux | gnu, mac, MAC, , <Nowhere>
Size: 1, 2
IF [OS] = "linus" THEN [Size] > 0;
IF [OS] = "gnu" THEN [Size] <= 0;
[Size] = [Size];
[OS] IN {"mac", "amiga"};`
    const { warnings } = read(text)
    expect(placed(warnings)).toEqual([
      ['1:28', 'a value is empty', 'remove the comma, unless an empty value is meant'],
      ['1:30', 'there is no parameter `Nowhere` above to copy values from; this is taken as a value'],
      ['1:1', '`OS` has the value `MAC` twice'],
      ['3:11', '`OS` has no value "linus"', 'did you mean `linux`?'],
      ['3:24', 'this holds for every value of `Size`'],
      ['4:11', '`OS` has no value "gnu"', 'only the first name of a value counts here: write "linux"'],
      ['4:22', 'this holds for no value of `Size`'],
      ['5:1', '`Size` is compared with itself'],
      ['6:17', '`OS` has no value "amiga"'],
    ])
  })

  it('takes other separators and case', () => {
    const { model } = readPict('a; 1,5; !x / y\nA; q', {
      file: 'm',
      caseSensitive: true,
      separators: { values: ';', aliases: '/', negative: '!' },
    })
    expect(
      model.parameters.map(({ name, values }) => [
        name,
        ...values.map(({ text, aliases, negative }) => [text, ...aliases, negative]),
      ]),
    ).toEqual([
      ['a', ['1,5', false], ['x', 'y', true]],
      ['A', ['q', false]],
    ])
  })
})
