import type { TargetReply } from '../domain/target.ts'
import type { TrialCost, TrialUsage } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'
import type { AnswerPaths, ReadPath } from './http-target-paths.ts'
import { asText } from './http-target-request.ts'
import { priceOf } from './target-prices.ts'
import type { Prices } from './target-prices.ts'

/** Takes in the JSON of an answer, document by document, and makes the reply of it. */
export interface AnswerCollector {
  /** Whether the document added to the text of the answer. */
  take(document: unknown): boolean
  /** A failure that the protocol reports, not a mapping. */
  fail(message: string): void
  reply(): Omit<TargetReply, 'timing' | 'nodes' | 'nodeRetries' | 'recovered'>
}

/** What an answer is read by. */
export interface AnswerRules {
  readonly paths: AnswerPaths
  readonly prices: Prices
  readonly model: string | undefined
  /** `stream`: there are many documents, of which the last that has something counts. */
  readonly kind: 'single' | 'stream'
}

type PathName = Exclude<keyof AnswerPaths, 'delta'>

/** Makes an {@link AnswerCollector}. */
export function collectAnswer({ paths, prices, model, kind }: AnswerRules): AnswerCollector {
  const found = new Map<PathName, unknown>()
  const { delta, ...others } = paths
  const mapped = Object.entries(others).filter(([, read]) => read !== undefined) as [PathName, ReadPath][]
  let pieces = ''
  let last: unknown
  let failure: string | undefined
  return {
    take: (document) => {
      last = document
      for (const [name, read] of mapped) {
        const value = read(document)
        if (value !== undefined) found.set(name, value)
      }
      const piece = delta === undefined || kind === 'single' ? undefined : delta(document)
      const text = Array.isArray(piece) ? piece.map(asText).join('') : asText(piece)
      pieces += text
      return text !== ''
    },
    fail: (message) => {
      failure ??= message
    },
    reply: () => {
      const streamed = kind === 'stream' && delta !== undefined
      const outputs = paths.outputs === undefined ? (streamed ? pieces : last) : found.get('outputs')
      const missed = (['text', 'outputs'] as const).filter((name) => paths[name] !== undefined && !found.has(name))
      const error = errorOf(found.get('error')) ?? messageOnly(failure) ?? missedError(streamed ? [] : missed)
      const text = found.get('text')
      const usage = usageOf(found)
      return {
        status: error === undefined ? 'succeeded' : 'app_failed',
        text: text === undefined ? (streamed ? pieces : asText(outputs)) : plainOf(text),
        outputs: outputs ?? null,
        usage,
        cost: costOf(found.get('cost'), prices) ?? priceOf(usage, [model], prices),
        ids: idsOf(found),
        model,
        error,
      }
    },
  }
}

const plainOf = (value: unknown): string => (Array.isArray(value) ? value.map(asText).join('\n') : asText(value))

function messageOnly(message: string | undefined): { message: string } | undefined {
  return message === undefined ? undefined : { message }
}

function missedError(names: readonly string[]): TargetReply['error'] {
  if (names.length === 0) return undefined
  const listed = names.map((name) => `\`http.${name}\``).join(' and ')
  return { message: `the answer has nothing at ${listed}`, code: 'mapping_missed' }
}

/** `null`, `false`, an empty text or list, and 0 mean that nothing went wrong. */
function errorOf(value: unknown): TargetReply['error'] {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return undefined
  if (Array.isArray(value)) return value.map(errorOf).find((each) => each !== undefined)
  if (typeof value !== 'object') return { message: value === true ? 'the answer says that it failed' : asText(value) }
  const { message, code } = value as { readonly message?: unknown; readonly code?: unknown }
  return {
    message: typeof message === 'string' && message !== '' ? message : JSON.stringify(value),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
  }
}

/** A number, or a text that is one; of several, their sum. */
function numberOf(value: unknown): number | undefined {
  if (Array.isArray(value)) {
    const numbers = value.map(numberOf).filter((each) => each !== undefined)
    return numbers.length === 0 ? undefined : numbers.reduce((sum, each) => sum + each, 0)
  }
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function usageOf(found: ReadonlyMap<PathName, unknown>): TrialUsage | undefined {
  const inputTokens = numberOf(found.get('inputTokens'))
  const outputTokens = numberOf(found.get('outputTokens'))
  const total = numberOf(found.get('totalTokens'))
  if (inputTokens === undefined && outputTokens === undefined && total === undefined) return undefined
  return { inputTokens, outputTokens, totalTokens: total ?? (inputTokens ?? 0) + (outputTokens ?? 0) }
}

function costOf(value: unknown, { currency }: Prices): TrialCost | undefined {
  const amounts = (Array.isArray(value) ? value : [value]).filter((each) => numberOf(each) !== undefined)
  if (amounts.length === 0) return undefined
  return { amount: addDecimals(amounts.map(String)), currency, source: 'message' }
}

function idsOf(found: ReadonlyMap<PathName, unknown>): TargetReply['ids'] {
  const runId = asText(found.get('runId'))
  const conversationId = asText(found.get('conversationId'))
  return { ...(runId === '' ? {} : { runId }), ...(conversationId === '' ? {} : { conversationId }) }
}
