import { describe, expect, it } from 'vitest'
import { GreenloopError } from '../domain/errors.ts'
import { findPostgres } from '../../tests/support/postgres.ts'
import { deploymentOn, patience, tasksOf } from '../../tests/support/workers.ts'

const postgres = await findPostgres()
const whereItIs = postgres === undefined ? describe.skip : describe

whereItIs('a coordinator', () => {
  const deployment = deploymentOn(postgres)
  /** Every chunk that is held has taken all the holders that it may. */
  const exhaust = (): Promise<unknown> =>
    deployment.sql(`update ${deployment.queueSchema}.job set state = 'failed', completed_on = now()
      where state = 'active'`)

  it('cuts a chunk that was lost for good, and ends a single task that was', async () => {
    const { store, queue, coordinator } = deployment
    await deployment.submit('lost', tasksOf(3))
    expect(await queue.claim(1, false)).toHaveLength(1)
    await exhaust()
    await coordinator().pass()
    const singles = await queue.claim(10, true)
    expect(singles.toSorted((one, other) => one.from - other.from)).toMatchObject([
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 2, to: 3 },
    ])
    await exhaust()
    await coordinator().pass()
    expect(await store.counts('lost')).toMatchObject({ error: 3, attempts: 0 })
    const [first] = await store.results('lost', { afterSeq: -1, limit: 1 })
    expect(first).toMatchObject({ error: { code: 'crashed', class: 'system_error' } })
    expect(await queue.exhausted(10)).toEqual([])
    await coordinator().pass()
    expect(await store.find('lost')).toMatchObject({ state: 'finished', verdict: 'failed' })
  })

  it('goes on with the rest when one look fails', async () => {
    const { store, queue, coordinator, lines } = deployment
    await deployment.submit('seen', [])
    await coordinator({ queue: { ...queue, supervise: () => Promise.reject(new Error('no watch')) } }).pass()
    expect(lines.join('\n')).toContain('no watch')
    expect(await store.find('seen')).toMatchObject({ state: 'finished', verdict: 'empty' })
  })

  it('goes on with the other runs when one cannot be looked after', async () => {
    const { store, coordinator, lines } = deployment
    for (const id of ['a', 'bad', 'c']) await deployment.submit(id, [])
    const counts: typeof store.counts = (id) =>
      id === 'bad' ? Promise.reject(new GreenloopError('store_corrupt', 'a row is damaged')) : store.counts(id)
    await coordinator({ store: { ...store, counts } }).pass()
    expect(lines.join('\n')).toContain('a look at run bad failed')
    const states = await Promise.all(['a', 'bad', 'c'].map(async (id) => (await store.find(id))?.state))
    expect(states).toEqual(['finished', 'running', 'finished'])
  })

  it('asks no further when the database has gone away', async () => {
    const { store, coordinator, lines } = deployment
    for (const id of ['a', 'b', 'c']) await deployment.submit(id, [])
    let asked = 0
    const renew = (): Promise<never> => {
      asked++
      return Promise.reject(new GreenloopError('store_unavailable', 'gone'))
    }
    await coordinator({ store: { ...store, renew } }).pass()
    expect(asked).toBe(1)
    expect(lines).toEqual(['a look at the runs failed: GreenloopError: gone'])
  })

  it('leaves a run alone that is not in the hands of workers', async () => {
    const { store, coordinator } = deployment
    await store.create({ id: 'own', kind: 'trial', title: 'own', input: null })
    const own = await store.claim('own', { host: 'here', pid: 1, token: 'x' }, 60_000)
    await store.seal('own', 0)
    await coordinator().pass()
    expect(await store.find('own')).toMatchObject({ state: 'running', epoch: own?.epoch })
  })

  it('looks while it has the turn, and leaves it to whoever has', async () => {
    const { store, coordinator } = deployment
    await deployment.submit('first', [])
    const stop = new AbortController()
    let asked = 0
    const take: typeof store.take = async (limit, count) => {
      const answer = await store.take(limit, count)
      asked++
      return answer
    }
    const leading = coordinator().run(stop.signal)
    await expect.poll(async () => (await store.find('first'))?.state, patience).toBe('finished')
    stop.abort()
    await leading
    await store.penalize('coordinator', 60_000)
    await deployment.submit('second', [])
    const wait = new AbortController()
    const waiting = coordinator({ store: { ...store, take } }).run(wait.signal)
    await expect.poll(() => asked, patience).toBe(1)
    wait.abort()
    await waiting
    expect(await store.find('second')).toMatchObject({ state: 'running' })
  })

  it('waits out a database that does not answer', async () => {
    const { store, coordinator, lines } = deployment
    const stop = new AbortController()
    const take = (): Promise<never> => Promise.reject(new Error('down'))
    const ended = coordinator({ store: { ...store, take } }).run(stop.signal)
    await expect.poll(() => lines.join('\n'), patience).toContain('nobody can be asked')
    stop.abort()
    await ended
  })
})
