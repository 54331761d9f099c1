import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/lib/hash.ts'
import { sleep } from '../../src/lib/clock.ts'
import { experimentFolder, rows } from '../support/experiment-folder.ts'
import type { ExperimentFolder } from '../support/experiment-folder.ts'
import { startWorkflowServer } from '../support/workflow-server.ts'
import type { WorkflowServerOptions } from '../support/workflow-server.ts'
import { root, startCli, temporary } from './cli.ts'
import type { Ended, Started } from './cli.ts'

const secrets = { API_KEY: 'key-canary-5511', HEADER: 'header-canary-5512', IN_URL: 'url-canary-5513' }
const never = new AbortController().signal

interface Tried {
  readonly url: string
  readonly cases?: number
  readonly http?: object
  readonly plan?: object
  readonly server?: object
}

function folderOf({ url, cases = 10, http, plan, server }: Tried): Promise<ExperimentFolder> {
  const call = { url: '/run', body: { q: '{{query}}' }, text: '$.outputs.result', idempotent: true }
  const reads = { usage: { total: '$.usage.total' }, cost: '$.cost', error: '$.error.message' }
  return experimentFolder({
    env: { servers: { default: { base_url: url, ...server } } },
    workflows: [{ id: 'w', target: 'http', http: { ...call, ...reads, ...http } }],
    plan: {
      name: 'calls',
      mode: 'scenario_only',
      datasets: [{ name: 'd', rows: rows(cases) }],
      prompt_variants: [{ id: 'only' }],
      evaluation: { checks: [{ type: 'contains', value: 'echo' }] },
      ...plan,
    },
  })
}

function start({ path }: Pick<ExperimentFolder, 'path'>, ...args: string[]): Started {
  return startCli(args, { cwd: path, env: { ...secrets, GREENLOOP_STORE: '.greenloop/greenloop.db' } })
}

function run(folder: ExperimentFolder, ...args: string[]): Promise<Ended> {
  return start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r', ...args).ended
}

interface Trying extends Omit<Tried, 'url'> {
  readonly behaviour?: WorkflowServerOptions
  readonly args?: readonly string[]
}

/** Runs a plan against a server of its own; what is given to look at is there until the scope ends. */
async function tried({ behaviour = {}, args = [], ...rest }: Trying) {
  const server = await startWorkflowServer(behaviour)
  const folder = await folderOf({ url: server.url, ...rest })
  const ended = await run(folder, ...args)
  const dispose = async (): Promise<void> => {
    await server.close()
    await folder[Symbol.asyncDispose]()
  }
  return { server, folder, ...ended, [Symbol.asyncDispose]: dispose }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  )
}

describe('the example', () => {
  const plan = join(root, 'examples', 'experiments', 'test_plan.yaml')

  it('names the planted combinations and the better variant, and leaves no server behind', async () => {
    await using folder = await temporary()
    const port = await freePort()
    const env = { EXAMPLE_PORT: String(port) }
    const args = ['experiment', 'run', plan, '--run-id', 'r']
    const ended = await startCli(args, { cwd: folder.path, env }).ended
    expect(ended.code, ended.stderr).toBe(0)
    expect(ended.stderr).toMatch(/language = ru, model = small: (\d+) of \1 failed \(order-reply\/careful\)/u)
    expect(ended.stderr).toMatch(/channel = sms, detail = high: (\d+) of \1 failed \(order-reply\/careful\)/u)
    expect(ended.stderr).toContain('careful wins')
    expect(await answers(`http://127.0.0.1:${port}/`)).toBe(false)
  }, 60_000)

  it('ends with 1 where a gate fails, and with 2 where a gate cannot be read', async () => {
    await using folder = await temporary()
    const env = { EXAMPLE_PORT: String(await freePort()) }
    const failed = await startCli(['experiment', 'run', plan, '--gate', 'plain > careful'], { cwd: folder.path, env })
      .ended
    expect(failed.code, failed.stderr).toBe(1)
    expect(failed.stderr).toContain('plain > careful')
    const unread = await startCli(['experiment', 'run', plan, '--gate', 'plain > carefull'], { cwd: folder.path, env })
      .ended
    expect(unread.code, unread.stderr).toBe(2)
    expect(unread.stderr).toContain('carefull')
  }, 60_000)
})

