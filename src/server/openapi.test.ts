import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { routes } from '../client/routes.ts'
import { openApiDocument } from './openapi.ts'

const document = openApiDocument()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

/** What OpenAPI 3.1 wants of a document and of each operation, as far as this one uses it. */
const essentials = {
  type: 'object',
  required: ['openapi', 'info', 'paths', 'components'],
  additionalProperties: false,
  properties: {
    openapi: { const: '3.1.0' },
    info: { type: 'object', required: ['title', 'version'] },
    servers: { type: 'array', items: { type: 'object', required: ['url'] } },
    security: { type: 'array', items: { type: 'object' } },
    components: { type: 'object', propertyNames: { enum: ['schemas', 'responses', 'securitySchemes'] } },
    paths: {
      type: 'object',
      propertyNames: { pattern: '^/' },
      additionalProperties: {
        type: 'object',
        propertyNames: { enum: ['get', 'post', 'put', 'delete'] },
        additionalProperties: { $ref: '#/$defs/operation' },
      },
    },
  },
  $defs: {
    operation: {
      type: 'object',
      required: ['operationId', 'summary', 'tags', 'parameters', 'responses'],
      properties: {
        parameters: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name', 'in', 'required', 'schema'],
            additionalProperties: false,
            properties: {
              name: { type: 'string', minLength: 1 },
              in: { enum: ['path', 'query', 'header'] },
              required: { type: 'boolean' },
              description: { type: 'string' },
              schema: { type: 'object' },
            },
            if: { properties: { in: { const: 'path' } } },
            // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
            then: { properties: { required: { const: true } } },
          },
        },
        requestBody: { type: 'object', required: ['content'] },
        responses: {
          type: 'object',
          minProperties: 2,
          propertyNames: { pattern: '^[2-5]\\d\\d$' },
          additionalProperties: { anyOf: [{ required: ['$ref'] }, { required: ['description'] }] },
        },
      },
    },
  },
}

describe('the OpenAPI document', () => {
  it('is as OpenAPI 3.1 wants it', () => {
    const validate = new Ajv2020({ allErrors: true, strict: false }).compile(essentials)
    validate(document)
    expect(validate.errors ?? []).toEqual([])
  })

  it('is what lies in docs/', async () => {
    const text = await readFile(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8')
    expect(JSON.parse(text), 'scripts/write-schemas.ts writes it anew').toEqual(JSON.parse(JSON.stringify(document)))
  })

  it('has every operation once, under its id', () => {
    expect(operations.map(({ operation }) => operation.operationId).toSorted()).toEqual(Object.keys(routes).toSorted())
  })

  it('declares exactly the parameters that stand in the path', () => {
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => name ?? '')
      const declared = operation.parameters.filter((each) => each.in === 'path').map(({ name }) => name)
      expect(new Set(declared), path).toEqual(new Set(inPath))
      expect(declared).toHaveLength(inPath.length)
    }
  })

  it('leads every reference to something', () => {
    const found = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/gu)].map(([, ref]) => ref ?? '')
    expect(found.length).toBeGreaterThan(100)
    for (const ref of new Set(found)) {
      const target = ref
        .slice(2)
        .split('/')
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document)
      expect(target, ref).toBeTypeOf('object')
    }
  })

  it('holds schemas that a validator can use', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      const text = JSON.stringify(schema).replaceAll('#/components/schemas/', 'schema:')
      ajv.addSchema({ ...(JSON.parse(text) as object), $id: `schema:${name}` })
    }
    for (const name of Object.keys(document.components.schemas)) expect(ajv.getSchema(`schema:${name}`)).toBeDefined()
    expect(ajv.validate({ $ref: 'schema:Run' }, { id: 1 })).toBe(false)
  })

  it('says for each operation what it refuses', () => {
    for (const { path, method, operation } of operations) {
      const codes = Object.keys(operation.responses)
      expect(codes, `${method} ${path}`).toEqual(expect.arrayContaining(['400', '421', '429', '500']))
      expect(codes.includes('401'), path).toBe(operation['x-scope'] !== 'none')
    }
  })
})
