import { sha256 } from '../lib/hash.ts'
import { at, isRecord, modeOf } from './dify-dsl-document.ts'

/**
 * What of a description decides how the app behaves. Left out: name and icon of the app, version of the format,
 * dependencies, notes, where nodes are drawn, ids of edges and of variables, values of secrets (an export has none).
 * Nodes stand by their id.
 */
export function meaningOf(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { workflow, model_config: config } = value
  return {
    mode: modeOf(value),
    ...(isRecord(workflow) && { workflow: workflowMeaning(workflow) }),
    ...(isRecord(config) && { model_config: config }),
  }
}

/** SHA-256 of the canonical JSON (keys sorted) of {@link meaningOf}. */
export function meaningHash(value: Readonly<Record<string, unknown>>): string {
  return sha256(JSON.stringify(sorted(meaningOf(value))))
}

/**
 * Dotted paths at which `after` lacks or changes what `before` holds. What only `after` has is no difference: servers
 * fill in what is usual. Lists have to be equally long.
 */
export function differences(before: unknown, after: unknown, path = ''): readonly string[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    if (before.length !== after.length) return [`${path} (${before.length} items, now ${after.length})`]
    return before.flatMap((item: unknown, index) => differences(item, after[index], `${path}.${index}`))
  }
  if (isRecord(before) && isRecord(after)) {
    return Object.keys(before).flatMap((key) =>
      differences(before[key], after[key], path === '' ? key : `${path}.${key}`),
    )
  }
  const nothing = (before ?? null) === null && (after ?? null) === null
  return nothing || before === after || isEmpty(before, after) ? [] : [path]
}

/** An empty map that comes back as nothing, or the other way round, means the same. */
function isEmpty(before: unknown, after: unknown): boolean {
  return (
    [before, after].every((value) => (value ?? null) === null || Object.keys(value as object).length === 0) &&
    [before, after].every((value) => (value ?? null) === null || typeof value === 'object')
  )
}

function workflowMeaning(workflow: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    environment_variables: variablesOf(workflow['environment_variables']),
    conversation_variables: variablesOf(workflow['conversation_variables']),
    features: workflow['features'] ?? {},
    nodes: nodesOf(at(workflow, ['graph', 'nodes'])),
    edges: edgesOf(at(workflow, ['graph', 'edges'])),
  }
}

function variablesOf(list: unknown): Readonly<Record<string, unknown>> {
  if (!Array.isArray(list)) return {}
  return Object.fromEntries(
    list.filter(isRecord).map(({ id: _id, value, ...rest }) => {
      const kept = rest['value_type'] === 'secret' ? {} : { value }
      return [String(rest['name']), { ...rest, ...kept }]
    }),
  )
}

function nodesOf(list: unknown): Readonly<Record<string, unknown>> {
  const nodes: Record<string, unknown> = {}
  if (!Array.isArray(list)) return nodes
  for (const node of list.filter(isRecord)) {
    if (node['type'] === 'custom-note') continue
    const data = isRecord(node['data']) ? Object.entries(node['data']) : []
    const kept = Object.fromEntries(data.filter(([key]) => key !== 'selected' && !key.startsWith('_')))
    let id = String(node['id'])
    while (Object.hasOwn(nodes, id)) id += '+'
    nodes[id] = { ...(node['parentId'] !== undefined && { parentId: node['parentId'] }), data: kept }
  }
  return nodes
}

function edgesOf(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return []
  return list
    .filter(isRecord)
    .map(({ source, sourceHandle, target, targetHandle }) =>
      [source, sourceHandle ?? 'source', target, targetHandle ?? 'target'].join(' → '),
    )
    .toSorted()
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