describe('how a run ends', () => {
  it('with 5 where too many trials have no score, and says of what', async () => {
    await using done = await tried({ behaviour: { fault: () => ({ kind: 'status', status: 500 }) } })
    expect(done.code).toBe(5)
    expect(done.stderr).toContain('10 of 10 trials have no score')
    expect(done.stderr).toContain('10 of them: POST')
  }, 60_000)

  it.each([
    ['tokens', ['--max-tokens', '50']],
    ['dollars', ['--max-cost', '0.004']],
    ['time', ['--timeout', '1']],
  ])(
    'with 6 where its budget of %s is used up, and calls no more',
    async (_, args) => {
      const plan = { execution: { concurrency: 1 } }
      const latencyMs = args[0] === '--timeout' ? 300 : 1
      await using done = await tried({ cases: 40, plan, args, behaviour: { latencyMs } })
      expect(done.code, done.stderr).toBe(6)
      expect(done.server.stats().requests).toBeLessThan(12)
      expect(done.stderr).toContain('incomplete')
    },
    60_000,
  )

  it('early where more trials end badly than may', async () => {
    const plan = { execution: { concurrency: 1, stop: { max_failures: 3 } } }
    await using done = await tried({ cases: 40, plan, behaviour: { fault: () => ({ kind: 'status', status: 500 }) } })
    expect(done.code).toBe(5)
    expect(done.server.stats().requests).toBeLessThan(6)
  }, 60_000)
})

describe('limits of a plan', () => {
  it('never has more calls under way than allowed, in a thousand trials', async () => {
    const plan = { execution: { concurrency: 100 } }
    await using done = await tried({ cases: 1000, plan, behaviour: { latencyMs: 20 } })
    expect(done.code, done.stderr).toBe(0)
    expect(done.server.stats()).toMatchObject({ requests: 1000, turnedAway: 0 })
    expect(done.server.stats().mostAtOnce).toBeLessThanOrEqual(100)
    expect(done.server.stats().mostAtOnce).toBeGreaterThan(20)
    expect(await done.folder.results()).toHaveLength(1000)
  }, 60_000)

  it('takes the smaller width of the server', async () => {
    const plan = { execution: { concurrency: 20 } }
    await using done = await tried({ cases: 40, plan, server: { concurrency: 3 }, behaviour: { latencyMs: 20 } })
    expect(done.code, done.stderr).toBe(0)
    expect(done.server.stats().mostAtOnce).toBeLessThanOrEqual(3)
  }, 60_000)

  it('does not go beyond a rate, that of the plan or of the server', async () => {
    const behaviour = { rate: { perSecond: 25, burst: 3 } }
    const rate = { per_minute: 1200, burst: 1 }
    for (const options of [{ plan: { execution: { rate_limit: rate } } }, { server: { rate_limit: rate } }]) {
      await using done = await tried({ cases: 30, behaviour, ...options })
      expect(done.code, done.stderr).toBe(0)
      expect(done.server.stats()).toMatchObject({ requests: 30, turnedAway: 0 })
    }
  }, 60_000)

  it('begins a batch when the one before is over', async () => {
    const plan = { execution: { concurrency: 20, batch_size: 4, batch_pause_seconds: 0.1 } }
    await using done = await tried({ cases: 20, plan, behaviour: { latencyMs: 10 } })
    expect(done.code, done.stderr).toBe(0)
    expect(done.server.stats().mostAtOnce).toBeLessThanOrEqual(4)
    expect(done.server.stats().spanMs).toBeGreaterThan(400)
  }, 60_000)

  it('tries again as often as it says, and not before a Retry-After', async () => {
    const fault = (arrival: number) => (arrival <= 2 ? ({ kind: 'status', status: 500 } as const) : undefined)
    const retry = { max_attempts: 3, backoff_seconds: 0.01 }
    const once = { cases: 1, plan: { execution: { retry } } }
    await using second = await tried({ ...once, behaviour: { fault } })
    expect(second.code, second.stderr).toBe(0)
    expect(second.server.stats().requests).toBe(3)
    const busy = { kind: 'status', status: 429, headers: { 'retry-after': '2' } } as const
    await using third = await tried({ ...once, behaviour: { fault: (arrival) => (arrival === 1 ? busy : undefined) } })
    expect(third.code, third.stderr).toBe(0)
    expect(third.server.stats().spanMs).toBeGreaterThan(1900)
    await using fourth = await tried({ ...once, behaviour: { fault: () => ({ kind: 'status', status: 500 }) } })
    expect(fourth.server.stats().requests).toBe(3)
  }, 60_000)
})

