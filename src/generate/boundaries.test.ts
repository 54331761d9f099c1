import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { boundaryValues } from './boundaries.ts'

const user: Record<string, unknown> = {
  type: 'object',
  required: ['name', 'age'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 2, maxLength: 5 },
    age: { type: 'integer', minimum: 18, exclusiveMaximum: 100 },
    role: { enum: ['user', 'admin'] },
  },
}

describe('boundaryValues', () => {
  it('names each edge of an object and says on which side of it the value lies', () => {
    const edges = boundaryValues(user).map(({ what, valid }) => `${valid ? 'valid' : 'invalid'}: ${what}`)
    expect(edges.toSorted()).toMatchInlineSnapshot(`
      [
        "invalid: age above maximum",
        "invalid: age below minimum",
        "invalid: age missing",
        "invalid: age of wrong type",
        "invalid: name missing",
        "invalid: name of wrong type",
        "invalid: name too long",
        "invalid: name too short",
        "invalid: role outside enum",
        "invalid: unknown field",
        "valid: age at maximum",
        "valid: age at minimum",
        "valid: name at maximum length",
        "valid: name at minimum length",
        "valid: required fields only",
        "valid: role is admin",
        "valid: role is user",
      ]
    `)
  })

  it('agrees with a schema validator about what is valid', () => {
    const judge = z.fromJSONSchema(user)
    for (const { what, value, valid } of boundaryValues(user)) {
      expect(`${what}: ${judge.safeParse(value).success}`).toBe(`${what}: ${valid}`)
    }
  })

  it('agrees with a schema validator on numbers and texts of any bounds', () => {
    const schema = fc.oneof(
      fc
        .tuple(fc.integer({ min: -99, max: 99 }), fc.nat(9))
        .map(([least, span]) => ({ type: 'integer', minimum: least, maximum: least + span })),
      fc
        .tuple(fc.nat(9), fc.nat(9))
        .map(([least, span]) => ({ type: 'string', minLength: least, maxLength: least + span })),
      fc.tuple(fc.nat(3), fc.nat(3)).map(([least, span]) => ({
        type: 'array',
        items: { type: 'boolean' },
        minItems: least,
        maxItems: least + span,
      })),
    )
    fc.assert(
      fc.property(schema, (bounds: Record<string, unknown>) => {
        const judge = z.fromJSONSchema(bounds)
        return boundaryValues(bounds).every(({ value, valid }) => judge.safeParse(value).success === valid)
      }),
    )
  })

  it('keeps valid and invalid ones under a limit', () => {
    const edges = boundaryValues(user, { limit: 4 })
    expect(edges).toHaveLength(4)
    expect(new Set(edges.map(({ valid }) => valid))).toEqual(new Set([true, false]))
  })

  it('leaves texts with a pattern alone but for their type', () => {
    expect(boundaryValues({ type: 'string', pattern: '^a+$', minLength: 3 }).map(({ what }) => what)).toEqual([
      'of wrong type',
    ])
  })

  it('gives each valid body values of its own, so that unique names do not collide', () => {
    const names = boundaryValues(user)
      .filter(({ valid }) => valid)
      .map(({ value }) => JSON.stringify(value))
    expect(new Set(names).size).toBe(names.length)
  })
})
