import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CallFailure, ErrorCode } from '../domain/errors.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Answer, Provider } from '../domain/ports.ts'
import { sleep } from '../lib/clock.ts'
import { retrying } from './retry.ts'

const prompt = { system: '', user: 'x' }
const policy = { maxAttempts: 4, baseMs: 1000, maxWaitMs: 30_000 }
const good: Answer = {
  text: 'ok',
  reasoning: '',
  finish: 'stop',
  model: 'm',
  usage: { inputTokens: 1, outputTokens: 1, estimated: true },
  durationMs: 1,
}

/** Fails with each error in turn, then answers; `waits` notes how long was waited. */
function scripted(errors: readonly (readonly [ErrorCode, CallFailure?])[], random = 0.5, attempts = 4) {
  const waits: number[] = []
  let calls = 0
  const provider: Provider = {
    name: 'scripted',
    complete: async () => {
      const failure = errors[calls++]
      if (failure === undefined) return good
      throw new GreenloopError(failure[0], 'scripted', failure[1] === undefined ? {} : { call: failure[1] })
    },
  }
  const clock = {
    sleep: async (ms: number) => {
      waits.push(ms)
    },
  }
  const patient = retrying(provider, { ...policy, maxAttempts: attempts }, { clock, random: () => random })
  const result = patient.complete(prompt, { signal: new AbortController().signal })
  return { result, waits, calls: () => calls }
}

describe('a passing failure', () => {
  it('is retried with waits that double, each shortened by chance', async () => {
    const { result, waits } = scripted([['llm_unreachable'], ['llm_timeout'], ['llm_failed', { status: 503 }]])
    await expect(result).resolves.toBe(good)
    expect(waits).toEqual([500, 1000, 2000])
  })

  it('is given up after the allowed attempts, and the message says how many there were', async () => {
    const { result, calls } = scripted(Array.from({ length: 9 }, () => ['llm_failed', { status: 500 }] as const))
    await expect(result).rejects.toMatchObject({ code: 'llm_failed', message: 'scripted (after 4 attempts)' })
    expect(calls()).toBe(4)
  })

  it('waits as long as the server asks, but at most a minute', async () => {
    const { result, waits } = scripted(
      [
        ['llm_rate_limited', { status: 429, retryAfterMs: 7000 }],
        ['llm_rate_limited', { status: 429, retryAfterMs: 3_600_000 }],
      ],
      0,
    )
    await result
    expect(waits).toEqual([7000, 60_000])
  })

  it('is retried once only when the answer broke off', async () => {
    const { result, calls } = scripted([['llm_truncated'], ['llm_truncated'], ['llm_truncated']])
    await expect(result).rejects.toMatchObject({ code: 'llm_truncated' })
    expect(calls()).toBe(2)
  })
})

describe('a lasting failure', () => {
  it.each([
    ['llm_unauthorized', { status: 401 }],
    ['llm_failed', { status: 400 }],
    ['llm_failed', undefined],
    ['llm_garbled', undefined],
    ['llm_too_large', undefined],
    ['replay_missing', undefined],
  ] as const)('%s is not retried', async (code, call) => {
    const { result, calls } = scripted([call === undefined ? [code] : [code, call]])
    await expect(result).rejects.toMatchObject({ code, message: 'scripted' })
    expect(calls()).toBe(1)
  })
})

it('never waits longer than the policy allows, whatever chance says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 30 }),
      async (random, n) => {
        const { result, waits, calls } = scripted(
          Array.from({ length: n }, () => ['llm_unreachable'] as const),
          random,
          n + 1,
        )
        await result
        expect(calls()).toBe(n + 1)
        for (const wait of waits) expect(wait).toBeLessThanOrEqual(policy.maxWaitMs)
      },
    ),
  )
})

it('stops waiting as soon as it is aborted', async () => {
  const stop = new AbortController()
  const failing: Provider = {
    name: 'failing',
    complete: async () => {
      throw new GreenloopError('llm_unreachable', 'scripted')
    },
  }
  const parts = { clock: { sleep }, random: () => 0.999, onRetry: () => stop.abort(new Error('enough')) }
  const patient = retrying(failing, { ...policy, baseMs: 3_600_000, maxWaitMs: 3_600_000 }, parts)
  await expect(patient.complete(prompt, { signal: stop.signal })).rejects.toThrow('enough')
})
