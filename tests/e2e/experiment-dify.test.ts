import { describe, expect, it } from 'vitest'
import { after, sleep } from '../../src/lib/clock.ts'
import type { DifyCall, DifyScript } from '../support/dify-script.ts'
import { startDifyServer } from '../support/dify-server.ts'
import type { DifyApp, DifyServer, DifyServerOptions } from '../support/dify-server.ts'
import { experimentFolder, rows } from '../support/experiment-folder.ts'
import type { ExperimentFolder } from '../support/experiment-folder.ts'
import { startCli } from './cli.ts'
import type { Ended, Started } from './cli.ts'

const key = 'app-canary-7731'

/** An answer that costs 15 tokens. */
const echo = ({ query, inputs }: DifyCall): DifyScript => ({
  text: `echo: ${query === '' ? String(inputs['query']) : query}`,
  nodes: [{ id: 'llm', tokens: [10, 5], price: '0.001', outputs: {} }],
  usage: { tokens: [10, 5], price: '0.001' },
})

function serve(app: Partial<DifyApp>, rest: Partial<DifyServerOptions> = {}): Promise<DifyServer> {
  return startDifyServer({ apps: { [key]: { mode: 'workflow', script: echo, ...app } }, ...rest })
}

interface Tried {
  readonly url: string
  readonly cases?: number
  readonly kind?: 'workflow' | 'chatflow' | 'chat'
  readonly plan?: object
  readonly workflow?: object
}

function folderOf({ url, cases = 4, kind = 'workflow', plan, workflow }: Tried): Promise<ExperimentFolder> {
  return experimentFolder({
    env: { servers: { default: { base_url: url, api_key: '${APP_KEY}' } } },
    workflows: [{ id: 'w', target: 'dify', app: kind, ...workflow }],
    plan: {
      name: 'calls',
      workflows: ['w'],
      mode: 'scenario_only',
      datasets: [{ name: 'd', rows: rows(cases) }],
      prompt_variants: [{ id: 'only' }],
      evaluation: { checks: [{ type: 'contains', value: 'echo' }] },
      ...plan,
    },
  })
}

/** Starts a command in a folder, with the store of the folder. */
function start({ path }: ExperimentFolder, ...args: string[]): Started {
  return startCli(args, { cwd: path, env: { APP_KEY: key, GREENLOOP_STORE: '.greenloop/greenloop.db' } })
}

function run(folder: ExperimentFolder, ...args: string[]): Promise<Ended> {
  return start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r', ...args).ended
}

const flowOf = (_: unknown, at: number) => ({
  name: `f${at}`,
  turns: ['a', 'b', 'c'].map((query) => ({ query: `${query}${at}` })),
})

describe('a run whose process is killed', () => {
  it.each([
    ['a workflow', { kind: 'workflow', cases: 60 }, 60],
    [
      'a conversation',
      {
        kind: 'chatflow',
        plan: { datasets: [], conversation_flows: Array.from({ length: 12 }, flowOf) },
      },
      36,
    ],
  ] as const)(
    'pays no call of %s twice, however often and just when a call arrives',
    async (_, tried, calls) => {
      let victim: Started | undefined
      let left = 0
      const script = (call: DifyCall): DifyScript => {
        if (victim !== undefined && --left <= 0) {
          victim.kill('SIGKILL')
          victim = undefined
        }
        return { ...echo(call), delayMs: 30 }
      }
      await using server = await serve({ mode: tried.kind === 'workflow' ? 'workflow' : 'advanced-chat', script })
      await using folder = await folderOf({ url: server.url, ...tried })
      const killed = async (afterCalls: number, args: readonly string[]): Promise<Ended> => {
        const started = start(folder, ...args)
        left = afterCalls
        victim = started
        return await started.ended
      }
      const first = await killed(5, ['experiment', 'run', 'plan.yaml', '--run-id', 'r'])
      expect(first.code, first.stderr).toBe(null)
      for (const afterCalls of [1, 3, 1, 2]) {
        const { code, stderr } = await killed(afterCalls, ['runs', 'resume', 'r'])
        expect(code, stderr).toBe(null)
      }
      victim = undefined
      const last = await start(folder, 'runs', 'resume', 'r').ended
      expect(last.code, last.stderr).toBe(0)
      const results = await folder.results()
      expect(results.map(({ status }) => status)).toEqual(results.map(() => 'succeeded'))
      expect(new Set(results.map((result) => result.case_id)).size).toBe(results.length)
      expect(results).toHaveLength(tried.kind === 'workflow' ? 60 : 12)
      expect(server.executions()).toBe(calls)
      expect(results.some(({ recovered }) => recovered)).toBe(true)
    },
    120_000,
  )

  it('keeps looking for a call while the server is away, and does not send it again', async () => {
    let victim: Started | undefined
    let isAway = false
    const script = (call: DifyCall): DifyScript => {
      victim?.kill('SIGKILL')
      return echo(call)
    }
    const away = { status: 503, message: 'upgrading' }
    await using server = await serve({ script }, { intercept: () => (isAway ? away : undefined) })
    await using folder = await folderOf({
      url: server.url,
      cases: 1,
      plan: { execution: { retry: { max_attempts: 5 } } },
    })
    victim = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    expect((await victim.ended).code).toBe(null)
    victim = undefined
    isAway = true
    const resumed = start(folder, 'runs', 'resume', 'r')
    const before = server.requests.length
    while (server.requests.length < before + 3) await sleep(10, new AbortController().signal)
    isAway = false
    const { code, stderr } = await resumed.ended
    expect(code, stderr).toBe(0)
    expect(await folder.results()).toMatchObject([{ status: 'succeeded', recovered: true }])
    expect(code).toBe(0)
    expect(server.executions()).toBe(1)
  }, 60_000)

  it('says of a call that nothing can find again that its end is not known', async () => {
    let victim: Started | undefined
    const script = (call: DifyCall): DifyScript => {
      victim?.kill('SIGKILL')
      return echo(call)
    }
    await using server = await serve({ mode: 'completion', script })
    await using folder = await folderOf({ url: server.url, cases: 1, workflow: { app: 'completion' } })
    victim = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    await victim.ended
    victim = undefined
    const { code, stderr } = await start(folder, 'runs', 'resume', 'r').ended
    expect(code, stderr).toBe(5)
    expect(await folder.results()).toMatchObject([{ status: 'infra_error', error: { code: 'target_unknown' } }])
    expect(server.executions()).toBe(1)
  }, 60_000)
})

