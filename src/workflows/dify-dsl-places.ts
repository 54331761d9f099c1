import { at, isRecord, modeOf, textOf } from './dify-dsl-document.ts'
import type { DslDocument, DslPath } from './dify-dsl-document.ts'
import type { DslScalar } from './dify-dsl-scalar.ts'

/** A message of a prompt. */
interface DslMessage {
  /** From 0. */
  readonly index: number
  readonly role?: string | undefined
  readonly id?: string | undefined
}

/** A place of a description that a patch can select. Without a node: the model configuration of the app. */
export interface DslPlace {
  readonly nodeId?: string | undefined
  readonly title?: string | undefined
  readonly nodeType?: string | undefined
  readonly message?: DslMessage | undefined
  /** What a selector calls it: `prompt`, `instruction`, `model.name`, `completion_params.temperature` … */
  readonly field: string
  /** Whether it is meant where a selector names no field: what the node calls its prompt. */
  readonly isPrompt: boolean
  /** Way to the value from the root of the description. */
  readonly path: DslPath
  readonly value: DslScalar
  /** The value as text; empty for null. */
  readonly text: string
  /** Whether the text is a Jinja template of the server's, in which references do not work. */
  readonly jinja: boolean
}

/** A node of the graph, or the model configuration of an app without one. */
export interface DslHolder {
  readonly nodeId?: string | undefined
  readonly title?: string | undefined
  readonly nodeType?: string | undefined
  /** Way to what holds the fields: `data` of a node, or `model_config`. */
  readonly path: DslPath
  readonly data: Readonly<Record<string, unknown>>
}

/** Everything of a description that holds places. */
export function holdersOf(value: Readonly<Record<string, unknown>>): readonly DslHolder[] {
  const config = value['model_config']
  if (!['workflow', 'advanced-chat'].includes(modeOf(value))) {
    return isRecord(config) ? [{ path: ['model_config'], data: config }] : []
  }
  const nodes = at(value, ['workflow', 'graph', 'nodes'])
  if (!Array.isArray(nodes)) return []
  return nodes.flatMap((node: unknown, index) => {
    const data = at(node, ['data'])
    if (!isRecord(data)) return []
    return [
      {
        nodeId: textOf(at(node, ['id'])),
        title: textOf(data['title']),
        nodeType: textOf(data['type']),
        path: ['workflow', 'graph', 'nodes', index, 'data'],
        data,
      },
    ]
  })
}

/** Every place of a description that is selected by a name of its own, in the order of the text's nodes. */
export function placesOf({ value }: Pick<DslDocument, 'value'>): readonly DslPlace[] {
  return holdersOf(value).flatMap((holder) => [
    ...(holder.nodeType === undefined && holder.nodeId === undefined ? appPlaces(holder) : nodePlaces(holder)),
    ...parameterPlaces(holder),
  ])
}

/** The place at a dotted path under a node's data, or under the model configuration. */
export function placeByPath(holder: DslHolder, field: string): DslPlace | undefined {
  const steps = field.replace(/^data\./u, '').split('.')
  const path: (string | number)[] = []
  let found: unknown = holder.data
  for (const step of steps) {
    const key = Array.isArray(found) ? Number(step) : step
    path.push(key)
    found = at(found, [key])
  }
  return placeOf(holder, { field, path })
}

interface Spot {
  readonly field: string
  readonly path: DslPath
  readonly isPrompt?: boolean
  readonly message?: DslMessage
  readonly jinja?: boolean
}

function placeOf({ nodeId, title, nodeType, path: base, data }: DslHolder, spot: Spot): DslPlace | undefined {
  const value = at(data, spot.path)
  if (value === undefined || (typeof value === 'object' && value !== null)) return undefined
  const { field, message, isPrompt = false, jinja = false, path } = spot
  return {
    nodeId,
    title,
    nodeType,
    message,
    field,
    isPrompt,
    path: [...base, ...path],
    value: value as DslScalar,
    text: textOf(value) ?? '',
    jinja,
  }
}

function placed(holder: DslHolder, spots: readonly Spot[]): readonly DslPlace[] {
  return spots.map((spot) => placeOf(holder, spot)).filter((place) => place !== undefined)
}

