import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { GreenloopError } from '../domain/errors.ts'
import { compile } from './compile.ts'
import { prepare } from './conflict.ts'
import { formatRows } from './format.ts'
import { readJsonModel, readModelObject } from './json-model.ts'
import { combinationSchema, type CombinationInput } from './json-schema.ts'
import { modelArbitrary } from './model.fixture.ts'
import { readModel } from './model-read.ts'
import { printConstraint } from './pict-print.ts'

function problemsOf(read: () => unknown) {
  try {
    read()
  } catch (error) {
    if (!(error instanceof GreenloopError)) throw error
    expect(error.code).toBe('model_invalid')
    return error.problems.map(({ message, place, help }) => {
      const where = place?.line === undefined ? place?.file : `${place.line}:${place.column}`
      return [where, message, ...(help === undefined ? [] : [help])]
    })
  }
  return []
}

describe('readModelObject', () => {
  it('reads the constraints of every PICT model as texts', () => {
    fc.assert(
      fc.property(modelArbitrary(), (model) => {
        const input: CombinationInput = {
          caseSensitive: model.caseSensitive,
          parameters: Object.fromEntries(
            model.parameters.map(({ name, values }) => [
              name,
              values.map(({ text, json, aliases, negative, weight }) => ({
                value: json ?? text,
                aliases: [...aliases],
                negative,
                weight,
              })),
            ]),
          ),
          constraints: model.constraints.map((constraint) => printConstraint(constraint, model.parameters)),
        }
        const read = readModelObject(input).model
        expect(read.parameters).toEqual(model.parameters)
        expect(compile(read).forbidden).toEqual(compile(model).forbidden)
      }),
      { numRuns: 300 },
    )
  })

  it('gives conditions as objects the meaning of their text', () => {
    const { model, warnings } = readModelObject({
      parameters: {
        OS: ['linux', 'mac', { value: 'beos', negative: true }],
        RAM: [1, 2, 4],
        Swap: [1, 2],
        Debug: [true, false, null],
      },
      constraints: [
        {
          if: { parameter: 'OS', is: '=', value: 'linux' },
          // oxlint-disable-next-line no-thenable
          then: { parameter: 'RAM', is: '>=', value: 2 },
          else: { parameter: 'Debug', is: '<>', value: null },
        },
        {
          or: [
            { parameter: 'OS', is: 'like', value: '*a*' },
            { parameter: 'OS', is: 'not in', values: ['mac'] },
            { parameter: 'OS', is: 'negative' },
          ],
        },
        {
          not: {
            and: [
              { parameter: 'RAM', is: '<', other: 'Swap' },
              { parameter: 'Debug', is: '=', value: true },
            ],
          },
        },
        'if [debug] = "TRUE" then [RAM] > 1',
      ],
    })
    expect(warnings).toEqual([])
    expect(model.constraints.map(({ text, place }) => [place.file, text])).toEqual([
      ['model.constraints.0', 'IF [OS] = "linux" THEN [RAM] >= 2 ELSE [Debug] <> "null"'],
      ['model.constraints.1', '[OS] LIKE "*a*" OR [OS] NOT IN { "mac" } OR IsNegative(OS)'],
      ['model.constraints.2', 'NOT ([RAM] < [Swap] AND [Debug] = "true")'],
      ['model.constraints.3', 'if [debug] = "TRUE" then [RAM] > 1'],
    ])
  })

  it('keeps numbers, booleans and null as they are in rows', () => {
    const { model } = readModelObject({ parameters: { a: [1, 2.5], b: [true, null, 'x'], c: ['1', '02'] } })
    expect(model.parameters.map(({ numeric }) => numeric)).toEqual([true, false, true])
    expect(
      JSON.parse(
        formatRows(
          model,
          [
            [0, 0, 0],
            [1, 1, 1],
            [1, 2, 1],
          ],
          'json',
        ),
      ),
    ).toEqual([
      { a: 1, b: true, c: '1' },
      { a: 2.5, b: null, c: '02' },
      { a: 2.5, b: 'x', c: '02' },
    ])
  })

  it('takes strengths of the model and of sub-models', () => {
    const { model } = readModelObject({
      parameters: { a: [1], b: [1], c: [1] },
      strength: 3,
      subModels: [{ parameters: ['c', 'A'], strength: 1 }, { parameters: ['a', 'b'] }],
    })
    expect(model.strength).toBe(3)
    expect(model.subModels).toEqual([
      { parameters: [0, 2], strength: 1 },
      { parameters: [0, 1], strength: 2 },
    ])
  })
})

