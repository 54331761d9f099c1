import { describe, expect, test } from 'vitest'
import type { CheckInput } from '../domain/check.ts'
import { anAnswer, aCase, scored } from './evaluate.fixture.ts'

/** Whether a check passes on a text. */
async function passes(check: CheckInput, text: string, vars: Record<string, unknown> = {}): Promise<boolean | string> {
  const { passed, error } = await scored(check, anAnswer(text, { case: aCase({ vars }) }))
  return passed ?? error ?? 'nothing'
}

describe('equals', () => {
  test.each<[unknown, string, boolean]>([
    ['Paris', 'Paris\n', true],
    ['Paris', ' Paris', false],
    ['Paris', 'paris', false],
    [3, '3', true],
    ['3', '3', true],
    [{ a: 1, b: [1, 2] }, '{"b":[1,2],"a":1}', true],
    [[1, 2], '[2,1]', false],
    [true, 'yes', false],
  ])('%j and %j', async (value, text, same) => {
    expect(await passes({ type: 'equals', value }, text)).toBe(same)
  })

  test('a number of the outputs fits a text that is written like it, and a lone placeholder keeps its type', async () => {
    const trial = anAnswer('', { outputs: { n: 3 }, case: aCase({ vars: { n: 3 } }) })
    expect(await scored({ type: 'equals', on: 'outputs.n', value: '3' }, trial)).toMatchObject({ passed: true })
    expect(await scored({ type: 'equals', on: 'outputs', value: { n: '{{n}}' } }, trial)).toMatchObject({
      passed: true,
    })
  })

  test('case and white space at the ends are left aside on demand', async () => {
    expect(await passes({ type: 'equals', value: 'CAFE\u0301', ignoreCase: true }, '  Café\n')).toBe(true)
  })
})

describe('contains and starts_with', () => {
  test('all or any of several texts', async () => {
    expect(await passes({ type: 'contains', value: ['a', 'b'] }, 'ab')).toBe(true)
    expect(await passes({ type: 'contains', value: ['a', 'x'] }, 'ab')).toBe(false)
    expect(await passes({ type: 'contains', value: ['a', 'x'], mode: 'any' }, 'ab')).toBe(true)
    expect(await passes({ type: 'contains', value: '{{words}}' }, 'tea and milk', { words: ['tea', 'milk'] })).toBe(
      true,
    )
  })

  test('an empty expected text breaks the check, for every answer would pass', async () => {
    expect(await passes({ type: 'contains', value: '{{expected}}' }, 'x', { expected: '' })).toContain('is empty')
    expect(await passes({ type: 'starts_with', value: '' }, 'x')).toContain('is empty')
  })

  test('white space before an answer does not matter to its start', async () => {
    expect(await passes({ type: 'starts_with', value: 'Dear', ignoreCase: true }, '\n dear Ada')).toBe(true)
    expect(await passes({ type: 'starts_with', value: 'Dear' }, 'My Dear')).toBe(false)
  })
})

describe('regex', () => {
  test('a value inside a pattern stands for itself, alone it is the pattern', async () => {
    expect(await passes({ type: 'regex', pattern: '^{{sum}}$' }, '3.50 (EUR)', { sum: '3.50 (EUR)' })).toBe(true)
    expect(await passes({ type: 'regex', pattern: '^{{sum}}$' }, '3x50', { sum: '3.50' })).toBe(false)
    expect(await passes({ type: 'regex', pattern: '{{pattern}}' }, '3x50', { pattern: '^3.50$' })).toBe(true)
  })

  test('flags and escapes are those of JavaScript', async () => {
    expect(await passes({ type: 'regex', pattern: String.raw`^\p{Lu}`, flags: 'u' }, 'Éa')).toBe(true)
    expect(await passes({ type: 'regex', pattern: '^b$', flags: 'im' }, 'a\nB')).toBe(true)
  })

  test('a search without end breaks the check and nothing else', async () => {
    expect(await passes({ type: 'regex', pattern: '^(a|a)*$' }, `${'a'.repeat(60)}!`)).toContain('was not done')
    const schema = { type: 'string', pattern: '^(a+)+$' }
    expect(await passes({ type: 'json_schema', schema }, `"${'a'.repeat(60)}!"`)).toContain('was not done')
  })

  test('each pattern of a schema is its own', async () => {
    const schema = { prefixItems: [{ pattern: '^a' }, { pattern: '^b' }] }
    expect(await passes({ type: 'json_schema', schema }, '["a", "b"]')).toBe(true)
    expect(await passes({ type: 'json_schema', schema }, '["a", "a"]')).toBe(false)
  })
})

