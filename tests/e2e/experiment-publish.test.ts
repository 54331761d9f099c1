import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { after, sleep } from '../../src/lib/clock.ts'
import { startConsoleServer } from '../support/dify-console-server.ts'
import type { ConsoleServer } from '../support/dify-console-server.ts'
import type { DifyCall, DifyScript } from '../support/dify-script.ts'
import { startDifyServer } from '../support/dify-server.ts'
import type { DifyApp, DifyServer } from '../support/dify-server.ts'
import { experimentFolder } from '../support/experiment-folder.ts'
import type { ExperimentFolder } from '../support/experiment-folder.ts'
import { root, startCli } from './cli.ts'
import type { Ended, Started } from './cli.ts'

const secrets = {
  CONSOLE_PASSWORD: 'pw-canary-4711',
  GATEWAY_TOKEN: 'header-canary-4712',
  SOURCE_KEY: 'app-source-canary-4713',
}
const canary = /pw-canary|header-canary|source-canary|clone-canary/u

interface Place {
  readonly admin: ConsoleServer
  readonly service: DifyServer
  /** Answers of which a version of a workflow takes part. */
  readonly said: () => readonly string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** A Dify server whose published versions run with the prompts that they were published with, and tell everybody their key. */
async function startPlace(shape: (call: DifyCall) => Partial<DifyScript> = () => ({})): Promise<Place> {
  const versions = new Map<string, string>()
  const apps: Record<string, DifyApp> = {}
  const said: string[] = []
  const script = (key: string) => (call: DifyCall) => {
    const dsl = versions.get(call.version ?? '')
    const text = `${dsl?.includes('Be kind.') === true ? 'kind' : dsl === undefined ? 'unknown' : 'plain'} ${key}`
    said.push(text)
    return { text, nodes: [{ id: 'llm', tokens: [1, 1] as const, outputs: { text } }], ...shape(call) }
  }
  const admin = await startConsoleServer({
    email: 'me@example.com',
    password: secrets.CONSOLE_PASSWORD,
    onPublished: (_, version, dsl) => void versions.set(version, dsl),
    onKey: (_, key) => {
      apps[key] = { mode: 'workflow', script: script(key) }
    },
  })
  const service = await startDifyServer({ apps })
  return {
    admin,
    service,
    said: () => said,
    [Symbol.asyncDispose]: async () => {
      await service.close()
      await admin[Symbol.asyncDispose]()
    },
  }
}

async function folderOf({ admin, service }: Place, publish: object = {}, plan: object = {}): Promise<ExperimentFolder> {
  const login = { route: 'console', email: 'me@example.com', password: '${CONSOLE_PASSWORD}', console_url: admin.url }
  const server = {
    base_url: service.url,
    api_key: '${SOURCE_KEY}',
    headers: { 'x-gateway': '${GATEWAY_TOKEN}' },
    publish: { ...login, ...publish },
  }
  return await experimentFolder({
    env: { servers: { default: server } },
    workflows: [{ id: 'desk', target: 'dify', app: 'workflow', dsl: 'desk.yml' }],
    plan: {
      name: 'prompts',
      mode: 'scenario_only',
      datasets: [{ name: 'd', rows: Array.from({ length: 8 }, (_, at) => ({ inputs: { ticket: `ticket ${at}` } })) }],
      prompt_variants: [
        { id: 'A' },
        { id: 'B', patches: [{ select: { title: 'Answer', message: 'user' }, op: 'append', text: 'Be kind.' }] },
      ],
      evaluation: { checks: [{ type: 'contains', value: 'kind' }] },
      gates: ['B > A'],
      ...plan,
    },
    others: { 'desk.yml': await readFile(join(root, 'tests', 'fixtures', 'dify', 'workflow.yml'), 'utf8') },
  })
}

function start({ path }: ExperimentFolder, ...args: string[]): Started {
  return startCli(args, { cwd: path, env: { ...secrets, GREENLOOP_STORE: '.greenloop/greenloop.db' } })
}

const runIt = ['experiment', 'run', 'plan.yaml', '--run-id', 'r'] as const

async function expectNoSecret(folder: ExperimentFolder, ...ended: readonly Ended[]): Promise<void> {
  for (const { stdout, stderr } of ended) expect(`${stdout}${stderr}`).not.toMatch(canary)
  const logs = await start(folder, 'runs', 'logs', 'r').ended
  expect(logs.stdout).not.toMatch(canary)
  const leftovers = await folder.leftovers()
  expect([...leftovers.keys()]).toContain('.greenloop/greenloop.db')
  const leaking = [...leftovers].filter(([, bytes]) => canary.test(bytes.toString('latin1')))
  expect(leaking.map(([name]) => name)).toEqual([])
}

describe('prompts that are published for a run', () => {
  it('run as they were patched, show which is better, and leave neither clones nor secrets behind', async () => {
    await using place = await startPlace()
    await using folder = await folderOf(place)
    const ended = await start(folder, ...runIt).ended
    expect(ended.code, ended.stderr).toBe(0)
    const results = await folder.results()
    expect(results.filter(({ passed }) => passed === true).every((result) => result.variant_id === 'B')).toBe(true)
    expect(results.filter(({ passed }) => passed === true)).toHaveLength(8)
    expect(place.said().every((text) => text.includes('clone-canary'))).toBe(true)
    expect(place.admin.apps.size).toBe(0)
    await expectNoSecret(folder, ended)
    const again = await start(folder, 'experiment', 'report', 'r', '--out', 'again').ended
    expect(again.code, again.stderr).toBe(0)
    await expectNoSecret(folder, again)
  }, 60_000)

  it('are gone after a run that fails', async () => {
    await using place = await startPlace(() => ({
      refuse: { status: 400, code: 'app_unavailable', message: 'closed' },
    }))
    await using folder = await folderOf(place)
    const ended = await start(folder, ...runIt).ended
    expect(ended.code, ended.stderr).not.toBe(0)
    expect(place.admin.apps.size).toBe(0)
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('are gone after a publishing that fails, and the run can be shown', async () => {
    await using place = await startPlace()
    place.admin.faults.importError = 'the plugin is missing'
    await using folder = await folderOf(place)
    const ended = await start(folder, ...runIt).ended
    expect(ended.code).toBe(3)
    expect(ended.stderr).toContain('the plugin is missing')
    expect(place.admin.apps.size).toBe(0)
    expect((await start(folder, 'runs', 'show', 'r').ended).stdout).toContain('failed')
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('are gone after an interruption', async () => {
    let started: Started | undefined
    let calls = 0
    await using place = await startPlace(() => {
      if (++calls === 3) after(300, () => started?.kill('SIGINT'))
      return { delayMs: calls < 3 ? 1 : 200 }
    })
    await using folder = await folderOf(place)
    started = start(folder, ...runIt)
    const ended = await started.ended
    expect(ended.code, ended.stderr).toBe(130)
    expect(place.admin.apps.size).toBe(0)
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('are gone when it is interrupted while they are published', async () => {
    let started: Started | undefined
    await using place = await startPlace()
    place.admin.faults.busy = 1000
    await using folder = await folderOf(place)
    started = start(folder, ...runIt)
    while (place.admin.requests.length === 0) await sleep(5, new AbortController().signal)
    started.kill('SIGINT')
    await sleep(300, new AbortController().signal)
    place.admin.faults.busy = 0
    const ended = await started.ended
    expect(ended.code, ended.stderr).toBe(130)
    expect(place.admin.apps.size).toBe(0)
    expect((await start(folder, 'runs', 'show', 'r').ended).stdout).toContain('cancelled')
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('are found again by the run that goes on after its process was killed, and are gone after it', async () => {
    let victim: Started | undefined
    let calls = 0
    await using place = await startPlace(() => {
      if (++calls === 6) victim?.kill('SIGKILL')
      return { delayMs: 20 }
    })
    await using folder = await folderOf(place)
    victim = start(folder, ...runIt)
    expect((await victim.ended).code).toBe(null)
    expect(place.admin.apps.size).toBe(1)
    const ended = await start(folder, 'runs', 'resume', 'r').ended
    expect(ended.code, ended.stderr).toBe(0)
    expect(place.service.executions()).toBe(16)
    expect(place.admin.requests.filter((request) => request.endsWith('/api-keys'))).toHaveLength(1)
    expect(place.admin.apps.size).toBe(0)
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('are gone when a run is cancelled whose process was killed', async () => {
    let victim: Started | undefined
    await using place = await startPlace(() => {
      victim?.kill('SIGKILL')
      return {}
    })
    await using folder = await folderOf(place)
    victim = start(folder, ...runIt)
    await victim.ended
    const ended = await start(folder, 'runs', 'cancel', 'r').ended
    expect(ended.code, ended.stderr).toBe(0)
    expect(place.admin.apps.size).toBe(0)
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('of another run with a longer name stay', async () => {
    await using place = await startPlace(() => ({ refuse: { status: 400, code: 'app_unavailable' } }))
    const dsl = await readFile(join(root, 'tests', 'fixtures', 'dify', 'workflow.yml'), 'utf8')
    const other = place.admin.addApp(dsl.replace('name: Support Desk', 'name: greenloop-r-2-1a2b'))
    place.admin.faults.importError = 'the plugin is missing'
    await using folder = await folderOf(place)
    await start(folder, ...runIt).ended
    expect([...place.admin.apps.keys()]).toEqual([other])
  }, 60_000)
})

describe('patches without a login', () => {
  it('are written down for a person, who is told what to do', async () => {
    await using place = await startPlace()
    await using folder = await folderOf(place, { route: 'files' })
    const ended = await start(folder, ...runIt).ended
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('wait for somebody to import them')
    expect(ended.stderr).toContain('versions: {desk: WORKFLOW_ID}')
    const written = await readFile(join(folder.artifacts, 'variants', 'desk-B.yml'), 'utf8')
    expect(written).toContain('Be kind.')
    expect(place.service.executions()).toBe(0)
    await expectNoSecret(folder, ended)
  }, 60_000)

  it('are refused where no server would see them', async () => {
    await using place = await startPlace()
    await using folder = await folderOf(place, { route: 'none' })
    const ended = await start(folder, ...runIt).ended
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('reach no server')
    expect(place.service.requests).toEqual([])
  }, 60_000)
})
