import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expand, isReference, variablesOf } from './expansion.ts'

describe('variables in texts', () => {
  it('are filled in at any depth', () => {
    const { value } = expand({ url: 'http://${HOST}:${PORT:-80}/v1', list: [{ a: '${HOST}' }, 3, null] }, { HOST: 'h' })
    expect(value).toEqual({ url: 'http://h:80/v1', list: [{ a: 'h' }, 3, null] })
  })

  it('stay as they are and are named where they are not set; an empty one is not set', () => {
    const { value, missing } = expand(['${A}', '${B} and ${A}', '${B:-}'], { B: '' })
    expect(value).toEqual(['${A}', '${B} and ${A}', ''])
    expect(missing).toEqual(['A', 'B'])
  })

  it('are written with two dollar signs where they are meant as text', () => {
    expect(expand('$${HOME} costs $5', { HOME: 'x' }).value).toBe('${HOME} costs $5')
    expect(isReference('$${HOME}')).toBe(false)
  })

  it('are not looked for in what they bring', () => {
    expect(expand('${A}', { A: '${B}', B: 'b' }).value).toBe('${B}')
    expect(expand('${toString}', {}).missing).toEqual(['toString'])
  })

  it('are secrets where they go into keys, passwords or headers, or are called like one', () => {
    const { secrets } = expand(
      {
        apiKey: '${A}',
        headers: { Authorization: 'Bearer ${B}' },
        keys: { bot: '${C}' },
        url: '${D}',
        note: '${MY_TOKEN}',
      },
      { A: 'aaa', B: 'bbb', C: 'ccc', D: 'ddd', MY_TOKEN: 'eee' },
    )
    expect(secrets).toEqual(['aaa', 'bbb', 'Bearer bbb', 'ccc', 'eee'])
  })

  it('change nothing where there are none', () => {
    const value = fc.jsonValue().filter((json) => !JSON.stringify(json).includes('${'))
    fc.assert(
      fc.property(value, (json) => {
        expect(expand(json, {})).toEqual({ value: json, secrets: [], missing: [] })
      }),
    )
  })

  it('are all named or all filled in', () => {
    const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,5}$/)
    const part = fc.oneof(
      name.map((one) => `\${${one}}`),
      fc.stringMatching(/^[a-z $]{0,4}$/).filter((text) => !text.endsWith('$')),
    )
    fc.assert(
      fc.property(fc.array(part), fc.dictionary(name, fc.constantFrom('x', 'y')), (parts, env) => {
        const text = parts.join('')
        const unset = [...new Set(variablesOf(text).filter((one) => !Object.hasOwn(env, one)))]
        const { value, missing } = expand(text, env)
        expect(missing).toEqual(unset)
        expect(variablesOf(value).filter((one) => Object.hasOwn(env, one))).toEqual([])
      }),
    )
  })
})
