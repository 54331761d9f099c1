import type { TargetCall } from '../domain/target.ts'
import type { Fields } from './dify-fields.ts'

/** The kinds of apps, by what they are called in a catalog. */
export type DifyKind = 'workflow' | 'chatflow' | 'chat' | 'agent' | 'completion'

const kindByMode: Readonly<Record<string, DifyKind>> = {
  workflow: 'workflow',
  'advanced-chat': 'chatflow',
  chat: 'chat',
  'agent-chat': 'agent',
  agent: 'agent',
  completion: 'completion',
}

/** The kind behind the `mode` of `/info`. */
export function kindOfMode(mode: string): DifyKind | undefined {
  return Object.hasOwn(kindByMode, mode) ? kindByMode[mode] : undefined
}

/** Whether calls of a kind are runs of a workflow, which can be found again and watched on. */
export function hasRuns(kind: DifyKind): boolean {
  return kind === 'workflow' || kind === 'chatflow'
}

/** Path below the base URL to which a call is posted. */
export function callPath(kind: DifyKind, version: string | undefined): string {
  switch (kind) {
    case 'workflow':
      return version === undefined ? 'workflows/run' : `workflows/${encodeURIComponent(version)}/run`
    case 'chatflow':
    case 'chat':
    case 'agent':
      return 'chat-messages'
    case 'completion':
      return 'completion-messages'
  }
}

/** Path that ends the task of a call. */
export function stopPath(kind: DifyKind, taskId: string): string {
  const task = encodeURIComponent(taskId)
  switch (kind) {
    case 'workflow':
      return `workflows/tasks/${task}/stop`
    case 'chatflow':
    case 'chat':
    case 'agent':
      return `chat-messages/${task}/stop`
    case 'completion':
      return `completion-messages/${task}/stop`
  }
}

/** Files of a call as the service takes them. */
export interface CallFiles {
  /** Values of input variables that take files. */
  readonly inputs: Fields
  /** Files of the message. */
  readonly files: readonly Fields[]
}

interface Bodied {
  readonly kind: DifyKind
  readonly version: string | undefined
  readonly files: CallFiles
}

/** The body of a call. What the user says becomes the input `query` where an app has no message of its own. */
export function callBody(call: TargetCall, { kind, version, files }: Bodied): Fields {
  const inputs = { ...call.inputs, ...files.inputs }
  const common = { response_mode: 'streaming', user: call.user, files: files.files }
  if (kind === 'workflow' || kind === 'completion') {
    const query = call.query === undefined ? {} : { query: call.query }
    return { ...common, inputs: { ...query, ...inputs } }
  }
  return {
    ...common,
    inputs,
    query: call.query ?? '',
    conversation_id: call.conversationId ?? '',
    auto_generate_name: false,
    ...(kind === 'chatflow' && version !== undefined ? { workflow_id: version } : {}),
  }
}
