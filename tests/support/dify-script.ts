/** Members of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>

/** Mode of an app, as `/info` tells it. */
export type DifyMode = 'workflow' | 'advanced-chat' | 'chat' | 'agent-chat' | 'completion'

/** A call as it arrived. */
export interface DifyCall {
  readonly inputs: Fields
  readonly query: string
  readonly user: string
  readonly conversationId: string
  readonly files: readonly Fields[]
  /** Pinned version, by path or body. */
  readonly version: string | undefined
  /** Counts the calls of the app from 1, refused ones included. */
  readonly number: number
}

/** What a node of a run does. */
export interface DifyNode {
  readonly id: string
  readonly title?: string
  readonly type?: string
  readonly inputs?: Fields
  readonly outputs?: Fields
  readonly status?: string
  readonly error?: string
  /** Prompt and completion tokens. */
  readonly tokens?: readonly [number, number]
  readonly price?: string
  readonly model?: string
  readonly retries?: number
  /** Node id of the iteration around it, and the round. */
  readonly inside?: { readonly iteration: string; readonly round: number }
}

/** An answer that is an error. */
export interface DifyRefusal {
  readonly status: number
  readonly code?: string
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  /** In place of the JSON of an error. */
  readonly body?: string
}

/** What goes wrong on the way; the run itself goes on. */
export type DifyFault =
  /** The connection breaks after this many events; 0 is behind the head of the answer. */
  | { readonly kind: 'cut'; readonly after: number }
  | { readonly kind: 'silence'; readonly after: number }
  /** The connection breaks before the head of the answer. */
  | { readonly kind: 'hang_up'; readonly work: boolean }
  /** A gateway answers in place of the app. */
  | { readonly kind: 'status'; readonly status: number; readonly work: boolean }
  | { readonly kind: 'garbage'; readonly text: string }
  /** The stream is sent in pieces of these sizes in turn, in bytes. */
  | { readonly kind: 'split'; readonly sizes: readonly number[] }
  | { readonly kind: 'gzip' }

/** What an app does with a call. */
export interface DifyScript {
  readonly nodes?: readonly DifyNode[]
  readonly text?: string
  /** Pieces that the text is streamed in; 3 unless set. */
  readonly pieces?: number
  readonly outputs?: Fields
  readonly status?: 'succeeded' | 'failed' | 'partial-succeeded'
  readonly error?: string
  /** Waits for a person at the end of its nodes. */
  readonly pause?: boolean
  /** Milliseconds before each event. */
  readonly delayMs?: number
  readonly usage?: { readonly tokens: readonly [number, number]; readonly price: string; readonly currency?: string }
  /** An `error` event in place of the end. */
  readonly errorEvent?: { readonly status: number; readonly code: string; readonly message: string }
  /** Answers with an error, and does nothing. */
  readonly refuse?: DifyRefusal
  readonly fault?: DifyFault
  readonly newline?: string
  /** In place of the usual events; ids are filled in. */
  readonly events?: readonly Fields[]
  /** A chatflow says that the run is over before it ends the message. */
  readonly finishedFirst?: boolean
}

/** Tokens of a script over its nodes, or of its message where it has none. */
export function tokensOf({ nodes, usage }: DifyScript): number {
  const leaves = (nodes ?? []).filter(({ type }) => type !== 'iteration')
  const byNode = leaves.reduce((sum, { tokens = [0, 0] }) => sum + tokens[0] + tokens[1], 0)
  return byNode > 0 || usage === undefined ? byNode : usage.tokens[0] + usage.tokens[1]
}
