import type { Scalar } from './case.ts'
import type { Score } from './check.ts'
import type { FinalState, TaskAttempt } from './task.ts'

/** How a trial ended, in the words of experiments. */
export const trialStatuses = [
  'succeeded',
  /** Some nodes failed and the workflow went on. */
  'partial',
  /** The workflow itself says that it failed: a result, not an accident. */
  'app_failed',
  'stopped',
  /** It waits for a person. */
  'paused',
  'timeout',
  'rate_limited',
  /** The server or the way to it broke down: missing, not scored. */
  'infra_error',
  'config_error',
  'cancelled',
] as const

/** How a trial ended. */
export type TrialStatus = (typeof trialStatuses)[number]

/** Tokens of a trial, as the server counted them. */
export interface TrialUsage {
  readonly inputTokens?: number | undefined
  readonly outputTokens?: number | undefined
  readonly totalTokens: number
}

/** What a trial cost. */
export interface TrialCost {
  /** A decimal number as text: `0.0012340`. */
  readonly amount: string
  readonly currency: string
  /** Who says so: nodes of the workflow, the message, or the price table. */
  readonly source: 'node' | 'message' | 'price_table'
}

/** Times of a call in milliseconds. Nothing of our own waiting and judging is in them. */
export interface TrialTiming {
  /** Until the connection stood; 0 on one that was kept. */
  readonly connectMs?: number | undefined
  /** From sending until the first piece of the answer. */
  readonly ttftMs?: number | undefined
  /** From sending until the end of the answer. */
  readonly totalMs: number
  /** What the server says that it took. */
  readonly serverMs?: number | undefined
}

/** What one node of a workflow did. */
export interface NodeTrace {
  readonly id: string
  readonly title: string
  readonly type: string
  readonly status: string
  readonly inputs?: unknown
  readonly outputs?: unknown
  readonly error?: string | undefined
  readonly elapsedMs?: number | undefined
  readonly tokens?: number | undefined
  readonly cost?: string | undefined
  /** Round of the iteration or loop around it. */
  readonly round?: number | undefined
}

/** Names under which the other side knows a trial. */
export interface TrialIds {
  readonly taskId?: string | undefined
  readonly runId?: string | undefined
  readonly messageId?: string | undefined
  readonly conversationId?: string | undefined
}

/** One turn of a conversation as it went. */
export interface TurnResult {
  readonly query: string
  readonly text: string
  readonly outputs: unknown
  readonly timing: TrialTiming
  readonly usage?: TrialUsage | undefined
  readonly ids: TrialIds
  readonly nodes: readonly NodeTrace[]
}

/** What the handler of a trial gives back: everything but what the engine knows itself. */
export interface TrialOutput {
  readonly status: TrialStatus
  readonly text: string
  readonly outputs: unknown
  readonly turns?: readonly TurnResult[] | undefined
  readonly usage?: TrialUsage | undefined
  readonly cost?: TrialCost | undefined
  readonly timing: TrialTiming
  readonly nodes: readonly NodeTrace[]
  readonly ids: TrialIds
  readonly model?: string | undefined
  readonly scores: readonly Score[]
  /** Weighted mean of the scores, 0 to 1; absent where nothing was checked or a check broke down. */
  readonly score?: number | undefined
  /** Whether enough checks passed; absent like `score`. */
  readonly passed?: boolean | undefined
  readonly error?: { readonly message: string; readonly code?: string | undefined } | undefined
  /** What judges and embeddings used up on top. */
  readonly evaluation?: { readonly tokens: number; readonly cost?: TrialCost | undefined } | undefined
  readonly nodeRetries: number
  readonly recovered: boolean
  /** Large texts that lie in files of their own, by what they are: `text`, `outputs`, `nodes`. */
  readonly blobs?: Readonly<Record<string, { readonly sha256: string; readonly bytes: number }>> | undefined
}

/** One trial with all that is known of it. */
export interface TestResult {
  /** Id of the task: `workflow/variant/case/repeat`. */
  readonly id: string
  readonly workflowId: string
  readonly variantId: string
  /** The same as `variantId`, under the name that tables of results have always had. */
  readonly promptVariant: string
  readonly caseId: string
  readonly caseName: string
  readonly dataset: string
  readonly repeat: number
  readonly block: number
  readonly state: FinalState
  readonly status: TrialStatus
  readonly parameters: Readonly<Record<string, Scalar>>
  readonly inputs: Readonly<Record<string, unknown>>
  readonly query?: string | undefined
  readonly outputs: unknown
  readonly text: string
  readonly turns?: readonly TurnResult[] | undefined
  readonly usage?: TrialUsage | undefined
  readonly tokens: number
  readonly cost?: TrialCost | undefined
  /** Milliseconds that the workflow took: `timing.totalMs`, over all turns. */
  readonly latencyMs?: number | undefined
  readonly timing: TrialTiming & { readonly queuedMs: number; readonly rateMs: number }
  readonly nodes: readonly NodeTrace[]
  readonly ids: TrialIds
  readonly model?: string | undefined
  readonly scores: readonly Score[]
  readonly score?: number | undefined
  readonly passed?: boolean | undefined
  readonly attempts: readonly TaskAttempt[]
  readonly error?: { readonly message: string; readonly code?: string | undefined } | undefined
  readonly evaluation?: TrialOutput['evaluation']
  readonly nodeRetries: number
  readonly recovered: boolean
  readonly blobs?: TrialOutput['blobs']
  readonly metadata: Readonly<Record<string, unknown>>
}
