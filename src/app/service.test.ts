import { appendFile, cp, mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StartOrder } from '../domain/api-start.ts'
import type { StoredRun } from '../domain/stored-run.ts'
import { isAlive } from '../lib/process-tree.ts'
import { handIn } from './hand-in.ts'
import { noteServing, runningServer } from './serve-link.ts'
import { openService } from './service.ts'
import type { Service, ServiceOptions } from './service.ts'
import { isOver } from './standing.ts'
import { openRunStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

const venv = fileURLToPath(new URL('../../.venv/bin', import.meta.url))
let folder = ''
let open: Service[] = []
const { signal } = new AbortController()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-service-'))
})

afterEach(async () => {
  await Promise.all(open.map((service) => service.close(0)))
  open = []
  await rm(folder, { recursive: true, force: true })
})

async function service(options: ServiceOptions = {}, around: Partial<Surroundings> = {}): Promise<Service> {
  const env = { ...process.env, PATH: `${venv}${delimiter}${process.env.PATH}`, ...around.env }
  const opened = await openService(options, { ...around, cwd: folder, env, signal: new AbortController().signal })
  open.push(opened)
  return opened
}

async function shut(opened: Service, drainMs: number): Promise<void> {
  open = open.filter((one) => one !== opened)
  await opened.close(drainMs)
}

/** Tests that note each time they run: at the end the notes tell whether one ran twice. */
async function slowTests(count: number, seconds: number, name = 'test_slow'): Promise<StartOrder> {
  await mkdir(join(folder, 'tests'), { recursive: true })
  const tests = Array.from(
    { length: count },
    (_, index) => `def test_${index}():\n    time.sleep(${seconds})\n    print("ran ${index}")\n`,
  )
  await writeFile(join(folder, 'tests', `${name}.py`), `import time\n\n\n${tests.join('\n\n')}`)
  return { kind: 'execute', body: { request: { tests: [`tests/${name}.py`] } } }
}

async function over({ store }: Service, id: string): Promise<StoredRun> {
  return expect
    .poll(() => store.find(id), { timeout: 40_000, interval: 50 })
    .toSatisfy(isOver)
    .then(async () => (await store.find(id)) as StoredRun)
}

async function kinds({ store }: Service, id: string): Promise<readonly string[]> {
  return (await store.events(id, 0, 1000)).map(({ kind }) => kind)
}

async function untilTested(opened: Service, id: string): Promise<void> {
  await expect.poll(() => kinds(opened, id), { timeout: 30_000, interval: 50 }).toContain('tests')
}

const suite = {
  name: 'Sums',
  target: { kind: 'python', module: 'sums', root: 'code' },
  cases: [{ id: 'S-1', title: 'Adds', call: 'add', args: [1, 2], expected: { returns: 3 } }],
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

test('a suite that was sent along becomes a run with a script, live events and reports', async () => {
  await mkdir(join(folder, 'code'))
  await writeFile(join(folder, 'code', 'sums.py'), 'def add(a, b):\n    return a + b\n')
  const opened = await service()
  const run = await opened.runs.start({ kind: 'pipeline', body: { suite, model: { mode: 'offline' } } }, 'qa')
  expect(run).toMatchObject({ kind: 'pipeline', title: 'Sums', input: { by: 'qa' } })
  expect(await over(opened, run.id)).toMatchObject({ state: 'finished', verdict: 'passed', exitCode: 0 })
  const told = await kinds(opened, run.id)
  expect(told).toEqual(expect.arrayContaining(['started', 'generated', 'tests', 'progress', 'ended']))
})

test('what is wrong with an order is said at once, without the folder in which its text lay', async () => {
  const opened = await service()
  const order: StartOrder = {
    kind: 'generate',
    body: { suite: { ...suite, target: undefined }, model: { mode: 'offline' } },
  }
  const refusal = await opened.runs.start(order, 'qa').catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'suite_invalid', message: expect.stringContaining('target') as string })
  expect(JSON.stringify(refusal)).not.toContain(folder)
  const outside: StartOrder = {
    kind: 'generate',
    body: { suite: { ...suite, target: { ...suite.target, root: '/etc' } }, model: { mode: 'offline' } },
  }
  await expect(opened.runs.start(outside, 'qa')).rejects.toMatchObject({ code: 'path_refused' })
  for (const request of [
    { executable: '/bin/sh' },
    { sandbox: 'off' },
    { env: { PYTHONPATH: '/x' } },
    { network: true },
  ]) {
    await expect(opened.runs.start({ kind: 'execute', body: { request } }, 'qa')).rejects.toMatchObject({
      code: 'body_invalid',
    })
  }
  expect(await opened.store.list({ limit: 10 })).toEqual([])
})

