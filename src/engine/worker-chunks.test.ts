import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePolicy } from '../domain/policy.ts'
import { chunkSizeFor, chunksOf, expirySeconds, policyOf, tasksIn } from './worker-chunks.ts'

const policies = fc.record({ batchSize: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }) })

describe('chunksOf', () => {
  it('covers a range without gap or overlap, in chunks of the size at most that stay in their batch', () => {
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.nat(300),
        fc.integer({ min: 1, max: 16 }),
        policies,
        (from, length, chunkSize, input) => {
          const policy = parsePolicy(input)
          const chunks = chunksOf({ runId: 'r', from, to: from + length, policy, chunkSize })
          let at = from
          for (const chunk of chunks) {
            expect(chunk.from).toBe(at)
            expect(chunk.to - chunk.from).toBeGreaterThan(0)
            expect(chunk.to - chunk.from).toBeLessThanOrEqual(chunkSize)
            at = chunk.to
            if (policy.batchSize === undefined) {
              expect(chunk.batch).toBeUndefined()
              continue
            }
            const batch = Math.floor(chunk.from / policy.batchSize)
            expect(Math.floor((chunk.to - 1) / policy.batchSize)).toBe(batch)
            expect(chunk.batch ?? 0).toBe(batch)
          }
          expect(at).toBe(from + length)
        },
      ),
    )
  })
})

describe('chunkSizeFor', () => {
  it.each([
    [0, 16],
    [1000, 16],
    [4000, 4],
    [10_000, 2],
    [60_000, 1],
  ])('takes tasks of %i ms in chunks of %i', (expectedTaskMs, size) => {
    expect(chunkSizeFor(expectedTaskMs)).toBe(size)
  })
})

describe('expirySeconds', () => {
  it('is twice the worst case, a quarter of an hour at least and a day at most', () => {
    const patient = parsePolicy({ timeoutSeconds: 60, retry: { maxAttempts: 2, maxBackoffSeconds: 10 } })
    expect(expirySeconds(16, patient)).toBe(2 * 16 * 2 * 70)
    expect(expirySeconds(1, parsePolicy({ timeoutSeconds: 1 }))).toBe(900)
    expect(expirySeconds(16, parsePolicy({}))).toBe(86_400)
  })

  it('counts the wait for the rate limit', () => {
    const slow = parsePolicy({ timeoutSeconds: 60, retry: { maxBackoffSeconds: 0 }, rateLimit: { perMinute: 1 } })
    expect(expirySeconds(16, slow)).toBe(2 * 16 * 120)
  })
})

describe('policyOf', () => {
  it('is the policy of the run, or the usual one where it has none', () => {
    const policy = parsePolicy({ concurrency: 3 })
    expect(policyOf({ policy })).toBe(policy)
    expect(policyOf({})).toEqual(parsePolicy({}))
  })
})

describe('tasksIn', () => {
  it('picks the tasks of a chunk, and finds none in a run that has none open', () => {
    const tasks = [0, 1, 2, 3].map((seq) => ({ id: `t${seq}`, payload: null, seq, attempts: [] }))
    const open = new Map([['r', tasks]])
    expect(tasksIn(open, { runId: 'r', from: 1, to: 3 }).map(({ seq }) => seq)).toEqual([1, 2])
    expect(tasksIn(open, { runId: 'over', from: 1, to: 3 })).toEqual([])
  })
})
