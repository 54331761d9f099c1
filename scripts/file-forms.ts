/** A node of a JSON schema. */
type SchemaNode = Readonly<Record<string, unknown>>

/** A workflow of a plan may be named by its id alone, so that editors do not flag it. */
export function planForms(root: SchemaNode): SchemaNode {
  const properties = root['properties'] as Readonly<Record<string, SchemaNode>>
  const workflows = properties['workflows'] as SchemaNode
  const items = { anyOf: [{ type: 'string', description: 'Id of the workflow.' }, workflows['items']] }
  return { ...root, properties: { ...properties, workflows: { ...workflows, items } } }
}

/** A manifest file holds one manifest, or several under `manifests`. */
export function manifestForms(root: SchemaNode): SchemaNode {
  const { $schema: draft, $defs: shared, ...manifest } = root
  const several = {
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      manifests: { type: 'array', minItems: 1, items: { $ref: '#/$defs/manifest' } },
    },
    required: ['manifests'],
    additionalProperties: false,
  }
  const holdsSeveral = { type: 'object', required: ['manifests'] }
  return {
    $schema: draft,
    // Which of the two it is can be told by one key, so that editors complain about that one alone.
    allOf: [
      { if: holdsSeveral, else: { $ref: '#/$defs/manifest' } },
      { if: { not: holdsSeveral }, else: several },
    ],
    $defs: { ...(shared as SchemaNode | undefined), manifest },
  }
}