test('a run whose process is killed goes on in another one, and no result is lost or had twice', async () => {
  const opened = await service()
  const run = await opened.runs.start(await slowTests(8, 0.4), 'qa')
  await untilTested(opened, run.id)
  const { owner } = (await opened.store.find(run.id)) as StoredRun
  process.kill(-(owner?.pid ?? 0), 'SIGKILL')
  expect(await over(opened, run.id)).toMatchObject({ verdict: 'passed', epoch: 2 })
  const results = await opened.store.results(run.id, { afterSeq: -1, limit: 100 })
  expect(results.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'succeeded'))
  const events = await opened.store.events(run.id, 0, 1000)
  expect(events.filter(({ kind }) => kind === 'resumed')).toHaveLength(1)
  expect(events.filter(({ kind }) => kind === 'ended')).toHaveLength(1)
})

test('a server that ends leaves what takes too long; the next one goes on with it', async () => {
  const first = await service()
  const run = await first.runs.start(await slowTests(6, 0.5), 'qa')
  await untilTested(first, run.id)
  await shut(first, 0)
  const second = await service()
  expect(await over(second, run.id)).toMatchObject({ state: 'finished', verdict: 'passed' })
})

test('only so many run side by side; the others wait in order, and a waiting one is cancelled at once', async () => {
  const opened = await service({ slots: 1 })
  const quick = await slowTests(2, 0.1, 'test_quick')
  const [first, second, third] = [
    await opened.runs.start(await slowTests(1, 50), 'qa'),
    await opened.runs.start(quick, 'qa'),
    await opened.runs.start(quick, 'qa'),
  ]
  expect(opened.runs.load()).toMatchObject({ running: 1, queued: 2 })
  expect(await opened.runs.cancel(third.id, 'qa')).toMatchObject({ state: 'cancelled' })
  await opened.runs.cancel(first.id, 'qa')
  const [a, b] = [await over(opened, first.id), await over(opened, second.id)]
  expect(b.startedAt).toBeGreaterThanOrEqual(a.finishedAt ?? Infinity)
  expect(await over(opened, third.id)).not.toHaveProperty('startedAt')
})

test('a running one is cancelled within moments, by the server alone, and can be started again', async () => {
  const opened = await service()
  const run = await opened.runs.start(await slowTests(4, 5), 'qa')
  await expect.poll(() => kinds(opened, run.id), { timeout: 20_000 }).toContain('progress')
  // As a service manager does that asks all processes to end.
  process.kill((await opened.store.find(run.id))?.owner?.pid ?? 0, 'SIGTERM')
  await opened.runs.cancel(run.id, 'lin')
  expect(await over(opened, run.id)).toMatchObject({
    state: 'cancelled',
    reason: 'cancelled by lin',
    verdict: 'cancelled',
  })
  await expect(opened.runs.cancel(run.id, 'lin')).rejects.toMatchObject({ code: 'run_conflict' })
  await expect(opened.runs.resume(run.id, 'lin')).rejects.toMatchObject({ code: 'run_conflict' })
  const again = await opened.runs.retry(run.id, 'lin')
  expect(again).toMatchObject({ kind: 'execute', title: run.title, input: { by: 'lin' } })
  await opened.runs.cancel(again.id, 'lin')
})

test('a second server on the same store says whose it is', async () => {
  const opened = await service()
  await expect(service()).rejects.toMatchObject({
    code: 'server_running',
    message: expect.stringContaining(`${process.pid}`) as string,
  })
  await shut(opened, 0)
  await service()
})

