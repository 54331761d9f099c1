import { parseDocument } from 'yaml'
import { estimateTokens } from '../lib/tokens.ts'

/** A model that a workflow asks, with the tokens of what always stands in its prompt. */
export interface PromptedModel {
  /** Absent where nobody says which. */
  readonly model?: string | undefined
  readonly tokens: number
}

/**
 * The models of a description: each node that has one, or the configuration of an app without nodes. Empty for
 * descriptions that cannot be read or ask no model; what is wrong with them is said elsewhere.
 */
export function promptedModels(dsl: string): readonly PromptedModel[] {
  const root = parsed(dsl)
  const nodes = member(member(member(root, 'workflow'), 'graph'), 'nodes')
  const owners = Array.isArray(nodes)
    ? nodes.map((node: unknown) => member(node, 'data'))
    : [member(root, 'model_config')]
  return owners.flatMap((owner) => {
    const model = modelOf(owner)
    if (model === undefined) return []
    const name = member(model, 'name') ?? member(model, 'model')
    return [
      { model: typeof name === 'string' ? name : undefined, tokens: estimateTokens(promptTexts(owner).join('\n')) },
    ]
  })
}

/** Agents keep their model among their parameters. */
function modelOf(owner: unknown): unknown {
  const own = member(owner, 'model')
  if (typeof own === 'object' && own !== null) return own
  const parameter = member(member(member(owner, 'agent_parameters'), 'model'), 'value')
  return typeof parameter === 'object' && parameter !== null ? parameter : undefined
}

const promptFields = [
  'prompt_template',
  'instruction',
  'instructions',
  'classes',
  'memory',
  'agent_parameters',
  'pre_prompt',
  'chat_prompt_config',
  'completion_prompt_config',
]
const textFields = new Set([
  'text',
  'jinja2_text',
  'name',
  'value',
  'query_prompt_template',
  'instruction',
  'instructions',
  'pre_prompt',
])

function promptTexts(owner: unknown): string[] {
  return promptFields.flatMap((field) => textsIn(member(owner, field), field))
}

function textsIn(value: unknown, field: string): string[] {
  if (typeof value === 'string') return textFields.has(field) ? [value] : []
  if (Array.isArray(value)) return value.flatMap((item) => textsIn(item, field))
  if (typeof value !== 'object' || value === null) return []
  // Of a message in both forms, the Jinja text is the one that is sent.
  const isJinja = member(value, 'edition_type') === 'jinja2'
  return Object.entries(value).flatMap(([key, inner]) =>
    key === (isJinja ? 'text' : 'jinja2_text') || key === 'model' ? [] : textsIn(inner, key),
  )
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}

/** A description that cannot be read has been refused before this. */
function parsed(dsl: string): unknown {
  const document = parseDocument(dsl, { logLevel: 'silent' })
  return document.errors.length > 0 ? undefined : document.toJS()
}
