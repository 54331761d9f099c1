import { describe, expect, it } from 'vitest'
import type { NewRun } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, tasksOf } from '../../tests/support/workers.ts'
import { submitRun } from './worker-submit.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe
const run: NewRun = { id: 'r', kind: 'trial', title: 'submitted', input: null }

whereItIs('handing a run to the workers', () => {
  const deployment = deploymentOn(postgres)
  const parts = (clock = { monotonic: () => 0 }) => ({ ...deployment, clock })

  it('adds nothing where the run is there already', async () => {
    await submitRun(parts(), run, tasksOf(20))
    const [first] = await deployment.hold(1)
    expect(first?.lease).toMatchObject({ from: 0, to: 16 })
    const asked: string[] = []
    function* unwanted(): Generator<Task> {
      asked.push('for a task')
      yield* tasksOf(20)
    }
    expect(await submitRun(parts(), run, unwanted())).toMatchObject({ state: 'running', taskCount: 20 })
    await deployment.store.end('r', { state: 'finished' })
    expect(await submitRun(parts(), run, unwanted())).toMatchObject({ state: 'finished' })
    expect(asked).toEqual([])
    expect(await deployment.queue.pending('r')).toBe(2)
  })

  it('goes on where an earlier try broke off, without a second chunk for any task', async () => {
    function* broken(): Generator<Task> {
      yield* tasksOf(1030)
      throw new TypeError('the manifest is gone')
    }
    await expect(submitRun(parts(), run, broken())).rejects.toThrow('the manifest is gone')
    expect(await deployment.queue.pending('r')).toBe(64)
    expect(await deployment.store.find('r')).toMatchObject({ state: 'running' })
    expect(await submitRun(parts(), run, tasksOf(1030))).toMatchObject({ taskCount: 1030 })
    expect(await deployment.queue.pending('r')).toBe(65)
    expect(await deployment.store.counts('r')).toMatchObject({ pending: 1030 })
  })

  it('stays out of reach for everybody else however long it takes', async () => {
    let at = 0
    async function* slow(): AsyncGenerator<Task> {
      for (const task of tasksOf(3000)) {
        if (task.id === 't2048') await deployment.sql(`update ${deployment.storeSchema}.run set lease_until = 0`)
        // A quarter of a minute for each page of 1,024.
        at += 15_000 / 1024
        yield task
      }
    }
    await submitRun(parts({ monotonic: () => at }), run, slow())
    // The third page found the lease lapsed, as it is when nobody had renewed it, and took care of that.
    expect(await deployment.store.claim('r', { host: 'here', pid: 1, token: 'x' }, 60_000)).toBeUndefined()
  })
})