describe('what a server does wrong', () => {
  it('pays once for calls whose stream breaks and whose answer is lost', async () => {
    const faults: readonly DifyScript['fault'][] = [
      undefined,
      { kind: 'cut', after: 0 },
      { kind: 'cut', after: 2 },
      { kind: 'status', status: 500, work: true },
      { kind: 'status', status: 504, work: true },
      { kind: 'hang_up', work: true },
    ]
    const script = (call: DifyCall): DifyScript => {
      const fault = faults[call.number % faults.length]
      return { ...echo(call), ...(fault === undefined ? {} : { fault }) }
    }
    await using server = await serve({ script })
    await using folder = await folderOf({
      url: server.url,
      cases: 12,
      plan: { execution: { retry: { max_attempts: 3 } } },
    })
    const { code, stderr } = await run(folder)
    expect(code, stderr).toBe(0)
    expect(server.executions()).toBe(12)
    const results = await folder.results()
    expect(results.filter(({ recovered }) => recovered)).toHaveLength(10)
    expect(results.every(({ status }) => status === 'succeeded')).toBe(true)
  }, 60_000)

  it('ends a manifest whose key is refused after three calls, and says so', async () => {
    const refuse = { status: 401, code: 'unauthorized', message: `Access token ${key} is invalid` }
    await using server = await serve({ script: () => ({ refuse }) })
    await using folder = await folderOf({ url: server.url, cases: 40, plan: { execution: { concurrency: 1 } } })
    const { code, stderr } = await run(folder)
    expect(code).toBe(5)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(3)
    const results = await folder.results()
    expect(results.every(({ status }) => status === 'config_error')).toBe(true)
    expect(results.at(-1)?.error?.message).toContain('not tried, for 3 calls in a row were refused')
    expect(stderr).toContain('refused')
    expect(stderr).not.toContain(key)
  }, 60_000)

  it('asks no more of a server whose quota is used up', async () => {
    const refuse = { status: 429, code: 'rate_limit_error', message: 'quota exceeded' }
    const script = (call: DifyCall): DifyScript => (call.number > 5 ? { refuse } : echo(call))
    await using server = await serve({ script })
    await using folder = await folderOf({
      url: server.url,
      cases: 30,
      plan: { execution: { concurrency: 1, retry: { max_attempts: 4 } } },
    })
    const { code, stderr } = await run(folder)
    expect(code).toBe(5)
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(6)
    expect(stderr).toContain('quota')
  }, 60_000)

  it('gets everything done under a ceiling that answers 429', async () => {
    const script = (call: DifyCall): DifyScript => ({ ...echo(call), delayMs: 10 })
    await using server = await serve({ script, concurrency: 3 })
    await using folder = await folderOf({
      url: server.url,
      cases: 40,
      plan: { execution: { concurrency: 12, retry: { max_attempts: 30, backoff_seconds: 0.05 } } },
    })
    const { code, stderr } = await run(folder)
    expect(code, stderr).toBe(0)
    expect(server.executions()).toBe(40)
    expect(server.peak()).toBeLessThanOrEqual(3)
  }, 60_000)

  it('takes a failed run, a pause and a partial success for answers, and tries none again', async () => {
    const script = (call: DifyCall): DifyScript => {
      const query = String(call.inputs['query'])
      if (query === 'q1') return { ...echo(call), status: 'failed', error: 'the tool is gone' }
      if (query === 'q2') return { ...echo(call), pause: true }
      if (query === 'q3') return { ...echo(call), status: 'partial-succeeded' }
      return { ...echo(call), nodes: [{ id: 'llm', tokens: [1, 1], retries: 2, outputs: {} }] }
    }
    await using server = await serve({ script })
    await using folder = await folderOf({ url: server.url, plan: { execution: { retry: { max_attempts: 5 } } } })
    await run(folder)
    expect(server.executions()).toBe(4)
    const results = await folder.results()
    expect(Object.groupBy(results, ({ status }) => status)).toMatchObject({
      app_failed: [{ error: { message: 'the tool is gone' }, passed: false }],
      paused: [{}],
      partial: [{}],
      succeeded: [{ node_retries: 2, passed: true }],
    })
  }, 60_000)

  it('stops the task of a call that takes too long, while slow checks do not count', async () => {
    const script = (call: DifyCall): DifyScript => ({ ...echo(call), delayMs: call.inputs['query'] === 'q1' ? 300 : 1 })
    await using server = await serve({ script })
    const slow = 'export const check = async () => { await new Promise((done) => setTimeout(done, 1500)); return true }'
    await using folder = await experimentFolder({
      env: { servers: { default: { base_url: server.url, api_key: key } } },
      workflows: [{ id: 'w', target: 'dify', app: 'workflow' }],
      plan: {
        name: 'slow',
        datasets: [{ name: 'd', rows: rows(2) }],
        prompt_variants: [{ id: 'only' }],
        evaluation: { checks: [{ type: 'function', file: 'slow.mjs' }] },
        execution: { timeout_seconds: 1 },
      },
      others: { 'slow.mjs': slow },
    })
    await run(folder)
    const results = await folder.results()
    expect(Object.groupBy(results, ({ status }) => status)).toMatchObject({
      timeout: [{ error: { code: 'target_timeout' } }],
      succeeded: [{ passed: true }],
    })
    const stops = server.requests.filter(({ path }) => path.endsWith('/stop'))
    expect(stops).toHaveLength(1)
    expect(server.runs.find(({ call }) => call.inputs['query'] === 'q1')?.user).toBe(stops[0]?.body['user'])
  }, 60_000)
})

