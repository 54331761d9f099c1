import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import type { NewChunk, Tx } from '../domain/queue.ts'
import type { Handler } from '../domain/task.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, patience, tasksOf } from '../../tests/support/workers.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe

whereItIs('a worker that claims chunks', () => {
  const deployment = deploymentOn(postgres)
  const put = (...chunks: readonly NewChunk[]): Promise<void> =>
    deployment.store.transaction((tx) => deployment.queue.put(chunks, tx))

  it('settles a chunk whose tasks have their results, and does none of them again', async () => {
    const gate = Promise.withResolvers<void>()
    const seen: string[] = []
    deployment.start(async ({ id }) => {
      seen.push(id)
      if (id === 't1') await gate.promise
    })
    await deployment.submit('again', tasksOf(2))
    await expect.poll(async () => (await deployment.store.counts('again')).succeeded, patience).toBe(1)
    await put({ runId: 'again', from: 0, to: 1 })
    // Of the two chunks only the one with the open task is left.
    await expect.poll(() => deployment.queue.pending('again'), patience).toBe(1)
    gate.resolve()
    expect(await deployment.ended('again')).toMatchObject({ verdict: 'passed' })
    expect(seen).toEqual(['t0', 't1'])
  })

  it('cuts a chunk that was lost too often, and each task is tried alone', async () => {
    let together = 0
    let most = 0
    const handler: Handler = async () => {
      most = Math.max(most, ++together)
      await new Promise((resolve) => setImmediate(resolve))
      together--
    }
    await deployment.submit('suspects', tasksOf(6))
    for (let loss = 0; loss < 2; loss++) {
      expect(await deployment.queue.claim(10, false)).toHaveLength(1)
      await deployment.lapse()
    }
    deployment.start(handler)
    expect(await deployment.ended('suspects')).toMatchObject({ verdict: 'passed' })
    expect(most).toBe(1)
    expect(deployment.lines.join('\n')).toContain('a chunk of 6 tasks of run suspects was lost 2 times')
  })

  it('cuts no chunk that went to another worker in the meantime', async () => {
    const { store, queue } = deployment
    let isFirst = true
    const open: typeof store.open = async (ranges) => {
      if (isFirst) await deployment.takeOver()
      isFirst = false
      return store.open(ranges)
    }
    await deployment.submit('late', tasksOf(5))
    const stop = deployment.start(() => 'done', { store: { ...store, open }, lossesBorne: 0 })
    await expect.poll(() => deployment.lines.join('\n'), patience).toContain('each is tried alone')
    await stop()
    // It is the other one's, whole, and nothing was put in beside it.
    expect(await queue.pending('late')).toBe(1)
    await deployment.lapse()
    expect(await queue.claim(10, false)).toMatchObject([{ from: 0, to: 5 }])
  })

  it('begins no task alone of a run that has ended while it waited for that', async () => {
    const { store } = deployment
    const seen: string[] = []
    const handler: Handler = (task, { signal }) => {
      seen.push(task.id)
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve('aborted'), { once: true })
      })
    }
    let isRefusing = false
    // After a failure chunks are written one at a time, so that the one with the suspect is there for a while yet.
    const transaction = async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
      if (!isRefusing) return store.transaction(work)
      isRefusing = false
      throw new GreenloopError('store_unavailable', 'not now')
    }
    deployment.start(handler, { store: { ...store, transaction } })
    await deployment.submit('over', tasksOf(2))
    await expect.poll(() => seen, patience).toEqual(['t0', 't1'])
    await put({ runId: 'over', from: 1, to: 2, alone: true })
    const waiting = `select 1 from ${deployment.queueSchema}.job where name = 'alone' and state = 'active'`
    await expect.poll(async () => (await deployment.sql(waiting)).length, patience).toBe(1)
    isRefusing = true
    await store.requestCancel('over', 'enough')
    await store.notify('over')
    expect(await deployment.ended('over')).toMatchObject({ state: 'cancelled' })
    await expect.poll(() => deployment.queue.pending('over'), patience).toBe(0)
    expect(seen).toEqual(['t0', 't1'])
  })
})
