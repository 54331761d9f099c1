import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startConsoleServer } from '../../tests/support/dify-console-server.ts'
import type { ConsoleServer } from '../../tests/support/dify-console-server.ts'
import { serverSchema, workflowSchema } from '../domain/workflow.ts'
import type { PublishConfig } from '../domain/workflow.ts'
import { exportedApp, patch } from './dify-dsl.fixture.ts'
import { applyPatches } from './dify-dsl.ts'
import { publishVariants, sweepClones } from './dify-publish.ts'
import type { CreatedThing, PublishParts, PublishRequest } from './dify-publish-types.ts'
import { createHttpClient } from '../lib/http-client.ts'

const login = { route: 'console', email: 'me@example.com', password: 'secret-1' } as const
const byToken = { route: 'openapi', token: 'dfoa_token', workspace: 'ws' } as const
const signal = new AbortController().signal
const http = createHttpClient()

let server: ConsoleServer
const published: string[] = []
const waits: number[] = []
const created: CreatedThing[] = []

const parts: PublishParts = {
  http,
  signal,
  now: () => 0,
  sleep: (ms) => Promise.resolve(void waits.push(ms)),
  onCreated: (thing) => void created.push(thing),
}

beforeEach(async () => {
  for (const list of [published, waits, created]) list.length = 0
  server = await startConsoleServer({ onPublished: (appId, version) => void published.push(`${appId} ${version}`) })
})

afterEach(() => server[Symbol.asyncDispose]())

type App = Parameters<typeof exportedApp>[0]

function variantsOf(app: App) {
  const source = exportedApp(app)
  const select = app === 'workflow' ? { title: 'Answer', message: 'user' as const } : { node: 'llm' }
  const change = patch({
    select: app === 'chat' ? { app: true } : { ...select, field: 'prompt' },
    op: 'append',
    text: 'Be kind.',
  })
  const [plain, kind] = [applyPatches(source, []), applyPatches(source, [change])]
  return [
    { id: 'baseline', dsl: plain.text, hash: plain.hash },
    { id: 'kind', dsl: kind.text, hash: kind.hash },
  ]
}

function request(
  publish: Partial<PublishConfig>,
  rest: Partial<PublishRequest> = {},
  app: App = 'workflow',
): PublishRequest {
  const workflow = workflowSchema.parse({ id: 'support', target: 'dify' })
  if (workflow.target !== 'dify') throw new Error('not a Dify workflow')
  const config = serverSchema.parse({ baseUrl: `${server.url}/v1`, publish })
  return { server: config, workflow, variants: variantsOf(app), tag: 'r1', note: 'a run', ...rest }
}

/** The app that a person has set aside for publishing by token. */
function aside(name = 'greenloop-aside'): Partial<PublishRequest> {
  const appId = server.addApp(exportedApp('workflow').replace('name: Support Desk', `name: ${name}`))
  const workflow = workflowSchema.parse({ id: 'support', target: 'dify', appId, apiKey: 'app-aside' })
  return workflow.target === 'dify' ? { workflow } : {}
}