describe('JSON', () => {
  test('is the whole text, or one fenced block', async () => {
    expect(await passes({ type: 'is_json' }, ' [1] ')).toBe(true)
    expect(await passes({ type: 'is_json' }, '```json\n{"a": 1}\n```')).toBe(true)
    expect(await passes({ type: 'is_json' }, 'Here it is: {"a": 1}')).toBe(false)
    expect(await passes({ type: 'is_json' }, '')).toBe(false)
  })

  test('follows a schema of either draft, with formats', async () => {
    const schema = { type: 'object', required: ['mail'], properties: { mail: { type: 'string', format: 'email' } } }
    const check = { type: 'json_schema', schema } as const
    expect(await passes(check, '{"mail": "a@example.org"}')).toBe(true)
    const { reason } = await scored(check, anAnswer('{"mail": "nobody"}'))
    expect(reason).toBe('it does not follow the schema: /mail must match format "email"')
    const old = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: [{ type: 'number' }],
      additionalItems: false,
    }
    expect(await passes({ type: 'json_schema', schema: old }, '[1, 2]')).toBe(false)
    const tuple = { prefixItems: [{ const: '{{word}}' }], items: false }
    expect(await passes({ type: 'json_schema', schema: tuple }, '["tea"]', { word: 'tea' })).toBe(true)
  })

  test.each<[Omit<Extract<CheckInput, { type: 'json_path' }>, 'type'>, boolean]>([
    [{ path: '$.items[*].id' }, true],
    [{ path: '$.nothing' }, false],
    [{ path: '$.nothing', count: 0 }, true],
    [{ path: '$.items', count: 2 }, false],
    [{ path: '$.items[*]', count: 2 }, true],
    [{ path: '$.items[?@.id > 1].name', equals: 'milk' }, true],
    [{ path: '$.items[*].name', regex: '^[a-z]+$' }, true],
    [{ path: '$.items[*].id', min: 1, max: 2 }, true],
    [{ path: '$.items[*].id', min: 2 }, false],
    [{ path: '$.tags', contains: 'hot' }, true],
    [{ path: '$.tags', contains: 'ho' }, false],
    [{ path: '$.items[0].name', contains: 'ea' }, true],
    [{ path: '$.items[0].id', equals: '1' }, true],
  ])('json_path %j', async (check, expected) => {
    const text = JSON.stringify({
      items: [
        { id: 1, name: 'tea' },
        { id: 2, name: 'milk' },
      ],
      tags: ['hot'],
    })
    expect(await passes({ type: 'json_path', ...check }, text)).toBe(expected)
  })
})

describe('figures', () => {
  test('a range wants the whole text to be a number, or what a path finds', async () => {
    expect(await passes({ type: 'range', min: 3, max: 4 }, ' 3.5\n')).toBe(true)
    expect(await passes({ type: 'range', min: 3 }, 'about 3.5')).toBe(false)
    expect(await passes({ type: 'range', max: 3, path: '$.n' }, '{"n": 3}')).toBe(true)
    expect(await passes({ type: 'range', max: 3, path: '$.m', not: true }, '{"n": 3}')).toBe(false)
  })

  test('a time that was not measured breaks the check', async () => {
    const trial = anAnswer('', { timing: { totalMs: 900, serverMs: 700 } })
    expect(await scored({ type: 'latency', maxMs: 899 }, trial)).toMatchObject({ passed: false })
    expect(await scored({ type: 'latency', maxMs: 700, of: 'server' }, trial)).toMatchObject({ passed: true })
    expect((await scored({ type: 'latency', maxMs: 700, of: 'ttft' }, trial)).error).toContain(
      '`ttft` was not measured',
    )
  })

  test('costs are compared as decimal numbers, and have to be known', async () => {
    const cost = { amount: '0.30000000000000000001', currency: 'USD', source: 'node' } as const
    expect(await scored({ type: 'cost', max: 0.3 }, anAnswer('', { cost }))).toMatchObject({ passed: false })
    const exact = anAnswer('', { cost: { ...cost, amount: '0.0000001' } })
    expect(await scored({ type: 'cost', max: 1e-7 }, exact)).toMatchObject({ passed: true })
    expect((await scored({ type: 'cost', max: 1 }, anAnswer(''))).error).toContain('not known')
    expect((await scored({ type: 'tokens', max: 1 }, anAnswer(''))).error).toContain('did not say')
  })
})

describe('similarity', () => {
  test('counts from the threshold on', async () => {
    expect(await scored({ type: 'similarity', value: 'kitten' }, anAnswer('sitting'))).toMatchObject({ passed: false })
    const near = await scored(
      { type: 'similarity', value: 'Kitten', threshold: 0.8, ignoreCase: true },
      anAnswer('kittens'),
    )
    expect(near.score).toBeCloseTo(6 / 7)
    expect(near.passed).toBe(true)
  })

  test('by embeddings is the cosine, and its tokens are counted', async () => {
    const embed = {
      small: async (texts: readonly string[]) => ({ vectors: texts.map((text) => [text.length, 3]), tokens: 9 }),
    }
    const check = { type: 'similarity', value: 'abcd', method: 'embedding', threshold: 0.9 } as const
    const score = await scored(check, anAnswer('ab'), { evaluation: { embeddings: 'small' }, parts: { embed } })
    expect(score.score).toBeCloseTo(17 / (5 * Math.sqrt(13)))
    expect(score.passed).toBe(true)
  })
})
