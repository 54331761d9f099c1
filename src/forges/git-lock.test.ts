import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { locked } from './git-lock.ts'
import type { LockPlace } from './git-lock.ts'

const { signal } = new AbortController()
let folder: string
let place: LockPlace
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-lock-'))
  place = { path: join(folder, 'lock'), clock: systemClock, maxWaitMs: 10_000 }
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('work of one process is done one after the other, and nothing is left behind', async () => {
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
  }
  await Promise.all(Array.from({ length: 5 }, () => locked(place, signal, work)))
  expect(most).toBe(1)
  expect(await readdir(folder)).toEqual([])
})

test.each([
  ['a process that is gone', '4194000 1 x'],
  ['this process in an earlier life', `${process.pid} 1 x`],
  ['another process that had the id of one that lives', '1 0 x'],
  ['nobody who can be read', 'garbage'],
  ['nobody at all', ''],
])('the lock of %s is taken over', async (_, owner) => {
  await writeFile(place.path, owner)
  expect(await locked(place, signal, async () => 'done')).toBe('done')
  expect(await readdir(folder)).toEqual([])
})

test('several who find a dead lock do not get in together', async () => {
  await writeFile(place.path, '4194000 1 x')
  let inside = 0
  const work = async (): Promise<number> => {
    const others = inside++
    await new Promise((resolve) => setImmediate(resolve))
    inside--
    return others
  }
  const seen = await Promise.all(Array.from({ length: 8 }, () => locked(place, signal, work)))
  expect(seen).toEqual(Array.from({ length: 8 }, () => 0))
})

test('waiting ends with an error that names the owner, or with the signal', async () => {
  const reason = new Error('enough')
  const stop = new AbortController()
  await locked(place, signal, async () => {
    const hasty = locked({ ...place, maxWaitMs: 0 }, signal, async () => 'never')
    await expect(hasty).rejects.toMatchObject({
      code: 'git_failed',
      message: expect.stringContaining(`process ${process.pid}`),
    })
    const waiting = locked(place, stop.signal, async () => 'never')
    stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })
  expect(await readdir(folder)).toEqual([])
})

test('work that throws gives the lock back', async () => {
  const failing = locked(place, signal, () => Promise.reject(new Error('no')))
  await expect(failing).rejects.toThrow('no')
  expect(await locked(place, signal, async () => 1)).toBe(1)
})