describe('publishing by the console', () => {
  it('makes one clone with a version for each variant, and removes it', async () => {
    const source = server.addApp(exportedApp('workflow'))
    const done = await publishVariants(request(login), parts)
    const { baseline, kind } = done.versions
    const clone = server.apps.get(baseline?.appId ?? '')
    expect(clone?.name).toMatch(/^greenloop-r1-[0-9a-f]{4}$/u)
    expect(clone?.versions.map(({ id, name, comment }) => [id, name, comment])).toEqual([
      [baseline?.version, `gl-${variantsOf('workflow')[0]?.hash.slice(0, 8)}`, 'baseline a run'],
      [kind?.version, `gl-${variantsOf('workflow')[1]?.hash.slice(0, 8)}`, 'kind a run'],
    ])
    expect(JSON.stringify(clone?.versions[0]?.dsl)).not.toContain('Be kind.')
    expect(JSON.stringify(clone?.versions[1]?.dsl)).toContain('Be kind.')
    expect(clone?.keys.map(({ token }) => token)).toEqual([kind?.apiKey])
    expect(published).toEqual([`${clone?.id} ${baseline?.version}`, `${clone?.id} ${kind?.version}`])
    expect(created).toEqual([
      { kind: 'app', id: clone?.id },
      { kind: 'key', id: clone?.keys[0]?.id, appId: clone?.id },
    ])
    expect(done.warnings).toEqual([])
    expect(await done.cleanup(signal)).toEqual([])
    expect([...server.apps.keys()]).toEqual([source])
    expect(await done.cleanup(signal)).toEqual([])
  })

  it.each([
    ['a description of a newer format, which has to be confirmed', { pendingImports: true }],
    ['a login in base64', { encodedPassword: true }],
    ['a session in the body', { tokenInBody: true }],
    ['a session that runs out', { expired: 1 }],
    ['somebody who changes the draft once', { meddling: 1 }],
    ['a server that is busy', { busy: 3 }],
  ])('copes with %s', async (_, faults) => {
    Object.assign(server.faults, faults)
    const done = await publishVariants(request(login), parts)
    expect(Object.keys(done.versions)).toEqual(['baseline', 'kind'])
    expect(waits).toEqual('busy' in faults ? [2000, 2000, 2000] : [])
    await done.cleanup(signal)
    expect(server.apps.size).toBe(0)
  })

  it('gives each variant an app where versions cannot be pinned', async () => {
    server.faults.pinForbidden = true
    const done = await publishVariants(request(login), parts)
    const { versions } = done
    expect(versions['kind']).not.toHaveProperty('version')
    expect(versions['kind']?.appId).not.toBe(versions['baseline']?.appId)
    expect(versions['kind']?.apiKey).not.toBe(versions['baseline']?.apiKey)
    expect(server.apps.size).toBe(2)
    const app = server.apps.get(versions['kind']?.appId ?? '')
    expect(app?.name).toMatch(/-2$/u)
    expect(JSON.stringify(app?.versions.at(-1)?.dsl)).toContain('Be kind.')
    expect(await done.cleanup(signal)).toEqual([])
    expect(server.apps.size).toBe(0)
  })

  it('gives each variant of a chat app an app, for imports cannot change one', async () => {
    const { versions, warnings } = await publishVariants(request(login, {}, 'chat'), parts)
    const app = server.apps.get(versions['kind']?.appId ?? '')
    expect(JSON.stringify(app?.draft)).toContain('Be kind.')
    expect(app?.versions).toEqual([])
    expect(warnings).toEqual([])
  })

  it('pins the versions of a chatflow', async () => {
    const { versions, warnings } = await publishVariants(request(login, {}, 'chatflow'), parts)
    expect(versions['kind']?.version).toBeDefined()
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('took over a description of 0.3.1')
  })

  it('warns of knowledge bases that got lost and of plugins that are missing', async () => {
    Object.assign(server.faults, { dropDatasets: true, missing: ['langgenius/openai'] })
    const { warnings } = await publishVariants(request(login), parts)
    expect(warnings).toContain(
      'variant kind: the server dropped workflow.nodes.1711528916000.data.dataset_ids (1 items, now 0) (another workspace, or a secret)',
    )
    expect(warnings).toContain('variant kind: the server lacks the plugins langgenius/openai')
  })

  it('names what differs when the server holds something else, and removes the clone', async () => {
    server.faults.meddling = 9
    await expect(publishVariants(request(login), parts)).rejects.toMatchObject({
      code: 'target_refused',
      message: expect.stringContaining('workflow.nodes.1711528917469.data.prompt_template') as string,
    })
    expect(server.apps.size).toBe(0)
  })

  it('removes a clone whose making nobody saw the end of', async () => {
    server.faults.cutImports = 1
    await expect(publishVariants(request(login), parts)).rejects.toMatchObject({ code: 'target_unknown' })
    expect(created).toEqual([])
    expect(server.apps.size).toBe(0)
  })

  it('tells what an import was refused for, and what a wrong login is', async () => {
    server.faults.importError = 'Missing workflow data'
    await expect(publishVariants(request(login), parts)).rejects.toMatchObject({
      code: 'target_refused',
      message: expect.stringContaining('Missing workflow data') as string,
    })
    const wrong = publishVariants(request({ ...login, password: 'wrong' }), parts)
    await expect(wrong).rejects.toMatchObject({
      code: 'target_refused',
      message: expect.stringContaining('401') as string,
    })
    await expect(wrong).rejects.not.toMatchObject({ message: expect.stringContaining('wrong') as string })
    await expect(publishVariants(request({ route: 'console' }), parts)).rejects.toMatchObject({ code: 'plan_invalid' })
  })

  it('leaves the clones of other workflows of the run alone', async () => {
    const first = await publishVariants(request(login), parts)
    const other = workflowSchema.parse({ id: 'other', target: 'dify' })
    const second = await publishVariants(request(login, other.target === 'dify' ? { workflow: other } : {}), parts)
    await first.cleanup(signal)
    expect([...server.apps.keys()]).toEqual([second.versions['kind']?.appId])
  })

  it('says what it could not remove, and removes it the next time', async () => {
    const done = await publishVariants(request(login), parts)
    server.faults.stuck = 2
    const left = await done.cleanup(signal)
    expect(left).toEqual([expect.stringContaining('key key-'), expect.stringContaining('app app-')])
    expect(await done.cleanup(signal)).toEqual([])
    expect(server.apps.size).toBe(0)
  })

  it('keeps the clone where that is wanted', async () => {
    const done = await publishVariants(request({ ...login, keep: true }), parts)
    expect(await done.cleanup(signal)).toEqual([`app ${done.versions['kind']?.appId} is kept`])
    expect(server.apps.size).toBe(1)
  })

  it('sweeps what a crash left behind, page by page', async () => {
    server.faults.pinForbidden = true
    await publishVariants(request(login), parts)
    await publishVariants(request(login, { tag: 'r2' }), parts)
    const mine = server.addApp(exportedApp('chat').replace('name: Chatbot', 'name: my greenloop-r app'))
    const { server: config } = request(login)
    expect(await sweepClones(config, 'r1', parts)).toHaveLength(2)
    expect(await sweepClones(config, 'r', parts)).toEqual([])
    expect(await sweepClones(config, 'r2', parts)).toHaveLength(2)
    expect([...server.apps.keys()]).toEqual([mine])
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const reason = new Error('enough')
    const stopping = { ...parts, signal: stop.signal, onCreated: () => stop.abort(reason) }
    await expect(publishVariants(request(login), stopping)).rejects.toBe(reason)
    expect(server.apps.size).toBe(0)
  })
})

