import { describe, expect, it } from 'vitest'
import type { Lease } from '../domain/queue.ts'
import type { StoredRun, StoredTask } from '../domain/stored-run.ts'
import { createHoldings } from './worker-holding.ts'
import type { Holding } from './worker-holding.ts'

const run: StoredRun = { id: 'r', kind: 'trial', title: '', input: null, state: 'running', createdAt: 0, epoch: 1 }
const lease = (jobId: string, retryCount = 0): Lease => {
  return { jobId, retryCount, runId: 'r', from: 0, to: 4, alone: false }
}
const tasks = (count: number): StoredTask[] =>
  Array.from({ length: count }, (_, seq) => ({ id: `t${seq}`, payload: null, seq, attempts: [] }))

function holdings() {
  const lost: Holding[] = []
  return { lost, held: createHoldings((holding) => lost.push(holding)) }
}

describe('the chunks that a worker holds', () => {
  it('count the tasks without a result over all of them', () => {
    const { held } = holdings()
    const one = held.add(lease('a'), run, tasks(4))
    const two = held.add(lease('b'), run, tasks(3))
    held.finish(one)
    expect([held.left, one.left, two.left]).toEqual([6, 3, 3])
    held.retire(two)
    expect([held.left, two.left, two.state]).toEqual([3, 0, 'idle'])
    held.remove(one)
    expect(held.left).toBe(0)
    expect([...held.all.keys()]).toEqual(['b'])
  })

  it('know the chunk of each of their tasks, and no other task', () => {
    const { held } = holdings()
    const [first, second] = [tasks(1), tasks(1)]
    held.add(lease('a'), run, first)
    const two = held.add(lease('b'), run, second)
    expect(second.map((task) => held.of(task))).toEqual([two])
    expect(() => held.of({ id: 'stranger', payload: null })).toThrow(expect.objectContaining({ code: 'internal' }))
  })

  it('are lost once: their handlers are aborted, and they count no more', () => {
    const { held, lost } = holdings()
    const one = held.add(lease('a'), run, tasks(4))
    held.lose(one)
    held.lose(one)
    expect(lost).toEqual([one])
    expect([one.state, one.stop.signal.aborted, held.left, held.all.size]).toEqual(['lost', true, 0, 0])
  })

  it('are not lost after they were settled', () => {
    const { held, lost } = holdings()
    const one = held.add(lease('a'), run, tasks(0))
    held.remove(one)
    held.lose(one)
    expect(lost).toEqual([])
    expect(one.stop.signal.aborted).toBe(false)
  })

  it('had been lost where one of them comes again to the same worker', () => {
    const { held, lost } = holdings()
    const one = held.add(lease('a'), run, tasks(4))
    const again = held.add(lease('a', 1), run, tasks(3))
    expect(lost).toEqual([one])
    expect([one.stop.signal.aborted, again.stop.signal.aborted, held.left]).toEqual([true, false, 3])
    held.remove(one)
    held.lose(one)
    expect(held.all.get('a')).toBe(again)
    expect(held.left).toBe(3)
  })
})
