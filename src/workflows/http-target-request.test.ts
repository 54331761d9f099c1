import { assert, dictionary, jsonValue, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { callOf, setupOf } from '../../tests/support/target-calls.ts'
import type { HttpConfig } from '../domain/workflow.ts'
import { requestMaker } from './http-target-request.ts'

function makerOf(http: object) {
  const setup = setupOf({ target: 'http', http: { url: '/run/{{name}}', ...http } }, 'https://flows.example/v1')
  return requestMaker(setup, (setup.workflow as { http: HttpConfig }).http)
}

test('whatever an input holds, the request goes to the same server and path, and the input arrives as it was', () => {
  const make = makerOf({ body: { value: '{{value}}', inside: ['<{{name}}>'] } })
  assert(
    property(string({ unit: 'grapheme', minLength: 1 }), jsonValue(), (name, value) => {
      const asked = callOf({ inputs: { name, value } })
      if (name === '.' || name === '..') {
        expect(() => make(asked)).toThrow(/make no address/u)
        return
      }
      const { url, body } = make(asked)
      expect(url.origin).toBe('https://flows.example')
      expect(url.pathname).toBe(`/v1/run/${encodeURIComponent(name)}`)
      expect(JSON.parse(String(body))).toEqual({ value: JSON.parse(JSON.stringify(value)), inside: [`<${name}>`] })
    }),
  )
})

test('without a template the body is the inputs', () => {
  const make = makerOf({ url: '/run' })
  assert(
    property(dictionary(string(), jsonValue()), (inputs) => {
      const { body } = make(callOf({ inputs, query: undefined }))
      expect(JSON.parse(String(body))).toEqual(JSON.parse(JSON.stringify(inputs)))
    }),
  )
})

test('a parameter that a case leaves out is an empty text or its default', () => {
  const parameters = [{ name: 'tone' }, { name: 'size', type: 'number' as const, default: 3 }]
  const http = { url: '/run', body: { tone: '{{tone}}', size: '{{size}}' } }
  const setup = setupOf({ target: 'http', parameters, http }, 'https://flows.example')
  const make = requestMaker(setup, (setup.workflow as { http: HttpConfig }).http)
  expect(make(callOf()).body).toBe('{"tone":"","size":3}')
})