describe('publishing by /openapi/v1', () => {
  it('publishes into an app that is set aside, and puts its draft back', async () => {
    const done = await publishVariants(request(byToken, aside()), parts)
    const app = server.apps.get(done.versions['kind']?.appId ?? '')
    expect(app?.versions.map(({ id }) => id)).toEqual([
      done.versions['baseline']?.version,
      done.versions['kind']?.version,
    ])
    expect(JSON.stringify(app?.draft)).toContain('Be kind.')
    expect(await done.cleanup(signal)).toEqual([expect.stringContaining('its draft is what it was')])
    expect(JSON.stringify(app?.draft)).not.toContain('Be kind.')
    expect(app?.name).toBe('greenloop-aside')
  })

  it('never writes into an app that people use', async () => {
    const rest = aside('Support Desk')
    await expect(publishVariants(request(byToken, rest), parts)).rejects.toMatchObject({
      code: 'plan_invalid',
      message: expect.stringContaining('is called "Support Desk"') as string,
    })
    expect(server.requests.filter((one) => one.startsWith('POST'))).toEqual([])
  })

  it.each([
    ['a server without the interface', { noOpenapi: true }, 'is not there'],
    ['a build that cannot publish', { cannotPublish: true }, 'cannot publish by /openapi/v1'],
    ['a server that does not pin versions', { pinForbidden: true }, 'does not run versions'],
  ])('refuses %s', async (_, faults, message) => {
    Object.assign(server.faults, faults)
    const failing = publishVariants(request(byToken, aside()), parts)
    await expect(failing).rejects.toMatchObject({
      code: 'target_refused',
      message: expect.stringContaining(message) as string,
    })
    expect(JSON.stringify([...server.apps.values()][0]?.draft)).not.toContain('Be kind.')
  })

  it('wants a token, a workspace, and an app', async () => {
    await expect(publishVariants(request({ route: 'openapi' }, aside()), parts)).rejects.toMatchObject({
      code: 'plan_invalid',
    })
    await expect(publishVariants(request(byToken), parts)).rejects.toMatchObject({ code: 'plan_invalid' })
  })
})

describe('publishing by files', () => {
  it('writes a file for each variant and says what to do until versions or keys are known', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-publish-'))
    try {
      const asked = request({ route: 'files' }, { folder: join(folder, 'dsl') })
      await expect(publishVariants(asked, parts)).rejects.toMatchObject({
        code: 'plan_invalid',
        problems: [
          { message: expect.stringContaining('support-baseline.yml') as string },
          { message: expect.any(String) as string },
        ],
      })
      expect(await readFile(join(folder, 'dsl', 'support-kind.yml'), 'utf8')).toBe(asked.variants[1]?.dsl)
      const known = asked.variants.map((variant, index) => ({
        ...variant,
        ...(index === 0 ? { version: 'v1' } : { apiKey: 'k' }),
      }))
      const { versions } = await publishVariants({ ...asked, variants: known }, parts)
      expect(versions).toEqual({ baseline: { version: 'v1' }, kind: { apiKey: 'k' } })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('refuses servers that say no way', async () => {
    await expect(publishVariants(request({}), parts)).rejects.toMatchObject({ code: 'plan_invalid' })
    await expect(publishVariants(request({ route: 'files' }), parts)).rejects.toMatchObject({ code: 'plan_invalid' })
  })
})
