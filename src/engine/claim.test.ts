import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { createVirtualClock } from '../lib/virtual-clock.ts'
import { keepClaim } from './claim.ts'

const run: StoredRun = { id: 'r', kind: 'trial', title: '', input: {}, state: 'running', createdAt: 0, epoch: 3 }

type Answer = { readonly cancelRequested?: string } | Error

/** Keeps a claim of 8 s, renewed every 2 s, for some time; `answers` are those of the store, the last one for good. */
async function keep(answers: readonly Answer[], untilMs: number, releaseAtMs?: number) {
  const clock = createVirtualClock()
  const told: string[] = []
  const renewals: number[] = []
  const store = {
    renew: async (id: string, epoch: number, leaseMs: number) => {
      expect([id, epoch, leaseMs]).toEqual(['r', 3, 8000])
      const answer = answers[Math.min(renewals.length, answers.length - 1)] ?? {}
      renewals.push(clock.monotonic())
      if (answer instanceof Error) throw answer
      return answer
    },
  }
  const claim = keepClaim(
    run,
    { store, clock, leaseMs: 8000 },
    { onCancel: (reason) => told.push(`cancel: ${reason}`), onLost: ({ code }) => told.push(`lost: ${code}`) },
  )
  if (releaseAtMs !== undefined) clock.after(releaseAtMs, () => claim.release())
  await clock.run({ untilMs })
  return { told, renewals, pending: clock.pending }
}

describe('keeping a claim', () => {
  it('renews it four times in a lease until it is released', async () => {
    expect(await keep([{}], 20_000, 9000)).toEqual({ told: [], renewals: [2000, 4000, 6000, 8000], pending: 0 })
  })

  it('tells once that the run is to end', async () => {
    const { told, renewals } = await keep([{}, { cancelRequested: 'enough' }], 10_000)
    expect(told).toEqual(['cancel: enough'])
    expect(renewals.length).toBeGreaterThan(3)
  })

  it('tells that another process has the run, and renews no more', async () => {
    const { told, renewals, pending } = await keep([new GreenloopError('lease_lost', 'gone')], 20_000)
    expect(told).toEqual(['lost: lease_lost'])
    expect(renewals).toEqual([2000])
    expect(pending).toBe(0)
  })

  it('bears a store that fails for less than the lease', async () => {
    const down = new GreenloopError('store_unavailable', 'no answer')
    expect((await keep([down, down, down, {}], 30_000)).told).toEqual([])
  })

  it('gives the run up when the store fails for the whole lease', async () => {
    const { told, renewals } = await keep([new TypeError('no network')], 30_000)
    expect(told).toEqual(['lost: store_unavailable'])
    expect(renewals).toHaveLength(4)
  })

  it('says nothing any more once it is released, be the answer late', async () => {
    const clock = createVirtualClock()
    const told: string[] = []
    for (const late of [new GreenloopError('lease_lost', 'gone'), undefined]) {
      const store = {
        renew: async () => {
          await clock.sleep(1000, new AbortController().signal)
          if (late !== undefined) throw late
          return { cancelRequested: 'enough' }
        },
      }
      const events = { onCancel: () => told.push('cancel'), onLost: () => told.push('lost') }
      const claim = keepClaim(run, { store, clock, leaseMs: 8000 }, events)
      clock.after(2500, () => claim.release())
      await clock.run()
    }
    expect(told).toEqual([])
    expect(clock.pending).toBe(0)
  })
})
