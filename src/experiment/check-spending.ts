import type { Usage } from '../domain/ports.ts'
import type { TrialCost } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'

/** What the judging of a trial used up. */
export interface Spent {
  readonly tokens: number
  /** Absent where no call has a price. */
  readonly cost?: TrialCost | undefined
}

/** Adds up what judges and embeddings use. */
export interface Spending {
  /** `model` is the name of the model in the environment. */
  add(model: string, usage: Usage): void
  read(): Spent
}

/** Price of one call, where it is known. */
export type PriceOf = (model: string, usage: Usage) => TrialCost | undefined

/** Makes an empty {@link Spending}. Costs of another currency than the first are left out. */
export function createSpending(priceOf: PriceOf = () => undefined): Spending {
  let tokens = 0
  const costs: TrialCost[] = []
  return {
    add: (model, usage) => {
      tokens += usage.inputTokens + usage.outputTokens
      const cost = priceOf(model, usage)
      if (cost !== undefined) costs.push(cost)
    },
    read: () => ({ tokens, ...sumOf(costs) }),
  }
}

function sumOf(costs: readonly TrialCost[]): Pick<Spent, 'cost'> {
  const [first] = costs
  if (first === undefined) return {}
  const alike = costs.filter(({ currency }) => currency === first.currency)
  return { cost: { ...first, amount: addDecimals(alike.map(({ amount }) => amount)) } }
}
