import type { TrialIds } from '../domain/test-result.ts'
import { hasRuns } from './dify-app.ts'
import type { DifyKind } from './dify-app.ts'
import { fieldsOf, numberOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import { createNodeBook } from './dify-nodes.ts'
import type { NodeRecord } from './dify-nodes.ts'

/** One event of a stream. */
interface StreamEvent {
  readonly fields: Fields
  /** Length of its data in characters. */
  readonly chars: number
  /** Milliseconds from sending the call. */
  readonly atMs: number
}

/** What a stream has told so far. */
export interface Collected {
  readonly ids: TrialIds
  readonly text: string
  readonly nodes: readonly NodeRecord[]
  readonly nodeRetries: number
  readonly thoughts: readonly Fields[]
  /** Data of `workflow_finished`. */
  readonly finished: Fields | undefined
  /** Data of `workflow_paused`. */
  readonly paused: Fields | undefined
  /** Metadata of `message_end`. */
  readonly ended: Fields | undefined
  /** The `error` event. */
  readonly error: Fields | undefined
  readonly ttftMs: number | undefined
  /** When the last event came. */
  readonly lastMs: number
}

/** Puts a call together from the events of its stream, and of those that it is watched by after a break. */
export interface Collector {
  push(event: StreamEvent): void
  /** `answered`: the answer is whole, and only last words can come; `closed`: nothing more can. */
  state(): 'open' | 'answered' | 'closed'
  read(): Collected
}

/** A collector for an app of this kind; `onIds` is told whenever an id is new. */
export function createCollector(
  kind: DifyKind,
  onIds: ((ids: TrialIds) => void) | undefined,
  known: TrialIds = {},
): Collector {
  const book = createNodeBook()
  const text = createText(kind)
  const thoughts = new Map<string, Fields>()
  let ids = known
  let [finished, paused, ended, error]: (Fields | undefined)[] = []
  let ttftMs: number | undefined
  let lastMs = 0

  const push = ({ fields, chars, atMs }: StreamEvent): void => {
    const name = textOf(fields['event']) ?? ''
    const data = fieldsOf(fields['data'])
    const grown = grownIds(ids, { name, fields, data })
    if (grown !== undefined) {
      ids = grown
      onIds?.(ids)
    }
    if (text.push(name, fields)) ttftMs ??= atMs
    if (name !== 'ping') lastMs = atMs
    if (name === 'workflow_finished') finished = data
    else if (name === 'workflow_paused') paused = data
    else if (name === 'workflow_started' && textOf(data['reason']) === 'resumption') paused = undefined
    else if (name === 'message_end') ended = fieldsOf(fields['metadata'])
    else if (name === 'error') error = fields
    else if (name === 'agent_thought') thoughts.set(textOf(fields['id']) ?? `${thoughts.size}`, fields)
    else book.push(name, data, chars)
  }
  return {
    push,
    state: () => stateOf(kind, { finished, paused, ended, error }),
    read: () => ({
      ids,
      text: text.read(),
      nodes: book.read(),
      nodeRetries: book.retries(),
      thoughts: [...thoughts.values()],
      finished,
      paused,
      ended,
      error,
      ttftMs,
      lastMs,
    }),
  }
}

type Closing = Pick<Collected, 'finished' | 'paused' | 'ended' | 'error'>

function stateOf(kind: DifyKind, { finished, paused, ended, error }: Closing): 'open' | 'answered' | 'closed' {
  if (error !== undefined) return 'closed'
  if (!hasRuns(kind)) return ended === undefined ? 'open' : 'closed'
  if (paused !== undefined) return 'closed'
  if (kind === 'workflow') return finished === undefined ? 'open' : 'closed'
  // A chatflow says both, in either order; one that failed says an error behind its end, and no message_end.
  if (finished === undefined) return 'open'
  return ended === undefined ? 'answered' : 'closed'
}

interface Named {
  readonly name: string
  readonly fields: Fields
  readonly data: Fields
}

const messageNames = new Set(['message', 'agent_message', 'message_end', 'message_replace'])

function grownIds(ids: TrialIds, { name, fields, data }: Named): TrialIds | undefined {
  const runId = textOf(fields['workflow_run_id']) ?? (name === 'workflow_started' ? textOf(data['id']) : undefined)
  const messageId = textOf(fields['message_id']) ?? (messageNames.has(name) ? textOf(fields['id']) : undefined)
  const found: TrialIds = {
    taskId: ids.taskId ?? textOf(fields['task_id']),
    runId: ids.runId ?? runId,
    messageId: ids.messageId ?? messageId,
    conversationId: ids.conversationId ?? textOf(fields['conversation_id']),
  }
  const fresh = Object.entries(found).filter(([, value]) => value !== undefined)
  return fresh.length > Object.values(ids).filter((value) => value !== undefined).length
    ? Object.fromEntries(fresh)
    : undefined
}

/** Puts the text together; `push` tells whether something was added that a person sees, thoughts included. */
function createText(kind: DifyKind) {
  let pieces: string[] = []
  let fromAgent = false
  const add = (piece: string | undefined): boolean => {
    if (piece === undefined) return false
    pieces.push(piece)
    return true
  }
  const addMessage = (answer: string | undefined): boolean => {
    // The closing message of an agent repeats everything that it has said.
    if (kind === 'agent' && fromAgent && answer !== undefined) pieces = []
    return add(answer)
  }
  return {
    push: (name: string, fields: Fields): boolean => {
      const data = fieldsOf(fields['data'])
      const answer = textOf(fields['answer'])
      if (name === 'message') return addMessage(answer)
      if (name === 'text_chunk') return add(textOf(data['text']))
      if (name === 'reasoning_chunk') return textOf(data['reasoning']) !== undefined
      if (name === 'message_replace') {
        pieces = [answer ?? '']
        return false
      }
      if (name !== 'agent_message') return false
      fromAgent ||= answer !== undefined
      return add(answer)
    },
    read: (): string => {
      const last = pieces.at(-1) ?? ''
      const before = pieces.slice(0, -1).join('')
      return kind === 'agent' && pieces.length > 1 && last === before ? last : before + last
    },
  }
}

/** Milliseconds that the server says the call took. */
export function serverMsOf({ finished, ended }: Pick<Collected, 'finished' | 'ended'>): number | undefined {
  const seconds = numberOf(finished?.['elapsed_time']) ?? numberOf(fieldsOf(ended?.['usage'])['latency'])
  return seconds === undefined ? undefined : seconds * 1000
}
