import { isObject, type Members, type Sourced } from './aliases.ts'
import { itemsOf, namedItems, partsOf, placedList, placedObject } from './placed-values.ts'
import { take, type Shape } from './schema-mapping.ts'

const targets: Readonly<Record<string, string>> = {
  workflow: 'dify',
  chatflow: 'dify',
  chat: 'dify',
  agent: 'dify',
  completion: 'dify',
  dify_workflow: 'dify',
  dify_chat: 'dify',
  rest: 'http',
  api: 'http',
  webhook: 'http',
  openai_compatible: 'openai',
  llm: 'openai',
  chat_completions: 'openai',
  function: 'module',
  script: 'module',
  mock: 'stub',
}

/** Names of Dify's kinds of app; `type: chatflow` says target and app at once. */
const apps = new Set(['workflow', 'chatflow', 'chat', 'agent', 'completion'])

/** Members of a plain HTTP workflow that may stand beside its id. */
const httpMembers = ['url', 'method', 'headers', 'body', 'answer', 'text', 'outputs', 'delta', 'error', 'usage']

/** How entries of the catalog may be written besides their schema. */
export const workflowShape: Shape = {
  aliases: {
    workflow_id: 'id',
    catalog_id: 'id',
    key: 'apiKey',
    token: 'apiKey',
    type: 'target',
    kind: 'target',
    title: 'name',
    dsl_path: 'dsl',
    dsl_file: 'dsl',
    inputs: 'parameters',
    params: 'parameters',
    timeout: 'timeoutSeconds',
    mode: 'app',
    app_type: 'app',
    published_version: 'version',
    endpoint: 'url',
    system_prompt: 'system',
    module: 'file',
  },
  reshape(members) {
    nameTarget(members)
    const parameters = members.get('parameters')
    if (parameters !== undefined) members.set('parameters', parameterList(parameters))
    if (members.get('target')?.value === 'http') liftHttp(members)
  },
}

function nameTarget(members: Members): void {
  const said = members.get('target')
  if (said === undefined) {
    const [first] = members.values()
    const value = members.has('http') || members.has('url') ? 'http' : 'dify'
    if (first !== undefined) members.set('target', { value, at: first.at.slice(0, -1) })
    return
  }
  if (typeof said.value !== 'string') return
  const name = said.value.toLowerCase().replaceAll('-', '_')
  const app = name.replace(/^dify_/u, '')
  members.set('target', { ...said, value: targets[name] ?? said.value })
  if (apps.has(app) && !members.has('app')) members.set('app', { ...said, value: app })
}

function liftHttp(members: Members): void {
  const lifted = httpMembers.flatMap((key): [string, Sourced][] => {
    const member = take(members, key)
    return member === undefined ? [] : [[key, member]]
  })
  if (lifted.length === 0) return
  const http = members.get('http')
  const at = http?.at ?? lifted[0]?.[1].at ?? []
  members.set('http', { value: placedObject([...lifted, ...(http === undefined ? [] : partsOf(http))]), at })
}

/** Parameters as a list, from a list of names, a record of objects, or a record of lists of values. */
function parameterList(source: Sourced): Sourced {
  if (Array.isArray(source.value)) {
    const items = itemsOf(source).map((item) =>
      typeof item.value === 'string' ? { ...item, value: placedObject([['name', item]]) } : item,
    )
    return { ...source, value: placedList(items) }
  }
  if (!isObject(source.value)) return source
  const parts = partsOf(source).map(([name, part]): [string, Sourced] => [name, parameterObject(part)])
  return namedItems({ ...source, value: placedObject(parts) }, 'name')
}

function parameterObject(part: Sourced): Sourced {
  if (isObject(part.value) || part.value === null) return part
  if (Array.isArray(part.value)) return { ...part, value: placedObject([['values', part]]) }
  const isType = typeof part.value === 'string' && part.value in parameterTypes
  return { ...part, value: placedObject([[isType ? 'type' : 'default', part]]) }
}

/** Names for the types of parameters, Dify's among them. */
const parameterTypes: Readonly<Record<string, string>> = {
  string: 'string',
  text: 'string',
  str: 'string',
  text_input: 'string',
  'text-input': 'string',
  paragraph: 'string',
  number: 'number',
  integer: 'number',
  int: 'number',
  float: 'number',
  boolean: 'boolean',
  bool: 'boolean',
  checkbox: 'boolean',
  select: 'select',
  enum: 'select',
  file: 'file',
  'file-list': 'file',
  json: 'json',
  object: 'json',
}

/** How parameters may be written besides their schema. */
export const parameterShape: Shape = {
  aliases: { variable: 'name', key: 'name', id: 'name', options: 'values', choices: 'values', enum: 'values' },
  reshape(members) {
    const type = members.get('type')
    if (typeof type?.value !== 'string') return
    members.set('type', { ...type, value: parameterTypes[type.value] ?? type.value })
  },
}

/** How the configuration of a plain HTTP workflow may be written besides its schema. */
export const httpShape: Shape = {
  aliases: { endpoint: 'url', response: 'answer', output: 'outputs', payload: 'body', transform_response: 'text' },
}

/** How catalogs may be written besides their schema: a list alone, or workflows by id. */
export const catalogShape: Shape = {
  aliases: { catalog: 'workflows', apps: 'workflows', entries: 'workflows' },
  shorthand: (source) =>
    Array.isArray(source.value) ? { ...source, value: placedObject([['workflows', source]]) } : source,
  reshape(members) {
    const workflows = members.get('workflows')
    if (workflows !== undefined) {
      members.set('workflows', namedItems(workflows, 'id'))
      return
    }
    const parts = [...members].filter(([key]) => key !== '$schema')
    if (parts.length === 0 || !parts.every(([, { value }]) => isObject(value))) return
    const [first] = parts
    for (const [key] of parts) members.delete(key)
    const record = { value: placedObject(parts), at: first?.[1].at.slice(0, -1) ?? [] }
    members.set('workflows', namedItems(record, 'id'))
  },
}