function nodePlaces(holder: DslHolder): readonly DslPlace[] {
  const { nodeType, data } = holder
  switch (nodeType) {
    case 'llm':
      return placed(holder, [...promptSpots(data), { field: 'memory', path: ['memory', 'query_prompt_template'] }])
    case 'question-classifier':
      return placed(holder, [...instructionSpots(data), ...classSpots(data)])
    case 'parameter-extractor':
      return placed(holder, instructionSpots(data))
    case 'agent':
      return placed(holder, [
        { field: 'instruction', isPrompt: true, path: ['agent_parameters', 'instruction', 'value'] },
        { field: 'query', path: ['agent_parameters', 'query', 'value'] },
      ])
    case 'template-transform':
      return placed(holder, [{ field: 'template', isPrompt: true, path: ['template'], jinja: true }])
    case 'answer':
      return placed(holder, [{ field: 'answer', isPrompt: true, path: ['answer'] }])
    case 'code':
      return placed(holder, [{ field: 'code', path: ['code'] }])
    case 'http-request':
      return placed(holder, [{ field: 'url', path: ['url'] }])
    case undefined:
    default:
      return []
  }
}

function promptSpots(data: DslHolder['data']): readonly Spot[] {
  const template = data['prompt_template']
  if (Array.isArray(template))
    return template.map((one: unknown, index) => messageSpot(one, ['prompt_template', index]))
  return isRecord(template) ? [messageSpot(template, ['prompt_template'])] : []
}

/** With `edition_type: jinja2` the text that counts is another one. */
function messageSpot(message: unknown, path: DslPath): Spot {
  const jinja = at(message, ['edition_type']) === 'jinja2'
  const index = path.at(-1)
  const role = textOf(at(message, ['role']))
  const id = textOf(at(message, ['id']))
  return {
    field: 'prompt',
    isPrompt: true,
    path: [...path, jinja ? 'jinja2_text' : 'text'],
    jinja,
    ...(typeof index === 'number' && { message: { index, role, id } }),
  }
}

function instructionSpots(data: DslHolder['data']): readonly Spot[] {
  const key = typeof data['instruction'] === 'string' || !('instructions' in data) ? 'instruction' : 'instructions'
  return [{ field: 'instruction', isPrompt: true, path: [key] }]
}

function classSpots({ classes }: DslHolder['data']): readonly Spot[] {
  if (!Array.isArray(classes)) return []
  return classes.map((one: unknown, index) => ({
    field: `class:${textOf(at(one, ['name'])) ?? ''}`,
    path: ['classes', index, 'name'],
  }))
}

/** Only the prompt that the app uses is meant by `prompt`: the simple one, or the one of the expert mode. */
function appPlaces(holder: DslHolder): readonly DslPlace[] {
  const advanced = holder.data['prompt_type'] === 'advanced'
  const chat = at(holder.data, ['chat_prompt_config', 'prompt'])
  const messages = Array.isArray(chat) ? chat : []
  return placed(holder, [
    { field: advanced ? 'pre_prompt' : 'prompt', isPrompt: !advanced, path: ['pre_prompt'] },
    ...messages.map((message: unknown, index) => ({
      ...messageSpot(message, ['chat_prompt_config', 'prompt', index]),
      field: advanced ? 'prompt' : 'chat_prompt',
      isPrompt: advanced,
    })),
    {
      field: advanced ? 'prompt' : 'completion_prompt',
      isPrompt: advanced,
      path: ['completion_prompt_config', 'prompt', 'text'],
    },
  ])
}

const modelHolders: readonly DslPath[] = [
  ['model'],
  ['agent_parameters', 'model', 'value'],
  ['single_retrieval_config', 'model'],
]
const retrievalHolders: readonly DslPath[] = [
  [],
  ['multiple_retrieval_config'],
  ['dataset_configs'],
  ['retrieval_model'],
]

function parameterPlaces(holder: DslHolder): readonly DslPlace[] {
  const model = modelPathOf(holder)
  const parameters = model === undefined ? undefined : at(holder.data, [...model, 'completion_params'])
  const keys = isRecord(parameters) ? Object.keys(parameters) : []
  const spots: Spot[] = [
    ...['provider', 'name'].map((key) => ({ field: `model.${key}`, path: [...(model ?? ['model']), key] })),
    ...keys.map((key) => ({
      field: `completion_params.${key}`,
      path: [...(model ?? ['model']), 'completion_params', key],
    })),
    ...['top_k', 'score_threshold'].flatMap((key) =>
      retrievalHolders.map((path) => ({ field: key, path: [...path, key] })),
    ),
  ]
  return placed(holder, spots)
}

/** Way to the model of a node or app, under its data. */
export function modelPathOf({ data }: DslHolder): DslPath | undefined {
  return modelHolders.find((path) => isRecord(at(data, path)))
}
