import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-disk-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs a program on a file system of its own; gives what it printed as JSON, or nothing where none can be mounted. */
function onSmallDisk(script: string, program: string): unknown {
  const modules = ['./sqlite.ts', '../../tests/contract/stores.ts'].map((name) => import.meta.resolve(name))
  const inner = [process.execPath, '--input-type=module', '-e', program, folder, ...modules]
  const args = ['-rm', 'sh', '-c', `${script}; exec "$@"`, 'sh', ...inner]
  try {
    return JSON.parse(execFileSync('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString())
  } catch (error) {
    const { status, stderr } = error as { status?: number; stderr?: Buffer }
    if (status !== 99 && !/unshare|ENOENT/.test(String(stderr ?? error))) throw error
    console.log('skipped: a small disk needs a mount in a user namespace (unshare -rm)')
    return undefined
  }
}

const smallDisk = (): string => `mount -t tmpfs -o size=32m none "${folder}" || exit 99`

const writing = `
  const [folder, storeFile, helpers] = process.argv.slice(1)
  const { openSqliteStore } = await import(storeFile)
  const { newRun, owner, result, makeTasks } = await import(helpers)
  const { closeSync, existsSync, openSync, rmSync, writeSync } = await import('node:fs')
  const path = folder + '/store.db'
  const ballastBytes = 6 * 1024 * 1024
  const open = () => openSqliteStore({ path, clock: Date, ballastBytes })
  const ballast = () => existsSync(path + '.ballast')
  const code = (promise) => promise.then(() => 'done', (error) => error.code)
  const count = 40_000`

it('keeps what was acknowledged when the disk fills, goes on reading, and can end and remove runs', ({ skip }) => {
  const program = `${writing}
    const store = await open()
    await store.create(newRun('old'))
    await store.end('old', { state: 'finished' })
    await store.create(newRun('a'))
    await store.addTasks('a', 0, makeTasks(count))
    await store.seal('a', count)
    const run = await store.claim('a', owner('me'), 60_000)
    const journal = store.journal('a', run.epoch)
    let acknowledged = 0
    let fault
    for (const [seq, task] of makeTasks(count).entries()) {
      journal.append({ kind: 'result', seq, result: result(task, 'succeeded', { output: 'x'.repeat(1000) }) })?.catch(() => {})
      if (seq % 20 !== 19) continue
      fault = await journal.flush().then(() => undefined, (error) => error)
      if (fault !== undefined) break
      acknowledged = seq + 1
    }
    const told = { fault: fault?.code, help: fault?.help, later: await code(journal.flush()) }
    const reading = (await store.counts('a')).succeeded - acknowledged
    const creating = await code(store.create(newRun('b', { input: 'x'.repeat(400_000) })))
    const ended = await store.end('a', { state: 'failed', reason: 'disk full' }, run.epoch)
    const state = (await store.find('a')).state
    const check = await store.check()
    const pruned = await store.prune({ keep: 0, dryRun: false })
    await store.create(newRun('c'))
    await store.close()
    console.log(JSON.stringify({
      some: acknowledged > 0, reading, told, creating, ended, state, check, pruned: pruned.length, ballast: ballast()
    }))`
  const told = onSmallDisk(smallDisk(), program)
  if (told === undefined) return skip()
  expect(told).toEqual({
    some: true,
    reading: 0,
    told: { fault: 'store_full', help: expect.stringContaining('make room'), later: 'store_full' },
    creating: 'store_full',
    ended: true,
    state: 'failed',
    check: [],
    pruned: 2,
    ballast: true,
  })
})

it('gives up its ballast where others have filled the disk, and takes it again when there is room', ({ skip }) => {
  const program = `${writing}
    let store = await open()
    await store.create(newRun('a'))
    const run = await store.claim('a', owner('me'), 60_000)
    await store.close()
    const before = ballast()
    const filler = openSync(folder + '/filler', 'w')
    try {
      for (;;) writeSync(filler, 'x'.repeat(1000))
    } catch {}
    closeSync(filler)
    store = await open()
    const ended = await store.end('a', { state: 'failed', reason: 'disk full' }, run.epoch)
    const state = (await store.find('a')).state
    const during = ballast()
    rmSync(folder + '/filler')
    await store.create(newRun('b'))
    await store.close()
    console.log(JSON.stringify({ before, ended, state, during, after: ballast() }))`
  const told = onSmallDisk(smallDisk(), program)
  if (told === undefined) return skip()
  expect(told).toEqual({ before: true, ended: true, state: 'failed', during: false, after: true })
})

it('refuses a folder that cannot be written', ({ skip }) => {
  const program = `${writing}
    const existing = await code(open())
    const fresh = await code(openSqliteStore({ path: folder + '/new/store.db', clock: Date }))
    console.log(JSON.stringify({ existing, fresh }))`
  const prepare = `const { openSqliteStore } = await import(process.argv[2])
    await (await openSqliteStore({ path: process.argv[1] + '/store.db', clock: Date, ballastBytes: 0 })).close()`
  const script = [
    `mount -t tmpfs -o size=3m none "${folder}" || exit 99`,
    `"${process.execPath}" --input-type=module -e '${prepare}' "${folder}" "${import.meta.resolve('./sqlite.ts')}"`,
    `mount -o remount,ro "${folder}" || exit 99`,
  ].join('\n')
  const told = onSmallDisk(script, program)
  if (told === undefined) return skip()
  expect(told).toEqual({ existing: 'store_unavailable', fresh: 'store_unavailable' })
})
