import { describe, expect, it } from 'vitest'
import type { LeaseQueue } from '../domain/queue.ts'
import type { Handler } from '../domain/task.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, patience, tasksOf } from '../../tests/support/workers.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe

whereItIs('a worker', () => {
  const deployment = deploymentOn(postgres)
  /** Runs until it is told to end; `seen` has the tasks that were begun, `aborted` those that were told. */
  const endless = () => {
    const seen: string[] = []
    const aborted: string[] = []
    const handler: Handler = (task, { signal }) => {
      seen.push(task.id)
      return new Promise((_, reject) => {
        const end = (): void => {
          aborted.push(task.id)
          reject(new Error('told to end'))
        }
        signal.addEventListener('abort', end, { once: true })
      })
    }
    return { seen, aborted, handler }
  }

  it('gives back what it could not finish in its grace, without a loss on its record', async () => {
    const { seen, handler } = endless()
    const stop = deployment.start(handler, { graceMs: 0, slots: 2 })
    await deployment.submit('stopped', tasksOf(20))
    await expect.poll(() => seen.length, patience).toBe(2)
    await stop()
    const back = await deployment.queue.claim(10, false)
    expect(back.toSorted((one, other) => one.from - other.from)).toMatchObject([
      { from: 0, to: 16, retryCount: 0 },
      { from: 16, to: 20, retryCount: 0 },
    ])
    expect(await deployment.store.counts('stopped')).toMatchObject({ pending: 20, attempts: 0 })
  })

  it('gives nothing back that another worker has by then', async () => {
    const { seen, handler } = endless()
    const stop = deployment.start(handler, { graceMs: 0 })
    await deployment.submit('gone', tasksOf(2))
    await expect.poll(() => seen.length, patience).toBe(2)
    await deployment.takeOver()
    await stop()
    expect(await deployment.queue.pending('gone')).toBe(1)
    expect(await deployment.queue.claim(10, false)).toEqual([])
  })

  it('keeps what it holds while heartbeats fail for a while', async () => {
    const { queue, lines } = deployment
    const gate = Promise.withResolvers<void>()
    let failures = 3
    const renew: LeaseQueue['renew'] = (leases, tx) =>
      failures-- > 0 ? Promise.reject(new Error('no touch')) : queue.renew(leases, tx)
    let begun = 0
    const handler: Handler = async () => {
      begun++
      await gate.promise
    }
    deployment.start(handler, { queue: { ...queue, renew, heartbeatMs: 150 } })
    await deployment.submit('flaky', tasksOf(3))
    await expect.poll(() => failures, patience).toBeLessThan(-1)
    gate.resolve()
    expect(await deployment.ended('flaky')).toMatchObject({ verdict: 'passed' })
    expect(lines.filter((line) => line === 'no heartbeat: Error: no touch')).toHaveLength(3)
    expect(begun).toBe(3)
  })

  it('aborts what runs of a run that somebody cancels, and goes on with the other', async () => {
    const { store } = deployment
    const gate = Promise.withResolvers<void>()
    const { seen, aborted, handler } = endless()
    let isOtherBegun = false
    deployment.start(async (task, context) => {
      if (task.id === 't0') return handler(task, context)
      isOtherBegun = true
      return gate.promise
    })
    await deployment.submit('cancelled', tasksOf(1))
    await deployment.submit('other', [{ id: 'o0', payload: null }])
    await expect.poll(() => isOtherBegun && seen.length === 1, patience).toBe(true)
    await store.requestCancel('cancelled', 'enough')
    await store.notify('cancelled')
    await expect.poll(() => aborted, patience).toEqual(['t0'])
    expect(await deployment.ended('cancelled')).toMatchObject({ state: 'cancelled', reason: 'enough' })
    gate.resolve()
    expect(await deployment.ended('other')).toMatchObject({ verdict: 'passed' })
    expect(await deployment.store.counts('other')).toMatchObject({ succeeded: 1, attempts: 1 })
  })

  it('has lost a chunk that comes to it again, and works on it as a new one', async () => {
    const { seen, handler } = endless()
    let isSecond = false
    const stop = deployment.start((task, context) => (isSecond ? 'done' : handler(task, context)), { slots: 8 })
    await deployment.submit('own', tasksOf(3))
    await expect.poll(() => seen.length, patience).toBe(3)
    isSecond = true
    // Somebody took it for dead; it hears of that from the queue first.
    await deployment.lapse()
    expect(await deployment.ended('own')).toMatchObject({ verdict: 'passed' })
    await stop()
    expect(deployment.lines.join('\n')).toContain('a chunk of run own is with another worker by now')
    expect(await deployment.store.counts('own')).toMatchObject({ succeeded: 3, attempts: 3 })
  })
})
