import type { Environment } from '../domain/workflow.ts'
import type { TrialCost, TrialUsage } from '../domain/test-result.ts'
import { addDecimals, perMillion } from '../lib/decimal.ts'
import { decimalOf, numberOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import type { NodeRecord, NodeUsage } from './dify-nodes.ts'

/** What is known of the use of a call when it is over. */
export interface Used {
  readonly nodes: readonly NodeRecord[]
  /** `usage` of the message; empty where there is none. */
  readonly message: Fields
  /** Tokens of the run by its own account. */
  readonly runTokens: number | undefined
}

/** Tokens of a call; split where the parts add up to the whole. */
export function usageOf({ nodes, message, runTokens }: Used): TrialUsage | undefined {
  const messageTokens = numberOf(message['total_tokens'])
  const split = splitOf(nodes)
  const candidates = [runTokens, messageTokens, split.inputTokens + split.outputTokens]
  const totalTokens = candidates.find((tokens) => tokens !== undefined && tokens > 0) ?? runTokens ?? messageTokens
  if (totalTokens === undefined) return undefined
  const inputTokens = numberOf(message['prompt_tokens'])
  const outputTokens = numberOf(message['completion_tokens'])
  if (inputTokens !== undefined && outputTokens !== undefined && inputTokens + outputTokens === totalTokens) {
    return { inputTokens, outputTokens, totalTokens }
  }
  return split.inputTokens + split.outputTokens === totalTokens ? { ...split, totalTokens } : { totalTokens }
}

function splitOf(nodes: readonly NodeRecord[]) {
  const usages = leaves(nodes).flatMap(({ usage }) => usage ?? [])
  return {
    inputTokens: usages.reduce((sum, usage) => sum + usage.inputTokens, 0),
    outputTokens: usages.reduce((sum, usage) => sum + usage.outputTokens, 0),
  }
}

/**
 * What a call cost: the prices of its nodes, else that of the message, else by the price table. A sum is given only where
 * every token of the run is in it, since nodes that were seen after a reconnection come without prices.
 */
export function costOf(used: Used, prices: Environment['prices']): TrialCost | undefined {
  const { nodes, message, runTokens } = used
  const priced = leaves(nodes).filter(({ trace }) => trace.cost !== undefined)
  const currencies = new Set(priced.flatMap(({ currency }) => currency ?? []))
  const seen = priced.reduce((sum, { trace }) => sum + (trace.tokens ?? 0), 0)
  const isWhole = runTokens === undefined || seen === 0 || seen >= runTokens
  const byNode = addDecimals(priced.map(({ trace }) => trace.cost ?? '0'))
  const byMessage = decimalOf(message['total_price'])
  const own: readonly (TrialCost | undefined)[] = [
    priced.length > 0 && currencies.size <= 1 && isWhole
      ? { amount: byNode, currency: [...currencies][0] ?? 'USD', source: 'node' }
      : undefined,
    byMessage === undefined
      ? undefined
      : { amount: byMessage, currency: textOf(message['currency']) ?? 'USD', source: 'message' },
  ]
  const told = own.filter((cost) => cost !== undefined)
  // Models without a price on the server cost 0 there.
  return told.find(({ amount }) => Number(amount) !== 0) ?? byTable(used, prices) ?? told[0]
}

function byTable({ nodes, runTokens }: Used, { currency, models }: Environment['prices']): TrialCost | undefined {
  const usages = leaves(nodes).flatMap(({ usage }) => usage ?? [])
  const tokens = usages.reduce((sum, usage) => sum + usage.inputTokens + usage.outputTokens, 0)
  if (tokens === 0 || (runTokens !== undefined && tokens < runTokens)) return undefined
  const amounts = usages.map((usage) => priceOf(usage, models))
  if (amounts.some((amount) => amount === undefined)) return undefined
  return { amount: addDecimals(amounts.flatMap((amount) => amount ?? [])), currency, source: 'price_table' }
}

function priceOf({ model, inputTokens, outputTokens }: NodeUsage, models: Environment['prices']['models']) {
  const price = model !== undefined && Object.hasOwn(models, model) ? models[model] : undefined
  if (price === undefined) return undefined
  return addDecimals([perMillion(price.input, inputTokens), perMillion(price.output, outputTokens)])
}

/** Iterations and loops sum up what is in them: they count only where nothing in them is priced by itself. */
function leaves(nodes: readonly NodeRecord[]): readonly NodeRecord[] {
  const around = new Set(
    nodes.flatMap(({ inside, trace, usage }) =>
      trace.cost === undefined && usage === undefined ? [] : (inside ?? []),
    ),
  )
  return nodes.filter(({ trace }) => !around.has(trace.id))
}
