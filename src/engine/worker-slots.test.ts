import { describe, expect, it } from 'vitest'
import type { StoredTask } from '../domain/stored-run.ts'
import { Feed, Slots } from './worker-slots.ts'

const tasks = (run: string, count: number): StoredTask[] =>
  Array.from({ length: count }, (_, seq) => ({ id: `${run}${seq}`, payload: null, seq, attempts: [] }))

/** Takes as a scheduler does: one step at a time, and the next only when the last was answered. */
function taker(feed: Feed) {
  const taken: StoredTask[] = []
  const ended = (async () => {
    for await (const task of feed) taken.push(task)
  })()
  return { taken, ended }
}

const settle = async (): Promise<void> => {
  for (let round = 0; round < 20; round++) await Promise.resolve()
}

describe('the slots of a worker', () => {
  it('give out no more tasks than there are slots, over all runs, in turn', async () => {
    const slots = new Slots(4, { mayBegin: () => true, onRoom: () => {} })
    const [one, two] = [new Feed(slots), new Feed(slots)]
    const [first, second] = [taker(one), taker(two)]
    await settle()
    one.push(tasks('a', 10))
    two.push(tasks('b', 10))
    await settle()
    expect(first.taken.length + second.taken.length).toBe(4)
    expect(slots.waiting).toBe(16)
    for (const task of [...first.taken]) slots.vacate(task)
    await settle()
    for (let round = 0; round < 12; round++) {
      const all = [...first.taken, ...second.taken]
      for (const task of all) slots.vacate(task)
      await settle()
    }
    expect(first.taken).toHaveLength(10)
    expect(second.taken).toHaveLength(10)
    expect(slots.waiting).toBe(0)
  })

  it('serve every run while one has very many tasks', async () => {
    const slots = new Slots(1, { mayBegin: () => true, onRoom: () => {} })
    const [large, small] = [new Feed(slots), new Feed(slots)]
    const [first, second] = [taker(large), taker(small)]
    large.push(tasks('a', 1000))
    small.push(tasks('b', 3))
    await settle()
    const done = new Set<StoredTask>()
    for (let round = 0; round < 8; round++) {
      const [next] = [...first.taken, ...second.taken].filter((task) => !done.has(task))
      if (next === undefined) throw new TypeError('a slot was free and nothing was begun')
      done.add(next)
      slots.vacate(next)
      await settle()
    }
    expect(second.taken).toHaveLength(3)
  })

  it('are overdrawn by a retry rather than make it wait, and then serve nobody until they are free', async () => {
    const slots = new Slots(1, { mayBegin: () => true, onRoom: () => {} })
    const feed = new Feed(slots)
    const { taken } = taker(feed)
    feed.push(tasks('a', 3))
    await settle()
    const [first] = taken
    if (first === undefined) throw new TypeError('the slot was free')
    slots.vacate(first)
    await settle()
    expect(taken).toHaveLength(2)
    slots.occupy(first)
    for (const task of taken.slice(1)) slots.vacate(task)
    await settle()
    expect(taken).toHaveLength(2)
    slots.vacate(first)
    await settle()
    expect(taken).toHaveLength(3)
  })

  it('begin nothing while nothing may begin', async () => {
    let mayBegin = false
    const slots = new Slots(2, { mayBegin: () => mayBegin, onRoom: () => {} })
    const feed = new Feed(slots)
    const { taken } = taker(feed)
    feed.push(tasks('a', 2))
    await settle()
    expect(taken).toHaveLength(0)
    mayBegin = true
    slots.serve()
    await settle()
    expect(taken).toHaveLength(2)
  })

  it('tell when a task that waited begins', async () => {
    let told = 0
    const slots = new Slots(2, { mayBegin: () => true, onRoom: () => told++ })
    const feed = new Feed(slots)
    taker(feed)
    feed.push(tasks('a', 3))
    await settle()
    expect(told).toBe(2)
  })
})

describe('the feed of a run', () => {
  it('takes back what nobody has begun', async () => {
    const slots = new Slots(1, { mayBegin: () => true, onRoom: () => {} })
    const feed = new Feed(slots)
    const { taken } = taker(feed)
    feed.push(tasks('a', 5))
    await settle()
    feed.withdraw(({ seq }) => seq !== 4)
    expect(slots.waiting).toBe(1)
    slots.vacate(taken[0] ?? { id: '', payload: null })
    await settle()
    expect(taken.map(({ seq }) => seq)).toEqual([0, 4])
  })

  it('ends for whoever waits, and for whoever asks later', async () => {
    const slots = new Slots(1, { mayBegin: () => true, onRoom: () => {} })
    const feed = new Feed(slots)
    const { taken, ended } = taker(feed)
    feed.push(tasks('a', 2))
    await settle()
    feed.close()
    await ended
    expect(taken).toHaveLength(1)
    expect(slots.waiting).toBe(0)
    expect(await feed[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  it('is closed by a scheduler that leaves early', async () => {
    const slots = new Slots(2, { mayBegin: () => true, onRoom: () => {} })
    const feed = new Feed(slots)
    feed.push(tasks('a', 2))
    for await (const task of feed) {
      expect(task.id).toBe('a0')
      break
    }
    expect(slots.waiting).toBe(0)
  })
})