describe('a run whose process is killed while calls are under way', () => {
  async function killedAndResumed(http: object) {
    const server = await startWorkflowServer({ latencyMs: 150 })
    const folder = await folderOf({ url: server.url, cases: 12, http, plan: { execution: { concurrency: 4 } } })
    const victim = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    while (server.stats().requests < 6) await sleep(5, never)
    victim.kill('SIGKILL')
    expect((await victim.ended).code).toBe(null)
    const ended = await start(folder, 'runs', 'resume', 'r').ended
    const results = await folder.results()
    const requests = server.stats().requests
    await server.close()
    await folder[Symbol.asyncDispose]()
    return { ended, results, requests }
  }

  it('sends them again where that does no harm', async () => {
    const { ended, results, requests } = await killedAndResumed({ idempotent: true })
    expect(ended.code, ended.stderr).toBe(0)
    expect(results).toHaveLength(12)
    expect(requests).toBeGreaterThan(12)
  }, 60_000)

  it('does not send them again where it may, and says that their end is not known', async () => {
    const { ended, results, requests } = await killedAndResumed({ idempotent: false })
    expect(ended.code).toBe(5)
    // A call that is on record may have been killed before it was sent.
    expect(requests).toBeGreaterThanOrEqual(8)
    expect(requests).toBeLessThanOrEqual(12)
    const unknown = results.filter(({ error }) => error?.code === 'target_unknown')
    expect(unknown).toHaveLength(results.filter(({ status }) => status !== 'succeeded').length)
    expect(unknown.length).toBeGreaterThan(0)
    expect(unknown.length).toBeLessThanOrEqual(4)
    expect(ended.stderr).toContain('ended before the answer came')
  }, 60_000)

  it('does not get its budget anew', async () => {
    await using server = await startWorkflowServer({ latencyMs: 20 })
    const plan = { execution: { concurrency: 1, stop: { max_tokens: 18 * 15 } } }
    await using folder = await folderOf({ url: server.url, cases: 60, plan })
    const victim = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    while (server.stats().requests < 10) await sleep(5, never)
    victim.kill('SIGKILL')
    await victim.ended
    const ended = await start(folder, 'runs', 'resume', 'r').ended
    expect(ended.code, ended.stderr).toBe(6)
    expect(server.stats().requests).toBeLessThanOrEqual(18)
  }, 60_000)

  it('is gone on with by one process only', async () => {
    await using server = await startWorkflowServer({ latencyMs: 300 })
    await using folder = await folderOf({ url: server.url, cases: 8, plan: { execution: { concurrency: 1 } } })
    const first = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    while (server.stats().requests < 1) await sleep(5, never)
    const second = await start(folder, 'runs', 'resume', 'r').ended
    expect(second.code).not.toBe(0)
    expect(second.stderr).toContain('another process works on the run r')
    expect((await first.ended).code).toBe(0)
    expect(server.stats().requests).toBe(8)
  }, 60_000)
})

describe('servers that a plan starts', () => {
  it('are used as they are where they answer already, and stay', async () => {
    await using server = await startWorkflowServer()
    await using folder = await folderOf({ url: server.url, server: { start: { command: 'node -e process.exit(7)' } } })
    const { code, stderr } = await run(folder)
    expect(code, stderr).toBe(0)
    expect(await answers(`${server.url}/stats`)).toBe(true)
  }, 60_000)

  it('show what they printed where they do not come up, and the run is over', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const command = `node -e "console.error('no such model here'); process.exit(7)"`
    await using folder = await folderOf({ url, server: { start: { command } } })
    const { code, stderr } = await run(folder)
    expect(code).toBe(3)
    expect(stderr).toContain('no such model here')
    expect(stderr).toContain('exit code 7')
    expect((await start(folder, 'runs', 'show', 'r').ended).stdout).toContain('failed')
  }, 60_000)

  it('are stopped after an interruption', async () => {
    const port = await freePort()
    const program = join(root, 'tests', 'support', 'workflow-server-program.ts')
    const command = `${process.execPath} ${program} --port ${port} --latency 200`
    const url = `http://127.0.0.1:${port}`
    await using folder = await folderOf({ url, cases: 100, server: { start: { command } } })
    const started = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    for (let requests = 0; requests < 5; await sleep(20, never)) {
      const stats = (await fetch(`${url}/stats`).then(
        (response) => response.json(),
        () => ({ requests: 0 }),
      )) as { requests: number }
      requests = stats.requests
    }
    started.kill('SIGINT')
    const { code, stderr } = await started.ended
    expect(code, stderr).toBe(130)
    expect(await answers(url)).toBe(false)
    expect([...(await folder.leftovers()).keys()]).toContain('artifacts/r/summary.json')
  }, 60_000)
})