describe('readJsonModel', () => {
  it('names every problem with line and column, inside constraint texts as well', () => {
    const text = `{
  "parameters": { "OS": ["linux", "mac"], "RAM": [1, 2], "os": ["x"] },
  "subModels": [{ "parameters": ["OS", "RAN"] }],
  "constraints": [
    "IF [OS] = \\"linux\\" THEN [RAN] = 1",
    "IF [OS] = \\"linux\\" [RAM] = 1",
    { "parameter": "RAM", "is": "=", "value": "one" },
    { "parameter": "RAM", "is": "like", "value": "1*" },
    ""
  ]
}`
    expect(problemsOf(() => readJsonModel(text, 'm.json'))).toEqual([
      ['2:64', 'there is a parameter `os` already'],
      ['3:40', 'there is no parameter `RAN`', 'did you mean `RAM`?'],
      ['5:31', 'there is no parameter `RAN`', 'did you mean `RAM`?'],
      ['6:26', 'THEN should stand here'],
      ['7:5', '`RAM` has numbers for values and cannot be compared with "one"', 'write a number without quotes'],
      ['8:5', '`like` compares texts with a pattern', '`RAM` has numbers for values; use = <> < <= > >= or in'],
      ['9:6', 'this constraint is empty'],
    ])
  })

  it('says what does not fit the form, where it stands', () => {
    expect(
      problemsOf(() =>
        readJsonModel('{ "parameters": { "a": [1, { "value": 2, "wait": 3 }] }, "constraint": [] }', 'm'),
      ),
    ).toEqual([
      ['1:28', 'parameters.a[1]: Unrecognized key: "wait"'],
      ['1:1', 'Unrecognized key: "constraint"'],
    ])
    expect(problemsOf(() => readJsonModel('{ "parameters": { "a": [] } }', 'm'))[0]?.[0]).toBe('1:24')
    expect(
      problemsOf(() =>
        readJsonModel(
          '{ "parameters": { "a": [1] }, "constraints": [{ "parameter": "a", "is": "equals", "value": 1 }] }',
          'm',
        ),
      )[0]?.[0],
    ).toMatch(/^1:/u)
    expect(problemsOf(() => readJsonModel('{ "parameters": {} }', 'm'))).toEqual([
      ['1:17', 'the model has no parameters'],
    ])
    expect(problemsOf(() => readJsonModel('{ "parameters": ', 'm'))[0]?.[0]).toBe('1:17')
    expect(() => readJsonModel('['.repeat(200), 'm')).toThrow('nested')
  })

  it('never fails but with model_invalid', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => void problemsOf(() => readJsonModel(text, 'm'))),
      { numRuns: 1000 },
    )
  })
})

describe('combinationSchema', () => {
  it('can be written as a JSON schema', () => {
    const schema = z.toJSONSchema(combinationSchema, { target: 'draft-2020-12', io: 'input' })
    expect(schema).toMatchObject({ title: 'Combination model', required: ['parameters'] })
    expect(Object.keys(schema.$defs ?? {})).toEqual(['condition'])
  })
})

describe('readModel', () => {
  it('tells both forms apart', () => {
    const json = '{ "parameters": { "a": [1, 2] } }'
    const texts: readonly (readonly [string, string])[] = [
      [json, 'm'],
      ['{\n"parameters": { "a": [1, 2] } }', 'm'],
      [json, 'm.JSON'],
      ['a: 1, 2', 'm'],
      ['a: 1, 2\n{ a } @ 1', 'm.txt'],
    ]
    for (const [text, file] of texts) expect(readModel(text, { file }).model.parameters[0]?.name).toBe('a')
  })
})

describe('the examples of the documentation', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/combinations.md'), 'utf8')
  const blocks = [...page.matchAll(/^```\w*\n([^]*?)^```$/gmu)].map(([, block = '']) => block)
  const models = blocks.filter((block) => block.startsWith('{') || block.includes('OS:'))

  it('are models without a problem', () => {
    expect(models.length).toBe(2)
    for (const text of models) {
      const { model, warnings } = readModel(text, { file: 'example' })
      expect([...warnings, ...prepare(model).warnings]).toEqual([])
      expect(model.constraints.length).toBeGreaterThan(1)
    }
  })
})
