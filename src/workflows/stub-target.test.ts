import { describe, expect, it } from 'vitest'
import { callOf, setupOf, thrownBy } from '../../tests/support/target-calls.ts'
import type { Target, TargetReply } from '../domain/target.ts'
import { systemClock } from '../lib/clock.ts'
import { stubTarget } from './stub-target.ts'

const targetOf = (stub: object): Target => stubTarget(setupOf({ target: 'stub', stub }), { clock: systemClock })
const call = (target: Target, changes = {}): Promise<TargetReply> =>
  target.call(callOf(changes), { signal: new AbortController().signal })

async function fates(target: Target, sampling = {}): Promise<string[]> {
  const keys = Array.from({ length: 300 }, (_, index) => `k${index}`)
  return await Promise.all(
    keys.map((key) =>
      call(target, { key, sampling }).then(
        ({ status }) => status,
        ({ code }: { code: string }) => code,
      ),
    ),
  )
}

describe('a stub as a workflow', () => {
  it('echoes inputs and query, and pretends to count tokens', async () => {
    const reply = await call(targetOf({}), { inputs: { a: 1 } })
    expect(reply).toMatchObject({
      status: 'succeeded',
      text: 'hello',
      outputs: { a: 1 },
      ids: { runId: 'stub-run/task' },
    })
    expect(reply.usage?.totalTokens).toBeGreaterThan(0)
    expect((await call(targetOf({ output_bytes: 5 }))).text).toBe('xxxxx')
  })

  it('has the same fates for the same seed, in rates that a variant may change', async () => {
    const rates = { failure_rate: 0.3, error_rate: 0.2, seed: 7 }
    const first = await fates(targetOf(rates))
    expect(new Set(first)).toEqual(new Set(['succeeded', 'app_failed', 'target_failed']))
    expect(await fates(targetOf(rates))).toEqual(first)
    expect(new Set(await fates(targetOf(rates), { failureRate: 1, errorRate: 0 }))).toEqual(new Set(['app_failed']))
  })

  it('may succeed at the next try of the same call', async () => {
    const target = targetOf({})
    const changes = { inputs: { stub: { errorsBefore: 1 } } }
    expect(await thrownBy(target, callOf(changes))).toMatchObject({ code: 'target_failed' })
    expect((await call(target, changes)).status).toBe('succeeded')
  })

  it('falls silent until it is aborted', async () => {
    const stop = new AbortController()
    const thrown = thrownBy(targetOf({ timeoutRate: 1 }), callOf(), stop.signal)
    stop.abort('enough')
    expect(await thrown).toBe('enough')
  })

  it('refuses settings that cannot be', () => {
    expect(() => targetOf({ failure_rate: 2 })).toThrow(/stub of workflow `flow`/u)
    expect(() => targetOf({ failure_rat: 0.2 })).toThrow(/stub of workflow `flow`/u)
  })
})
