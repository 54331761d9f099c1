/**
 * `greenloop serve` as the package has it and from the checkout: milliseconds until it is ready, memory after 10 idle seconds, and again
 * 30 s after 200 requests; then how many requests a second it answers, and how long the hand-in of a pipeline takes.
 * Run: npm run bench:server
 */
import { fork, spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openService } from '../src/app/service.ts'
import { startHttp } from '../src/server/http-server.ts'
import { putRun } from './stored-tests.ts'
import { median } from './side-by-side.ts'

const root = join(import.meta.dirname, '..')
const mostIdleMb = 120
const starts = 5
const useMs = 30_000
const rateMs = 3000
const connections = 16
const runs = 50
const testsEach = 100

interface Ready {
  readonly child: ChildProcess
  readonly url: string
  readonly token: string
  readonly ms: number
}

interface Told {
  readonly url: string
  readonly tokenFile: string
}

if (process.argv[2] === 'serve') await serveFast(process.argv[3] ?? '')
else await main()

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'greenloop-bench-'))
  // Each start finds what the one before has compiled, as it does for people.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  try {
    const project = await makeProject(join(folder, 'project'))
    const forms = [
      ['built', await makePackage(join(folder, 'package'))],
      ['source', root],
    ] as const
    for (const [name, place] of forms) {
      const program = join(place, 'bin', 'greenloop.mjs')
      await measureStarts(name, { program, project, env })
      await measureMemory(name, { program, project, env })
    }
    await measureRates(project)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function makeProject(path: string): Promise<string> {
  await mkdir(join(path, '.git'), { recursive: true })
  await cp(join(root, 'examples', 'calculator'), join(path, 'calculator'), { recursive: true })
  const service = await openService(
    { slots: 0 },
    { cwd: path, env: environment(), signal: new AbortController().signal },
  )
  for (let index = 0; index < runs; index++) {
    await putRun(service, { id: `bench-${index}`, tests: testsEach, failed: 2, flaky: 1 })
  }
  await service.close(0)
  return path
}

