import type { RunManifest } from '../domain/manifest.ts'
import { addDecimals, perMillion } from '../lib/decimal.ts'
import { estimateTokens } from '../lib/tokens.ts'
import type { CallFigures, CheckFigures } from './estimate-calls.ts'
import { promptedModels } from './estimate-dsl.ts'
import type { PromptedModel } from './estimate-dsl.ts'

/** The least and the most that is expected. */
export interface Range {
  readonly low: number
  readonly high: number
}

/** Tokens of one kind of call, all together, with their price where there is one. */
export interface TokenShare {
  readonly tokens: Range
  readonly cost?: { readonly low: string; readonly high: string } | undefined
  /** Models that the price table does not have. */
  readonly unpriced: readonly string[]
}

type Prices = RunManifest['prices']['models']

interface Spending {
  readonly input: number
  readonly output: number
  readonly model?: string | undefined
}

/**
 * Tokens of the workflow's own models over all calls: at least one model of the workflow answers shortly, at most all of
 * them do at length, each once. `undefined` where nobody knows which models there are.
 */
export function workflowTokens(manifest: RunManifest, figures: CallFigures, answer: Range): TokenShare | undefined {
  const models = modelsOf(manifest)
  if (models.length === 0) return undefined
  const spend = ({ tokens, model }: PromptedModel, length: number): Spending => ({
    input: manifest.repeats * (figures.calls * tokens + figures.content + figures.answersAgain * length),
    output: manifest.repeats * figures.calls * length,
    model,
  })
  const least = models.map((each) => spend(each, answer.low))
  const most = models.map((each) => spend(each, answer.high))
  const prices = manifest.prices.models
  return {
    tokens: { low: Math.min(...least.map(total)), high: most.reduce((sum, each) => sum + total(each), 0) },
    ...priced(least, most, prices),
  }
}

function modelsOf({ workflow, variant, dsl }: RunManifest): readonly PromptedModel[] {
  if (workflow.target === 'openai') {
    const prompt = `${variant.prompt ?? workflow.system ?? ''} ${workflow.prompt ?? ''}`
    return [{ model: variant.model ?? workflow.model, tokens: estimateTokens(prompt.trim()) }]
  }
  return dsl?.text === undefined ? [] : promptedModels(dsl.text)
}

const verdict: Range = { low: 60, high: 400 }
/** What a judge is told besides the rubric and the answer. */
const instructions = 250

/** Tokens of judges over all trials: rubric, answer and verdict. */
export function judgeTokens(manifest: RunManifest, figures: CheckFigures, answer: Range): TokenShare {
  const spend = (at: keyof Range) =>
    Array.from(figures.judgements, ([name, calls]): Spending => {
      const rubrics = figures.rubrics.get(name) ?? 0
      const config = Object.hasOwn(manifest.models, name) ? manifest.models[name] : undefined
      return {
        input: manifest.repeats * (calls * (instructions + answer[at]) + rubrics),
        output: manifest.repeats * calls * verdict[at],
        model: config?.model,
      }
    })
  const [least, most] = [spend('low'), spend('high')]
  const sum = (spendings: readonly Spending[]): number => spendings.reduce((tokens, each) => tokens + total(each), 0)
  const { cost, unpriced } = priced(least, most, manifest.prices.models)
  const low = addDecimals(least.flatMap((each) => costOf(each, manifest.prices.models) ?? []))
  return { tokens: { low: sum(least), high: sum(most) }, cost: cost && { ...cost, low }, unpriced }
}

function total({ input, output }: Spending): number {
  return input + output
}

/** The cheapest of the least, and all of the most. */
function priced(least: readonly Spending[], most: readonly Spending[], prices: Prices): Omit<TokenShare, 'tokens'> {
  const unpriced = [
    ...new Set(
      most.filter((each) => costOf(each, prices) === undefined).map(({ model }) => model ?? 'a model without a name'),
    ),
  ]
  if (unpriced.length > 0) return { unpriced }
  const costs = least.flatMap((each) => costOf(each, prices) ?? [])
  const low = costs.toSorted((a, b) => Number(a) - Number(b))[0] ?? '0'
  return { cost: { low, high: addDecimals(most.flatMap((each) => costOf(each, prices) ?? [])) }, unpriced }
}

function costOf({ model, input, output }: Spending, prices: Prices): string | undefined {
  const price = model !== undefined && Object.hasOwn(prices, model) ? prices[model] : undefined
  return price && addDecimals([perMillion(price.input, input), perMillion(price.output, output)])
}
