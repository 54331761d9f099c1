import { describe, expect, it } from 'vitest'
import { answerOf } from './trial-answer.ts'
import type { TargetReply } from '../domain/target.ts'

const turn = (query: string) => ({ query, inputs: {}, files: [], checks: [] })
const turns = [turn('one'), turn('two')]

function reply(members: Partial<TargetReply> = {}): TargetReply {
  const common = { outputs: null, timing: { totalMs: 10 }, nodes: [], ids: {}, nodeRetries: 0, recovered: false }
  return { status: 'succeeded', text: 'hello', ...common, ...members }
}

const cost = (amount: string, currency = 'USD') => ({ amount, currency, source: 'node' as const })

describe('the answer of a conversation', () => {
  it('is that of its last turn, with times, tokens, costs and retries added up', () => {
    const first = reply({
      text: 'first',
      timing: { connectMs: 3, ttftMs: 4, totalMs: 10, serverMs: 8 },
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
      cost: cost('0.1'),
      nodeRetries: 1,
    })
    const second = reply({
      text: 'second',
      timing: { connectMs: 0, ttftMs: 1, totalMs: 5, serverMs: 4 },
      usage: { inputTokens: 10, outputTokens: 20, totalTokens: 30 },
      cost: cost('0.2'),
      nodeRetries: 2,
      recovered: true,
    })
    expect(answerOf([first, second], turns)).toMatchObject({
      text: 'second',
      timing: { connectMs: 3, ttftMs: 4, totalMs: 15, serverMs: 12 },
      usage: { inputTokens: 11, outputTokens: 22, totalTokens: 33 },
      cost: { amount: '0.3', currency: 'USD' },
      nodeRetries: 3,
      recovered: true,
      turns: [
        { query: 'one', text: 'first' },
        { query: 'two', text: 'second' },
      ],
    })
  })

  it('has no cost where currencies differ or the price of a turn was lost', () => {
    expect(answerOf([reply({ cost: cost('1') }), reply({ cost: cost('1', 'EUR') })], turns).cost).toBeUndefined()
    expect(answerOf([reply({ cost: cost('1') }), reply({ recovered: true })], turns).cost).toBeUndefined()
    expect(answerOf([reply({ cost: cost('1') }), reply()], turns).cost).toMatchObject({ amount: '1' })
  })

  it('has no split of tokens where one turn does not tell it', () => {
    const usage = { totalTokens: 5 }
    const told = { inputTokens: 1, outputTokens: 1, totalTokens: 2 }
    expect(answerOf([reply({ usage }), reply({ usage: told })], turns).usage).toEqual({ totalTokens: 7 })
    expect(answerOf([reply(), reply()], turns).usage).toBeUndefined()
  })

  it('is one turn only where there is one', () => {
    expect(answerOf([reply()], [turn('one')])).not.toHaveProperty('turns')
  })
})
