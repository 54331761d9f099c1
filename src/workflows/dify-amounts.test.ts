import { array, assert, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { environmentSchema } from '../domain/workflow.ts'
import { costOf, usageOf } from './dify-amounts.ts'
import type { NodeRecord, NodeUsage } from './dify-nodes.ts'

const { prices } = environmentSchema.parse({})

interface Priced {
  readonly cost?: string
  readonly currency?: string
  readonly tokens?: number
  readonly usage?: NodeUsage
}

const node = ({ cost, currency = 'USD', tokens, usage }: Priced): NodeRecord => ({
  trace: { id: 'n', title: 'n', type: 'llm', status: 'succeeded', cost, tokens },
  currency,
  usage,
  inside: undefined,
})

describe('the cost of a call', () => {
  it('is the exact sum of its nodes, whatever their order and however many there are', () => {
    const millionths = array(integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 50 })
    const sums = property(millionths, (amounts) => {
      const nodes = amounts.map((amount) => node({ cost: (amount / 1e7).toFixed(7) }))
      const cost = costOf({ nodes, message: {}, runTokens: undefined }, prices)
      const total = amounts.reduce((sum, amount) => sum + amount, 0)
      expect(Math.round(Number(cost?.amount) * 1e7)).toBe(total)
      expect(cost).toEqual(costOf({ nodes: nodes.toReversed(), message: {}, runTokens: undefined }, prices))
    })
    assert(sums)
  })

  it('is that of the message where nodes name none, or not all of it, or several currencies', () => {
    const message = { total_price: '0.5', currency: 'CNY' }
    const expected = { amount: '0.5', currency: 'CNY', source: 'message' }
    expect(costOf({ nodes: [node({})], message, runTokens: 10 }, prices)).toEqual(expected)
    expect(costOf({ nodes: [node({ cost: '0.1', tokens: 4 })], message, runTokens: 10 }, prices)).toEqual(expected)
    const mixed = [node({ cost: '0.1' }), node({ cost: '0.1', currency: 'EUR' })]
    expect(costOf({ nodes: mixed, message, runTokens: undefined }, prices)).toEqual(expected)
  })

  it('is not made up where a model has no price anywhere', () => {
    const usage = { inputTokens: 5, outputTokens: 5, model: 'unknown' }
    expect(costOf({ nodes: [node({ usage })], message: {}, runTokens: 10 }, prices)).toBeUndefined()
  })
})

describe('the tokens of a call', () => {
  it('are split only where the parts add up to the whole', () => {
    const usage = { inputTokens: 6, outputTokens: 4, model: undefined }
    const nodes = [node({ usage })]
    expect(usageOf({ nodes, message: {}, runTokens: 10 })).toEqual({
      inputTokens: 6,
      outputTokens: 4,
      totalTokens: 10,
    })
    expect(usageOf({ nodes, message: {}, runTokens: 25 })).toEqual({ totalTokens: 25 })
    expect(usageOf({ nodes: [], message: {}, runTokens: undefined })).toBeUndefined()
  })
})