test('a server that died in a container with the number that this one has now keeps nobody out', async () => {
  await mkdir(join(folder, '.greenloop'))
  const store = await openRunStore(join(folder, '.greenloop', 'greenloop.db'))
  const value = { host: hostname(), pid: process.pid, token: 'of the one that died' }
  await store.documents.put({ kind: 'server', key: 'owner', value, expiresAt: Date.now() + 60_000 })
  await store.close()
  await service()
})

test('a run whose process dies behind the record and before it says so is started all the same', async () => {
  await mkdir(join(folder, 'code'))
  await writeFile(join(folder, 'code', 'sums.py'), 'def add(a, b):\n    return a + b\n')
  const dies = `const { send } = process
process.send = (said, ...rest) => said.kind === 'on-record' ? process.kill(process.pid, 'SIGKILL') : send.call(process, said, ...rest)`
  await writeFile(join(folder, 'dies.mjs'), dies)
  const env = { NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'dies.mjs')).href}` }
  const elsewhere = join(folder, 'elsewhere')
  const opened = await service({}, { env, flags: { artifacts: elsewhere } })
  const run = await opened.runs.start({ kind: 'generate', body: { suite, model: { mode: 'offline' } } }, 'qa')
  expect(await over(opened, run.id)).toMatchObject({ state: 'finished', folder: join(elsewhere, run.id) })
  expect(await readdir(join(elsewhere, run.id))).not.toEqual([])
})

test('what cannot be kept here is said with the mend', async () => {
  await writeFile(join(folder, 'file'), '')
  await expect(service({}, { flags: { store: join(folder, 'file', 'x.db') } })).rejects.toMatchObject({
    code: 'store_unavailable',
    help: expect.stringContaining('--store') as string,
  })
  const order = { id: 'x', by: 'qa', root: folder, storeAt: 'postgres://localhost/x', incoming: folder } as const
  for (const started of [
    { kind: 'experiment', body: { planPath: 'plan.yaml' } },
    { kind: 'repair', body: { config: 'config.yaml' } },
  ] satisfies StartOrder[]) {
    const handed = handIn({ ...order, order: started, flags: {}, isSandboxed: true }, { cwd: folder, env: {}, signal })
    await expect(handed).rejects.toMatchObject({ message: expect.stringContaining('embedded store') as string })
  }
})

test('two servers of one folder on a database: the one that ends leaves the word of the other', async () => {
  const place = { storeAt: 'postgres://localhost/x', root: folder }
  const forget = await noteServing(place, { pid: process.pid, url: 'http://127.0.0.1:1' })
  const other = { pid: process.ppid, url: 'http://127.0.0.1:2' }
  const forgetOther = await noteServing(place, other)
  await forget()
  const where = { cwd: folder, env: {}, flags: { store: place.storeAt }, signal }
  expect(await runningServer(where)).toMatchObject(other)
  await forgetOther()
  expect(await runningServer(where)).toBeUndefined()
})

test('the server that an experiment has started ends with it, also where the process that started it was killed', async () => {
  const examples = fileURLToPath(new URL('../../examples/experiments', import.meta.url))
  await cp(examples, join(folder, 'plans'), { recursive: true })
  await appendFile(
    join(folder, 'plans', 'workflow-server.mjs'),
    "\nawait import('node:fs').then((fs) => fs.writeFileSync('pid', String(process.pid)))\n",
  )
  const opened = await service({}, { env: { EXAMPLE_PORT: String(await freePort()) } })
  const order: StartOrder = {
    kind: 'experiment',
    body: { planPath: 'plans/test_plan.yaml', maxCases: 8, concurrency: 2 },
  }
  const { id } = await opened.runs.start(order, 'qa')
  await expect.poll(() => kinds(opened, id), { timeout: 20_000, interval: 20 }).toContain('progress')
  const pid = Number(await readFile(join(folder, 'plans', 'pid'), 'utf8'))
  process.kill((await opened.store.find(id))?.owner?.pid ?? 0, 'SIGKILL')
  expect(isAlive(pid)).toBe(true)
  expect(await over(opened, id)).toMatchObject({ state: 'finished', epoch: 2 })
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false)
})
