import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { JournalEntry } from '../domain/stored-run.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { userOf } from '../experiment/trial.ts'
import { sha256 } from '../lib/hash.ts'
import { keepLarge, progressOf } from './experiment-record.ts'
import { openRunStore, thisProcess } from './store.ts'

const answer: TrialOutput = {
  status: 'succeeded',
  text: 'short',
  outputs: { text: 'short' },
  timing: { totalMs: 1 },
  nodes: [{ id: 'llm', title: 'llm', type: 'llm', status: 'succeeded', inputs: { a: 1 }, outputs: { b: 2 } }],
  nodeRetries: 0,
  ids: {},
  recovered: false,
  scores: [],
}

let folder: string
const told: string[] = []
const tell = (text: string): void => void told.push(text)

beforeEach(async () => {
  told.length = 0
  folder = await mkdtemp(join(tmpdir(), 'greenloop-record-'))
})

afterEach(() => rm(folder, { recursive: true }))

describe('an answer that is kept', () => {
  it('stays as it is up to 64 KB, counted in bytes', async () => {
    const text = 'é'.repeat(32_768)
    expect(await keepLarge({ ...answer, text }, folder, tell)).toEqual({ ...answer, text })
    expect((await keepLarge({ ...answer, text: `${text}x` }, folder, tell)).blobs).toHaveProperty('text')
  })

  it('gives what is larger to a file that is named by its content, and leaves an excerpt', async () => {
    const large = { ...answer, text: 'x'.repeat(70_000), outputs: { all: 'y'.repeat(70_000) } }
    const kept = await keepLarge(large, folder, tell)
    expect(kept.text).toHaveLength(2001)
    expect(kept).toMatchObject({ outputs: null, nodes: answer.nodes, blobs: { text: { bytes: 70_000 } } })
    expect(await readFile(join(folder, 'blobs', sha256(large.text)), 'utf8')).toBe(large.text)
    expect(await keepLarge(large, folder, tell)).toEqual(kept)
    expect(await readdir(join(folder, 'blobs'))).toHaveLength(2)
    expect(told).toEqual([])
  })

  it('is not lost where its file cannot be written', async () => {
    await writeFile(join(folder, 'blobs'), 'a file in the way')
    const large = { ...answer, text: 'x'.repeat(70_000) }
    expect(await keepLarge(large, folder, tell)).toEqual(large)
    expect(told).toEqual([expect.stringContaining('is kept in the record')])
  })
})

describe('what is known of a trial that was broken off', () => {
  async function progressAfter(entries: readonly JournalEntry[]) {
    const store = await openRunStore(join(folder, 'runs.db'))
    try {
      await store.create({ id: 'r', kind: 'experiment', title: 't', input: {}, policy: undefined, folder })
      await store.addTasks('r', 0, [{ id: 't1', payload: {} }])
      await store.seal('r', 1)
      const run = await store.claim('r', thisProcess(), 60_000)
      const journal = store.journal('r', run?.epoch ?? 0)
      for (const entry of entries) await journal.append(entry)
      await journal.close()
      return (await progressOf(store, 'r')).get('t1')
    } finally {
      await store.close()
    }
  }
  const begin = (number: number): JournalEntry => ({ kind: 'start', seq: 0, number, startedAt: number * 1000 })
  const note = (kind: 'call' | 'turn', attempt: number, data: object): JournalEntry => ({
    kind: 'event',
    event: { at: 0, kind, data: { task: 't1', attempt, user: `user-${attempt}`, startedAt: attempt * 1000, ...data } },
  })

  it('is the user of its attempt where nothing was noted', async () => {
    expect(await progressAfter([begin(1)])).toEqual({
      user: userOf('r', 't1', 1),
      replies: [],
      begun: { ids: {}, startedAt: 1000 },
    })
  })

  it('stays that of the call that is looked for, however often it was broken off in looking', async () => {
    expect(await progressAfter([begin(1), begin(2), begin(3)])).toMatchObject({
      user: userOf('r', 't1', 1),
      begun: { startedAt: 1000 },
    })
  })

  it('holds the ids that an earlier attempt has seen', async () => {
    const noted = [begin(1), note('call', 1, { ids: { runId: 'x' } }), begin(2)]
    expect(await progressAfter(noted)).toMatchObject({
      user: 'user-1',
      begun: { ids: { runId: 'x' }, startedAt: 1000 },
    })
  })

  it('is that of the last attempt where the one before came to its end', async () => {
    const ended: JournalEntry = {
      kind: 'attempt',
      seq: 0,
      attempt: { number: 1, state: 'error', startedAt: 1000, endedAt: 1001, serviceMs: 1, queueMs: 0, rateMs: 0 },
    }
    const entries = [begin(1), note('call', 1, { ids: { runId: 'x' } }), ended, begin(2)]
    expect(await progressAfter(entries)).toMatchObject({
      user: userOf('r', 't1', 2),
      begun: { ids: {}, startedAt: 2000 },
    })
  })

  it('holds the turns one by one, behind those of an earlier attempt', async () => {
    const replies = [{ text: 'a' }, { text: 'b' }]
    const turn = (number: number, text: string): JournalEntry => note('turn', number, { reply: { text } })
    const entries = [begin(1), turn(1, 'a'), turn(1, 'b'), begin(2), note('turn', 2, { replies }), turn(2, 'c')]
    expect(await progressAfter(entries)).toMatchObject({ replies: [...replies, { text: 'c' }] })
  })

  it('holds the turn behind those that are over for begun', async () => {
    const replies = [{ text: 'hello' }]
    const entries = [begin(1), note('call', 1, { ids: { runId: 'x' } }), note('turn', 1, { replies })]
    expect(await progressAfter(entries)).toEqual({ user: 'user-1', replies, begun: { ids: {}, startedAt: 1000 } })
  })
})