/** What `npm pack` would hold, without installing it. */
async function makePackage(path: string): Promise<string> {
  const build = (script: string, ...args: string[]): void => {
    const done = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${script} failed: ${done.stdout}${done.stderr}`)
  }
  const dist = join(path, 'dist')
  build(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json', '--outDir', dist)
  build(join(root, 'scripts', 'build-web.mjs'))
  const copied = await readFile(join(root, 'scripts', 'copy-assets.mjs'), 'utf8')
  const assets = [...copied.matchAll(/^ {2}'(.+)',$/gmu)].map(([, name = '']) => name)
  for (const name of assets) await cp(join(root, 'src', name), join(dist, name), { recursive: true })
  await cp(join(root, 'dist', 'web'), join(dist, 'web'), { recursive: true })
  for (const name of ['bin', 'package.json', 'docs']) await cp(join(root, name), join(path, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'))
  return path
}

interface Form {
  readonly program: string
  readonly project: string
  readonly env: NodeJS.ProcessEnv
}

async function measureStarts(name: string, form: Form): Promise<void> {
  const ready: number[] = []
  const processor: number[] = []
  for (let round = 0; round <= starts; round++) {
    const server = await start(form)
    if (round > 0) {
      ready.push(server.ms)
      processor.push(await processorMs(server.child))
    }
    await stop(server)
  }
  console.log(
    `${name.padEnd(6)} ready after ${median(ready).toFixed(0)} ms, ${median(processor).toFixed(0)} ms of processor time`,
  )
}

async function measureMemory(name: string, form: Form): Promise<void> {
  const server = await start(form)
  await sleep(10_000)
  const idle = await residentMb(server.child)
  for (let round = 0; round < 20; round++) for (const path of paths(server)) await get(server, path)
  await sleep(useMs)
  const used = await residentMb(server.child)
  await stop(server)
  if (idle > mostIdleMb) process.exitCode = 1
  console.log(
    `${name.padEnd(6)} idle ${idle.toFixed(0)} MB (limit ${mostIdleMb}), ${used.toFixed(0)} MB 30 s after 200 requests`,
  )
}

function paths({ url }: Ready): readonly string[] {
  const run = `${url}/v1/runs/bench-1`
  return [
    `${url}/`,
    `${url}/v1/runs`,
    `${url}/v1/runs?search=bench`,
    run,
    `${run}/tasks`,
    `${run}/tasks?verdict=failed`,
    `${run}/tasks/0`,
    `${url}/v1/suites`,
    `${url}/v1/history/failures`,
    `${url}/v1/settings`,
  ]
}

async function get({ token }: Pick<Ready, 'token'>, url: string): Promise<void> {
  const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
}

async function start({ program, project, env }: Form): Promise<Ready> {
  const begin = performance.now()
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--json'], {
    cwd: project,
    env: { ...environment(), ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { url, tokenFile } = await firstLine(child)
  return { child, url, token: (await readFile(tokenFile, 'utf8')).trim(), ms: performance.now() - begin }
}

async function firstLine(child: ChildProcess): Promise<Told> {
  if (child.stdout === null) throw new Error('the server has no standard output')
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Told
  throw new Error('the server ended before it listened')
}

async function stop({ child }: Ready): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'exit')
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: process.env['HOME'] }
}

/** Memory of a process that is not swapped out, shared pages too, in millions of bytes. */
async function residentMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return (Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1]) * 1024) / 1e6
}

async function processorMs({ pid }: ChildProcess): Promise<number> {
  const [, , ...fields] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(/\) | /u)
  // Clock ticks of user and system, 100 a second.
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/** Requests a second and hand-ins, of a server that lets one caller ask as fast as it can. */
async function measureRates(project: string): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', project], { env: environment() })
  const [{ url, token }] = (await once(child, 'message')) as [{ url: string; token: string }]
  for (const [name, path] of [
    ['getRun', '/v1/runs/bench-1'],
    ['listRuns', '/v1/runs?limit=50'],
    ['listTasks', '/v1/runs/bench-1/tasks?limit=50'],
  ] as const) {
    await hammer({ token }, `${url}${path}`, rateMs / 3)
    const before = await processorMs(child)
    const { count, late } = await hammer({ token }, `${url}${path}`, rateMs)
    const processor = ((await processorMs(child)) - before) / count
    console.log(
      `${name.padEnd(9)} ${(count / (rateMs / 1000)).toFixed(0)} requests/s, 99 of 100 within ${late.toFixed(0)} ms, ${processor.toFixed(1)} ms of processor time each`,
    )
  }
  const suite = (await readFile(join(root, 'examples', 'suites', 'calculator.yaml'), 'utf8')).replace(
    '../calculator',
    'calculator',
  )
  const times: number[] = []
  for (let round = 0; round <= starts; round++) {
    const begin = performance.now()
    const response = await fetch(`${url}/v1/pipelines`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ suite }),
    })
    if (response.status !== 202) throw new Error(await response.text())
    await response.arrayBuffer()
    if (round > 0) times.push(performance.now() - begin)
  }
  console.log(`a pipeline is taken on within ${median(times).toFixed(0)} ms (a process of its own checks the suite)`)
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function hammer(server: Pick<Ready, 'token'>, url: string, ms: number): Promise<{ count: number; late: number }> {
  const times: number[] = []
  const end = performance.now() + ms
  const loop = async (): Promise<void> => {
    while (performance.now() < end) {
      const begin = performance.now()
      await get(server, url)
      times.push(performance.now() - begin)
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  const sorted = times.toSorted((a, b) => a - b)
  return { count: times.length, late: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN }
}

async function serveFast(project: string): Promise<void> {
  const stopping = new AbortController()
  const service = await openService({ slots: 0 }, { cwd: project, env: process.env, signal: stopping.signal })
  const rate = { perSecond: 1e6, burst: 1e6 }
  const server = await startHttp(service, { port: 0, version: 'bench', rate })
  const { token } = await server.access.createToken({ name: `bench-${process.pid}`, scope: 'run' })
  process.send?.({ url: server.url, token })
  await once(process, 'SIGTERM')
  await server.close(0)
  await service.close(0)
  process.exit()
}
