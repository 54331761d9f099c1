import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import { readLog } from './logs.ts'
import { openRunStore } from './store.ts'

let folder: string
let store: RunStore
let run: StoredRun
const service = () => ({ store, key: Buffer.alloc(32) })
const bytes = 262_144

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logs-'))
  store = await openRunStore(join(folder, 'store.db'))
  await store.create({ id: 'r1', kind: 'execute', title: 'tests', input: {}, folder })
  const claimed = await store.claim('r1', { host: 'elsewhere', pid: 1, token: 't' }, 60_000)
  if (claimed === undefined) throw new Error('not claimed')
  run = claimed
})

afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const write = (text: string | Buffer) => writeFile(join(folder, 'vitest_stdout.log'), text)

test('a log that is not there is empty, and one that grows can be gone on with', async () => {
  expect(await readLog(service(), run, { log: 'stdout', bytes })).toEqual({
    name: 'stdout',
    bytes: 0,
    from: 0,
    next: 0,
    text: '',
    omitted: 0,
    isOver: false,
  })
  await write('one\n')
  const first = await readLog(service(), run, { log: 'stdout', bytes })
  expect(first).toMatchObject({ bytes: 4, from: 0, next: 4, text: 'one\n', isOver: false })
  await write('one\ntwo\n')
  expect(await readLog(service(), run, { log: 'stdout', bytes, from: first.next })).toMatchObject({
    from: 4,
    next: 8,
    text: 'two\n',
  })
  await store.end('r1', { state: 'finished' }, run.epoch)
  const ended = (await store.find('r1')) ?? run
  expect(await readLog(service(), ended, { log: 'stdout', bytes, from: 8 })).toMatchObject({ text: '', isOver: true })
  expect(await readLog(service(), ended, { log: 'stdout', bytes, from: 9999 })).toMatchObject({ from: 8, text: '' })
})

test('of a large log there is the head and the tail', async () => {
  await write(`begin ${'x'.repeat(400_000)} end`)
  const part = await readLog(service(), run, { log: 'stdout', bytes })
  expect(part.head?.startsWith('begin x')).toBe(true)
  expect(part.text.endsWith('x end')).toBe(true)
  expect([part.head?.length, part.text.length, part.omitted]).toEqual([131_072, 131_072, 400_010 - 262_144])
})

test('no character and no colour is cut, wherever a part begins and ends', async () => {
  await assert(
    asyncProperty(
      array(constantFrom('a', 'é', '中', '\u{1f331}', '\n', '\u001b[31mred\u001b[0m', '\r\n', '\t'), {
        maxLength: 200,
      }),
      integer({ min: 1, max: 90 }),
      async (parts, limit) => {
        const raw = parts.join('')
        await write(raw)
        let text = ''
        let at = 0
        for (let round = 0; at < Buffer.byteLength(raw) && round < 1000; round++) {
          const part = await readLog(
            service(),
            { ...run, state: 'finished' },
            { log: 'stdout', bytes: limit, from: at },
          )
          expect(part.from).toBe(at)
          expect(part.next).toBeGreaterThan(at)
          text += part.text
          at = part.next
        }
        expect(text).toBe(raw.replaceAll(/\u001b\[\d+m/g, '').replaceAll('\r\n', '\n'))
      },
    ),
    { numRuns: 60 },
  )
})

test('a character that is half written waits for its other half', async () => {
  const tree = Buffer.from('a\u{1f331}')
  await write(tree.subarray(0, 3))
  const part = await readLog(service(), run, { log: 'stdout', bytes })
  expect(part).toMatchObject({ text: 'a', next: 1, bytes: 3 })
  await write(tree)
  expect((await readLog(service(), run, { log: 'stdout', bytes, from: 1 })).text).toBe('\u{1f331}')
})

test('control characters can be seen, and titles of windows are not set', async () => {
  await write('a\u0000b\u0007 \u001b]0;evil\u0007c\u202ed\u0085\u007f\tend\n')
  const { text } = await readLog(service(), run, { log: 'stdout', bytes })
  expect(text).toBe('a\u2400b\u2407 c<U+202E>d<U+0085>\u2421\tend\n')
})

test('what Greenloop did is told from the events', async () => {
  const journal = store.journal('r1', run.epoch)
  const at = Date.UTC(2025, 0, 2, 3, 4, 5)
  const put = (kind: string, data: unknown) => journal.append({ kind: 'event', event: { at, kind, data } })
  await put('started', { kind: 'execute', title: 'tests' })
  await put('step', { text: 'collecting' })
  await put('progress', { total: 3 })
  await journal.flush()
  const first = await readLog(service(), run, { log: 'greenloop', bytes })
  expect(first.text).toBe('03:04:05 started tests\n03:04:05 collecting\n')
  await put('problem', { kind: 'note', message: 'odd' })
  await put('ended', { state: 'finished', verdict: 'passed' })
  await journal.flush()
  const rest = await readLog(service(), run, { log: 'greenloop', bytes, from: first.next })
  expect(rest.text).toBe('03:04:05 odd\n03:04:05 ended: finished passed\n')
})
