import type { NodeTrace } from '../domain/test-result.ts'
import { decimalOf, fieldsOf, numberOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'

/** What a node that calls a model used up. */
export interface NodeUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly model: string | undefined
}

/** One node of a run: what is reported, and what its cost is summed from. */
export interface NodeRecord {
  readonly trace: NodeTrace
  readonly currency: string | undefined
  readonly usage: NodeUsage | undefined
  /** Id of the iteration or loop around it. */
  readonly inside: string | undefined
}

/** Collects what the nodes of a run did. */
export interface NodeBook {
  push(name: string, data: Fields, chars: number): void
  read(): readonly NodeRecord[]
  retries(): number
}

/** Events above this many characters have their values cut. */
const capChars = 1024 * 1024

/** A book for the nodes of one run; events of other kinds are passed over. */
export function createNodeBook(): NodeBook {
  const records = new Map<string, NodeRecord>()
  const containers = new Map<string, string>()
  const rounds = new Map<string, number>()
  let retries = 0

  const note = (key: string, data: Fields, chars: number): void => {
    const inside = aroundOf(data) ?? aroundOf(fieldsOf(data['execution_metadata']))
    const round = inside === undefined ? undefined : rounds.get(inside)
    const record = recordOf(data, { inside, round, chars })
    records.set(key, merged(records.get(key), record))
  }
  const noteNode = (data: Fields, chars: number): void => {
    const nodeId = textOf(data['node_id']) ?? ''
    const isContainer = containerTypes.has(textOf(data['node_type']) ?? '')
    const key = (isContainer ? containers.get(nodeId) : undefined) ?? textOf(data['id']) ?? nodeId
    if (isContainer) containers.set(nodeId, key)
    note(key, data, chars)
  }
  const noteContainer = (type: string, data: Fields, chars: number): void => {
    const nodeId = textOf(data['node_id']) ?? textOf(data['id']) ?? ''
    const key = containers.get(nodeId) ?? textOf(data['id']) ?? nodeId
    containers.set(nodeId, key)
    note(key, { ...data, node_type: type, node_id: nodeId }, chars)
  }
  return {
    push: (name, data, chars) => {
      if (name === 'node_started' || name === 'node_finished') noteNode(data, chars)
      else if (name === 'node_retry') retries++
      else if (name === 'iteration_started' || name === 'iteration_completed') noteContainer('iteration', data, chars)
      else if (name === 'loop_started' || name === 'loop_completed') noteContainer('loop', data, chars)
      else if (name === 'iteration_next' || name === 'loop_next') {
        rounds.set(textOf(data['node_id']) ?? '', numberOf(data['index']) ?? 0)
      }
    },
    read: () => [...records.values()],
    retries: () => retries,
  }
}

function aroundOf(fields: Fields): string | undefined {
  return textOf(fields['iteration_id']) ?? textOf(fields['loop_id'])
}

const containerTypes = new Set(['iteration', 'loop'])

interface Setting {
  readonly inside: string | undefined
  readonly round: number | undefined
  readonly chars: number
}

function recordOf(data: Fields, { inside, round, chars }: Setting): NodeRecord {
  const metadata = fieldsOf(data['execution_metadata'])
  const cut = chars > capChars ? cutTo : (value: unknown) => value
  const elapsed = numberOf(data['elapsed_time'])
  const ownRound = numberOf(metadata['iteration_index']) ?? numberOf(metadata['loop_index']) ?? round
  const trace: NodeTrace = {
    id: textOf(data['node_id']) ?? textOf(data['id']) ?? '',
    title: textOf(data['title']) ?? '',
    type: textOf(data['node_type']) ?? '',
    status: textOf(data['status']) ?? 'running',
    ...known('inputs', cut(data['inputs'])),
    ...known('outputs', cut(data['outputs'])),
    ...known('error', textOf(data['error'])),
    ...known('elapsedMs', elapsed === undefined ? undefined : elapsed * 1000),
    ...known('tokens', numberOf(metadata['total_tokens']) ?? numberOf(data['total_tokens'])),
    ...known('cost', decimalOf(metadata['total_price'])),
    ...known('round', inside === undefined ? undefined : ownRound),
  }
  return { trace, currency: textOf(metadata['currency']), usage: usageOf(data), inside }
}

/** A member that is there only where it is known, so that what comes later without it does not wipe it out. */
function known<K extends keyof NodeTrace>(name: K, value: NodeTrace[K] | null): Partial<NodeTrace> {
  return value === undefined || value === null ? {} : { [name]: value }
}

/** A state that was replayed tells less than the stream before it. */
function merged(before: NodeRecord | undefined, next: NodeRecord): NodeRecord {
  if (before === undefined) return next
  const status = next.trace.status === 'running' ? before.trace.status : next.trace.status
  return {
    trace: { ...before.trace, ...filled(next.trace), status },
    currency: next.currency ?? before.currency,
    usage: next.usage ?? before.usage,
    inside: next.inside ?? before.inside,
  }
}

function filled(trace: NodeTrace): NodeTrace {
  return Object.fromEntries(Object.entries(trace).filter(([, value]) => value !== '')) as unknown as NodeTrace
}

/** Model nodes name their usage among the outputs; newer servers, and nodes whose outputs are fixed, in the process data. */
function usageOf(data: Fields): NodeUsage | undefined {
  const process = fieldsOf(data['process_data'])
  const usage = { ...fieldsOf(process['usage']), ...fieldsOf(fieldsOf(data['outputs'])['usage']) }
  const inputTokens = numberOf(usage['prompt_tokens'])
  const outputTokens = numberOf(usage['completion_tokens'])
  const model = textOf(process['model_name'])
  if (inputTokens === undefined || outputTokens === undefined) {
    return model === undefined ? undefined : { inputTokens: 0, outputTokens: 0, model }
  }
  return { inputTokens, outputTokens, model }
}

function cutTo(value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const room = capChars / 2
  return text.length <= room ? value : `${text.slice(0, room)} [… ${text.length - room} characters cut …]`
}
