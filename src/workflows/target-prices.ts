import type { TargetSetup } from '../domain/target.ts'
import type { TrialCost, TrialUsage } from '../domain/test-result.ts'
import { addDecimals, perMillion } from '../lib/decimal.ts'

/** Prices of a million tokens by model, in one currency. */
export type Prices = TargetSetup['prices']

/**
 * What tokens cost by the price table: by the first of `models` that stands in it, so that the model that answered goes
 * before the one that was asked. `undefined` where neither stands there or the split of the tokens is not known.
 */
export function priceOf(
  usage: TrialUsage | undefined,
  models: readonly (string | undefined)[],
  { currency, models: table }: Prices,
): TrialCost | undefined {
  if (usage?.inputTokens === undefined || usage.outputTokens === undefined) return undefined
  const name = models.find((model) => model !== undefined && Object.hasOwn(table, model))
  const price = name === undefined ? undefined : table[name]
  if (price === undefined) return undefined
  const amount = addDecimals([perMillion(price.input, usage.inputTokens), perMillion(price.output, usage.outputTokens)])
  return { amount, currency, source: 'price_table' }
}
