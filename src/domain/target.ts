import type { FileSpec } from './case.ts'
import type { Environment, ServerConfig, Workflow } from './workflow.ts'
import type { NodeTrace, TrialCost, TrialIds, TrialStatus, TrialTiming, TrialUsage } from './test-result.ts'

/** One call of a workflow: a run, or one turn of a conversation. */
export interface TargetCall {
  readonly inputs: Readonly<Record<string, unknown>>
  /** What the user says, for chat. */
  readonly query?: string | undefined
  readonly files: readonly FileSpec[]
  /** The end user that files, conversations and reattachment belong to; the same for all calls of one attempt at a trial. */
  readonly user: string
  /** Goes on with a conversation. */
  readonly conversationId?: string | undefined
  /** Turns before this one, for targets that keep no conversation of their own. */
  readonly history: readonly { readonly query: string; readonly answer: string }[]
  /** The same for all attempts at a call, to send along where the other side knows idempotency keys. */
  readonly key: string
  /** What the variant gives to targets that take it. */
  readonly prompt?: string | undefined
  readonly model?: string | undefined
  readonly sampling: Readonly<Record<string, unknown>>
}

/** How a call is ended early and watched. */
export interface TargetOptions {
  readonly signal: AbortSignal
  /** Told of ids as soon as they are known, so that a call is found again after a crash. */
  readonly onIds?: ((ids: TrialIds) => void) | undefined
}

/** What came of a call. An answer of the workflow, good or bad, is a value; what kept it from answering is thrown. */
export interface TargetReply {
  /** `succeeded`, `partial`, `app_failed`, `stopped` or `paused`. */
  readonly status: Extract<TrialStatus, 'succeeded' | 'partial' | 'app_failed' | 'stopped' | 'paused'>
  /** The answer as text; the outputs as JSON where there is no text. */
  readonly text: string
  readonly outputs: unknown
  readonly usage?: TrialUsage | undefined
  readonly cost?: TrialCost | undefined
  readonly timing: TrialTiming
  readonly nodes: readonly NodeTrace[]
  readonly ids: TrialIds
  /** Model that answered, as the server names it. */
  readonly model?: string | undefined
  /** Why it failed, by the workflow's own account. */
  readonly error?: { readonly message: string; readonly code?: string | undefined } | undefined
  /** Retries of single nodes that the server made by itself. */
  readonly nodeRetries: number
  /** Whether the answer was fetched after the connection broke, not paid for again. */
  readonly recovered: boolean
}

/** What a target can do, found out by asking it. */
export interface TargetFacts {
  /** In words: `Dify workflow "Support" 1.16`. */
  readonly title: string
  /** Inputs that it takes, where it says so. */
  readonly inputs?: readonly { readonly name: string; readonly required: boolean }[] | undefined
  /** What will not work, in words. */
  readonly problems: readonly string[]
}

/**
 * A workflow under test. Throws `target_failed` (may pass; nothing was done or paid), `target_rate_limited` (with
 * Retry-After where there is one), `target_timeout`, `target_unknown` (it may have been done: not sent again by itself),
 * `target_refused` (configuration: key, id, input), `target_quota` (no more calls today), `target_garbled`; an abort throws
 * the signal's reason.
 */
export interface Target {
  /** How reports call it: `dify workflow support-bot`. */
  readonly name: string
  call(call: TargetCall, options: TargetOptions): Promise<TargetReply>
  /**
   * What became of a call whose end nobody saw: by its ids, or by its user where none were seen. `undefined`: there is no
   * trace of it, so it may be sent. Throws `target_unknown` where that cannot be told.
   */
  recover?(lost: LostCall, options: TargetOptions): Promise<TargetReply | undefined>
  /** Whether a call may be sent twice without harm; any other is on record before it is sent. */
  readonly isRepeatable?: boolean | undefined
  /** Asks the server what it is; throws as `call` does. */
  probe?(signal: AbortSignal): Promise<TargetFacts>
  close(): Promise<void>
}

/** A call whose end nobody saw. */
export interface LostCall {
  readonly ids: TrialIds
  readonly call: TargetCall
  /** Epoch milliseconds at which it was begun. */
  readonly startedAt: number
}

/** What a target is made from: its entry of the catalog with its server, every `${NAME}` filled in. */
export interface TargetSetup {
  readonly workflow: Workflow
  readonly server?: ServerConfig | undefined
  /** Key of the app, where there is one. */
  readonly apiKey?: string | undefined
  /** Published version to run, in place of the current one (Dify). */
  readonly version?: string | undefined
  /** Absolute folder that relative paths start from. */
  readonly folder: string
  /** Prices for answers that name tokens but no price. */
  readonly prices: Environment['prices']
}
