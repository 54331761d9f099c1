import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { manifestSchema } from '../src/domain/manifest.ts'
import { manifestText } from '../src/config/manifest-text.ts'
import { generatedFiles } from './generated-files.ts'
import { snakeSchema } from './snake-schema.ts'

const schemaOf = (name: string): unknown => JSON.parse(generatedFiles()[`docs/schemas/${name}.schema.json`] ?? '')

/** Whether an editor would take the value, with what it complains about. */
function complaints(name: string, value: unknown): string[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const check = ajv.compile(schemaOf(name) as object)
  return check(value) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

describe('the schemas of the files of experiments', () => {
  it('take files in snake_case', () => {
    expect(
      complaints('test_plan', {
        $schema: 'x',
        name: 'p',
        workflows: [{ id: 'w', datasets: ['d'] }],
        pairwise_dimensions: ['tone'],
        max_cases: 5,
        datasets: [
          { name: 'd', conversation_flows: [{ turns: [{ query: 'hi', checks: [{ type: 'latency', max_ms: 5 }] }] }] },
        ],
        variants: [{ id: 'a', patches: [{ op: 'append', select: { title: 'LLM' }, text: 'x' }] }],
        execution: { rate_limit: { per_minute: 5 }, retry: { max_attempts: 3 } },
        evaluation: { pass_share: 0.5 },
      }),
    ).toEqual([])
    expect(complaints('workflows', { workflows: [{ id: 'a', target: 'dify', app_id: 'x', api_key: '${K}' }] })).toEqual(
      [],
    )
    expect(complaints('env', { servers: { default: { base_url: 'x', rate_limit: { per_minute: 1 } } } })).toEqual([])
  })

  it('take the manifests that are written', () => {
    const manifest = manifestSchema.parse({
      id: 'a/b',
      experiment: 'e',
      workflowId: 'a',
      variantId: 'b',
      workflow: { id: 'a', target: 'http', http: { url: '/x', conversationId: '$.c' } },
      variant: { id: 'b' },
      server: { baseUrl: 'http://x' },
      cases: [
        { id: '0123456789abcdef', name: 'n', dataset: 'd', inputs: { camelCase: 1 }, checks: [{ type: 'is_json' }] },
      ],
    })
    expect(complaints('run_manifest', JSON.parse(manifestText(manifest, 'json')))).toEqual([])
  })

  it('complain of keys that nobody knows', () => {
    expect(complaints('env', { servers: { default: { base_url: 'x', bas_url: 1 } } })).toHaveLength(1)
    expect(complaints('test_plan', { evaluation: { checks: [{ type: 'contains' }] } })).not.toEqual([])
  })

  it('rename properties and what is required, and nothing else', () => {
    expect(
      snakeSchema({
        properties: { baseUrl: { const: 'aB', enum: ['cD'], default: { maxMs: 1 } } },
        required: ['baseUrl'],
        $defs: { oneTwo: { properties: { x: {} } } },
      }),
    ).toEqual({
      properties: { base_url: { const: 'aB', enum: ['cD'], default: { max_ms: 1 } } },
      required: ['base_url'],
      $defs: { oneTwo: { properties: { x: {} } } },
    })
  })
})