describe('what a run leaves behind', () => {
  it('puts large answers into files of their own, and says where they are', async () => {
    await using done = await tried({ cases: 3, behaviour: { bytes: 100_000 } })
    expect(done.code, done.stderr).toBe(0)
    for (const { blobs } of await done.folder.results()) {
      const { sha256: hash = '', bytes } = blobs?.['outputs'] ?? {}
      const text = await readFile(join(done.folder.artifacts, 'blobs', hash), 'utf8')
      expect(sha256(text)).toBe(hash)
      expect(Buffer.byteLength(text)).toBe(bytes)
      expect(bytes).toBeGreaterThan(100_000)
    }
    expect(await readFile(join(done.folder.artifacts, 'report.html'), 'utf8')).toContain('blobs')
  }, 60_000)

  it('makes the same reports again from the record', async () => {
    await using done = await tried({ cases: 20 })
    const again = await start(done.folder, 'experiment', 'report', 'r', '--out', 'again').ended
    expect(again.code, again.stderr).toBe(0)
    const leftovers = await done.folder.leftovers()
    for (const name of ['results.jsonl', 'results.csv', 'junit.xml', 'comparison.json']) {
      expect(leftovers.get(`again/${name}`)?.toString(), name).toBe(leftovers.get(`artifacts/r/${name}`)?.toString())
    }
    const [first, second] = ['artifacts/r', 'again'].map((name) => {
      const text = String(leftovers.get(`${name}/summary.json`))
      return { ...(JSON.parse(text) as Record<string, unknown>), files: undefined, ended_at: undefined }
    })
    expect(second).toEqual(first)
  }, 60_000)

  it('holds no secret, though the server repeats them all', async () => {
    const server = createEcho()
    const url = await server.url
    await using folder = await folderOf({
      url,
      cases: 12,
      server: { api_key: '${API_KEY}', headers: { 'x-own': '${HEADER}' } },
      http: { url: '/run?token=${IN_URL}', text: '$.text', outputs: '$', error: '$.error' },
      plan: { evaluation: { checks: [{ type: 'equals', value: 'nothing of the kind' }] } },
    })
    const ended = await run(folder)
    const others = await Promise.all([
      start(folder, 'runs', 'logs', 'r').ended,
      start(folder, 'runs', 'show', 'r').ended,
      start(folder, 'experiment', 'report', 'r', '--out', 'again').ended,
      start(folder, 'experiment', 'compare', 'r').ended,
      start(folder, 'manifest', 'build', 'plan.yaml', '--out', 'manifests.yaml').ended,
    ])
    await server.close()
    for (const { stdout, stderr } of [ended, ...others]) expect(`${stdout}${stderr}`).not.toMatch(/canary/u)
    const leaking = [...(await folder.leftovers())].filter(([, bytes]) => bytes.toString('latin1').includes('canary'))
    expect(leaking.map(([name]) => name)).toEqual([])
    expect((await folder.results()).map(({ status }) => status)).toContain('succeeded')
  }, 60_000)

  it('is listed, shown, and pruned together with its folder', async () => {
    await using done = await tried({ cases: 2 })
    const [listed, shown] = [
      await start(done.folder, 'runs', 'list').ended,
      await start(done.folder, 'runs', 'show', 'r').ended,
    ]
    expect(listed.stdout).toContain('experiment')
    expect(shown.stdout).toContain('calls')
    const pruned = await start(done.folder, 'runs', 'prune', '--keep', '0', '--artifacts').ended
    expect(pruned.code, pruned.stderr).toBe(0)
    expect([...(await done.folder.leftovers()).keys()].filter((name) => name.startsWith('artifacts'))).toEqual([])
  }, 60_000)

  it('is kept apart from what another run leaves in the same store at the same time', async () => {
    await using server = await startWorkflowServer({ latencyMs: 5 })
    await using folder = await folderOf({ url: server.url, cases: 100 })
    const both = await Promise.all(
      ['one', 'two'].map((id) => start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', id).ended),
    )
    for (const { code, stderr } of both) expect(code, stderr).toBe(0)
    for (const id of ['one', 'two']) {
      const text = await readFile(join(folder.path, 'artifacts', id, 'results.jsonl'), 'utf8')
      expect(text.trim().split('\n')).toHaveLength(100)
    }
    expect(server.stats().requests).toBe(200)
  }, 60_000)

  it('is nothing where it has nowhere to leave it', async () => {
    await using server = await startWorkflowServer()
    await using folder = await folderOf({ url: server.url })
    const off = await run(folder, '--store', 'off')
    expect(off.code).toBe(2)
    expect(off.stderr).toContain('the store is off')
    const closed = await run(folder, '--artifacts', 'plan.yaml')
    expect(closed.code, closed.stderr).toBeGreaterThan(1)
    expect(closed.stderr).toContain('plan.yaml')
    expect(server.stats().requests).toBe(0)
  }, 60_000)
})

/** A server that says everything that it was sent, now as an answer, now as an error. */
function createEcho() {
  const program = `
    let count = 0
    const server = require('node:http').createServer((request, response) => {
      const said = request.url + ' ' + JSON.stringify(request.headers)
      const kind = ++count % 4
      request.resume().once('end', () => {
        if (kind === 0) return response.writeHead(500).end(said)
        if (kind === 1) return response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ message: said, said }))
        if (kind === 2) return response.end(JSON.stringify({ text: said, said: { deep: [said] } }))
        response.end(JSON.stringify({ error: said }))
      })
    })
    server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))
  `
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  return {
    url: once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text).trim()),
    close: async () => {
      child.kill()
      await once(child, 'close')
    },
  }
}
