import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ModelCall } from '../domain/generation.ts'
import type { Provider } from '../domain/ports.ts'
import { failingOver } from './failover.ts'
import { metered } from './meter.ts'

const prompt = { system: 'abcd', user: 'efgh' }
const signal = new AbortController().signal

function saying(text: string): Provider {
  const usage = { inputTokens: 3, outputTokens: 4, estimated: false }
  return {
    name: `says ${text}`,
    complete: async () => ({ text, reasoning: '', finish: 'stop', model: 'm1', usage, durationMs: 5 }),
  }
}

function failing(error: unknown): Provider {
  return {
    name: 'fails',
    model: 'm2',
    complete: async () => {
      throw error
    },
  }
}

describe('metering', () => {
  it('reports what an answer has used', async () => {
    const calls: ModelCall[] = []
    await metered(saying('a'), (call) => calls.push(call)).complete(prompt, { signal })
    expect(calls).toEqual([
      {
        provider: 'says a',
        model: 'm1',
        outcome: 'answered',
        usage: { inputTokens: 3, outputTokens: 4, estimated: false },
        durationMs: 5,
      },
    ])
  })

  it('reports a failed call with estimates and throws the same error', async () => {
    const calls: ModelCall[] = []
    const error = new GreenloopError('llm_truncated', 'cut', { call: { partial: 'x'.repeat(40) } })
    const call = metered(failing(error), (made) => calls.push(made)).complete(prompt, { signal })
    await expect(call).rejects.toBe(error)
    expect(calls).toMatchObject([
      {
        model: 'm2',
        outcome: 'failed',
        error: 'llm_truncated',
        usage: { inputTokens: 2, outputTokens: 10, estimated: true },
      },
    ])
  })
})

describe('failing over', () => {
  it('asks the second model when the first one cannot be had, and says why', async () => {
    const told: ErrorCode[] = []
    const first = failing(new GreenloopError('llm_unreachable', 'refused'))
    const both = failingOver(first, saying('b'), { onFailover: (error) => told.push(error.code) })
    await expect(both.complete(prompt, { signal })).resolves.toMatchObject({ text: 'b', provider: saying('b').name })
    expect(told).toEqual(['llm_unreachable'])
  })

  it('never happens after an abort or a mistake in the settings', async () => {
    for (const error of [new Error('aborted'), new GreenloopError('config_invalid', 'wrong')]) {
      const both = failingOver(failing(error), saying('b'), { onFailover: () => expect.fail('no fail-over') })
      await expect(both.complete(prompt, { signal })).rejects.toBe(error)
    }
  })
})