describe('a run that is interrupted', () => {
  it('stops calls that have not said yet what can be stopped', async () => {
    let started: Started | undefined
    const script = (call: DifyCall): DifyScript => {
      started?.kill('SIGINT')
      started = undefined
      return { ...echo(call), delayMs: 400 }
    }
    await using server = await serve({ script })
    await using folder = await folderOf({ url: server.url })
    const interrupted = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    started = interrupted
    const { code, stderr } = await interrupted.ended
    expect(code, stderr).toBe(130)
    expect(server.runs.length).toBeGreaterThan(0)
    expect(server.runs.filter(({ isStopping }) => !isStopping)).toEqual([])
  }, 60_000)

  it('stops what is under way, writes its reports and ends with 130', async () => {
    let arrived = 0
    let started: Started | undefined
    const script = (call: DifyCall): DifyScript => {
      if (++arrived === 6) after(400, () => started?.kill('SIGINT'))
      return { ...echo(call), delayMs: arrived > 4 ? 200 : 5 }
    }
    await using server = await serve({ script })
    await using folder = await folderOf({ url: server.url, cases: 20, plan: { execution: { concurrency: 4 } } })
    started = start(folder, 'experiment', 'run', 'plan.yaml', '--run-id', 'r')
    const { code, stderr } = await started.ended
    expect(code, stderr).toBe(130)
    const stops = server.requests.filter(({ path }) => path.endsWith('/stop'))
    const unended = server.runs.filter(({ status }) => status === 'running')
    expect(stops.length).toBeGreaterThan(0)
    expect(unended.filter(({ isStopping }) => !isStopping)).toEqual([])
    expect([...(await folder.leftovers()).keys()]).toContain('artifacts/r/report.html')
    const shown = await start(folder, 'runs', 'show', 'r').ended
    expect(shown.stdout).toContain('cancelled')
    expect((await start(folder, 'runs', 'resume', 'r').ended).stderr).toContain('is over: cancelled')
  }, 60_000)
})
