import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sampleOf } from './samples.ts'

/** Schemas that zod can check a sample against, as a judge that knows nothing of our code. */
const bounded = fc
  .record({ least: fc.integer({ min: -50, max: 50 }), span: fc.integer({ min: 0, max: 30 }) })
  .map(({ least, span }) => ({ type: 'integer', minimum: least, maximum: least + span }))
const texts = fc
  .record({ least: fc.integer({ min: 0, max: 12 }), span: fc.integer({ min: 0, max: 12 }) })
  .map(({ least, span }) => ({ type: 'string', minLength: least, maxLength: least + span }))
const formats = fc
  .constantFrom('email', 'uuid', 'uri', 'date', 'date-time')
  .map((format) => ({ type: 'string', format }))
const enums = fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 4 }).map((values) => ({ enum: values }))
const leaf: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  bounded,
  texts,
  formats,
  enums,
  fc.constant({ type: 'boolean' }),
)
const schemas = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .dictionary(fc.stringMatching(/^[a-z]{1,6}$/u), tie('schema'), { maxKeys: 4 })
      .map((properties) => ({ type: 'object', properties, required: Object.keys(properties).slice(0, 2) })),
    tie('schema').map((items) => ({ type: 'array', items, minItems: 1, maxItems: 3 })),
  ),
})).schema

describe('sampleOf', () => {
  it('satisfies the schema it is made from', () => {
    fc.assert(
      fc.property(schemas, fc.nat(500), (schema, seed) => {
        const judged = z.fromJSONSchema(schema).safeParse(sampleOf(schema, { seed }))
        expect(judged.error?.issues ?? []).toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  it('gives the same sample for the same seed, and another text for another seed', () => {
    const schema = { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 18 } } }
    expect(sampleOf(schema, { seed: 3 })).toEqual(sampleOf(schema, { seed: 3 }))
    expect(sampleOf(schema, { seed: 3 })).not.toEqual(sampleOf(schema, { seed: 4 }))
  })

  it('prefers what the schema itself declares', () => {
    expect(sampleOf({ type: 'string', example: 'Ann', default: 'Bob' })).toBe('Ann')
    expect(sampleOf({ type: 'boolean', default: false })).toBe(false)
    expect(sampleOf({ const: null })).toBeNull()
    expect(sampleOf({ enum: ['b', 'a'] })).toBe('b')
  })

  it('follows references and ends on a cycle', () => {
    const schema = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          required: ['name', 'next'],
          properties: { name: { const: 'n' }, next: { $ref: '#/$defs/node' } },
        },
      },
    }
    expect(JSON.stringify(sampleOf(schema))).toContain('"name":"n"')
  })

  it('folds allOf and takes the first usable option of anyOf', () => {
    const schema = {
      allOf: [
        { type: 'object', required: ['a'], properties: { a: { const: 1 } } },
        { required: ['b'], properties: { b: { anyOf: [{ type: 'null' }, { const: 'two' }] } } },
      ],
    }
    expect(sampleOf(schema)).toEqual({ a: 1, b: 'two' })
  })

  it('stays between exclusive bounds that lie close together', () => {
    const value = sampleOf({ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 0.4 })
    expect(value).toBeGreaterThan(0)
    expect(value).toBeLessThan(0.4)
  })
})
