import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunStore } from '../domain/stored-run.ts'
import { checkModel, chosenModel, deleteModel, listModels, writeModel } from './models.ts'
import { keptFlags } from './recorded.ts'
import { deleteSecret, writeSecret } from './secrets.ts'
import { readSettings } from './settings.ts'
import { openRunStore } from './store.ts'
import type { Flags } from './surroundings.ts'
import { shownSettings } from './system-settings.ts'

let root = ''
let store: RunStore
const closing: (() => unknown)[] = []
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-models-'))
  // The search for a settings file ends at the root of a repository.
  await mkdir(join(root, '.git'))
  store = await openRunStore(join(root, '.greenloop', 'greenloop.db'))
})
afterEach(async () => {
  for (const close of closing.splice(0)) close()
  await store.close()
  await rm(root, { recursive: true, force: true })
})

const key = randomBytes(32)
const signal = new AbortController().signal
const service = (env: Readonly<Record<string, string>> = {}) => ({ store, key, where: { cwd: root, env, signal } })

/** A model server that answers one token, and keeps what it was sent. */
async function modelServer(status = 200) {
  const seen: IncomingHttpHeaders[] = []
  const answer = { model: 'tiny', choices: [{ message: { content: 'pong' }, finish_reason: 'stop' }] }
  const server: Server = createServer((request, response) => {
    seen.push(request.headers)
    request.resume()
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close().closeAllConnections())
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, seen }
}

describe('models of the settings', () => {
  const readiness = async (env: Readonly<Record<string, string>>) =>
    Object.fromEntries((await listModels(service(env))).map(({ name, ready }) => [name, ready]))

  it('are ready where what they need is set', async () => {
    expect(await readiness({})).toEqual({ offline: true, mock: true, local: false, http: false })
    expect(await readiness({ LLM_API_KEY: 'sk-1' })).toMatchObject({ http: true })
    expect(await readiness({ LLM_BASE_URL: 'http://127.0.0.1:8000/v1' })).toMatchObject({ http: true })
    expect(await readiness({ GREENLOOP_SUBPROCESS_CMD: 'llm --key sk-1' })).toMatchObject({ local: true })
    expect(await readiness({ USE_REAL_LLM: '1' })).toMatchObject({ offline: false })
  })

  it('show nothing that is secret', async () => {
    const env = {
      LLM_API_KEY: 'canary-1',
      LLM_BASE_URL: 'http://user:canary-2@127.0.0.1:9/v1?key=canary-3',
      LLM_HEADERS: 'X-Key: canary-4',
      GREENLOOP_SUBPROCESS_CMD: 'llm --key canary-5',
      GREENLOOP_STORE: 'postgres://user:canary-6@localhost/db',
    }
    const models = JSON.stringify(await listModels(service(env)))
    expect(models).toContain('http://127.0.0.1:9/v1')
    expect(models).not.toContain('canary')
    const { detail } = await checkModel(service(env), 'http', signal)
    expect(detail).not.toContain('canary-2')
    const rows = JSON.stringify(await shownSettings(service(env)))
    expect(rows).toContain('postgres://')
    expect(rows.match(/canary-[^3]/g)).toBeNull()
  })
})

describe('models of administrators', () => {
  it('come with their secret, and are not ready without it', async () => {
    const model = { endpoint: 'https://models.example/v1', model: 'big', secret: 'gpt' }
    await expect(writeModel(service(), 'team', model)).rejects.toMatchObject({ code: 'secret_unknown' })
    await writeSecret(service(), { name: 'gpt', value: 'sk-team' }, 'admin')
    const view = { name: 'team', mode: 'http', ready: true, isBuiltIn: false, ...model }
    expect(await writeModel(service(), 'team', model)).toMatchObject(view)
    expect((await listModels(service())).at(-1)).toMatchObject(view)
    await deleteSecret(service(), 'gpt')
    expect((await listModels(service())).at(-1)).toMatchObject({ ready: false, detail: 'there is no secret `gpt`' })
    await expect(chosenModel(service(), { mode: 'http', model: 'team' })).rejects.toMatchObject({
      code: 'secret_unknown',
    })
    await deleteModel(service(), 'team')
    await expect(deleteModel(service(), 'team')).rejects.toMatchObject({ code: 'model_unknown' })
    await expect(chosenModel(service(), { mode: 'http', model: 'team' })).rejects.toMatchObject({
      code: 'model_unknown',
    })
  })

  it('take neither the names of the others nor a key in their address', async () => {
    const model = { endpoint: 'https://models.example/v1', model: 'big' }
    await expect(writeModel(service(), 'http', model)).rejects.toMatchObject({ code: 'body_invalid' })
    await expect(deleteModel(service(), 'offline')).rejects.toMatchObject({ code: 'body_invalid' })
    for (const endpoint of ['https://u:p@models.example/v1', 'https://models.example/v1?api_key=1']) {
      await expect(writeModel(service(), 'team', { ...model, endpoint })).rejects.toThrow('holds a key')
    }
  })

  it('are never sent the key or the headers of the server', async () => {
    const { endpoint, seen } = await modelServer()
    await writeFile(join(root, '.env'), 'LLM_API_KEY=canary-dotenv\n')
    await writeFile(join(root, 'greenloop.yaml'), 'llm:\n  apiKeyEnv: OTHER_KEY\n')
    const env = { LLM_API_KEY: 'canary-env', OTHER_KEY: 'canary-other', LLM_HEADERS: 'X-Key: canary-header' }
    await writeModel(service(env), 'open', { endpoint, model: 'tiny' })
    expect(await checkModel(service(env), 'open', signal)).toMatchObject({ status: 'ok' })
    await writeSecret(service(env), { name: 'own', value: 'sk-own' }, 'admin')
    await writeModel(service(env), 'locked', { endpoint, model: 'tiny', secret: 'own' })
    expect(await checkModel(service(env), 'locked', signal)).toMatchObject({ status: 'ok' })
    expect(seen.map(({ authorization }) => authorization)).toEqual([undefined, 'Bearer sk-own'])
    expect(JSON.stringify(seen)).not.toContain('canary')
  })
})

describe('the process of a run', () => {
  it('asks a saved model with its own key alone, though its flags come from the record', async () => {
    const env = { LLM_API_KEY: 'canary-env', LLM_HEADERS: 'X-Key: canary-header' }
    await writeFile(join(root, '.env'), 'LLM_HEADERS="X-Key: canary-dotenv"\n')
    await writeSecret(service(env), { name: 'own', value: 'sk-own' }, 'admin')
    await writeModel(service(env), 'team', { endpoint: 'http://one.example/v1', model: 'big', secret: 'own' })
    const settingsOf = async (flags: Flags) => {
      const now = await chosenModel(service(env), { mode: 'http', model: 'team' })
      const merged = { ...service(env).where, env: { ...env, ...now.env }, flags: keptFlags(flags) }
      return (await readSettings(merged)).settings.llm
    }
    const { flags } = await chosenModel(service(env), { mode: 'http', model: 'team' })
    const first = await settingsOf(flags)
    expect(first).toMatchObject({ mode: 'http', baseUrl: 'http://one.example/v1', model: 'big', apiKey: 'sk-own' })
    expect(JSON.stringify(first)).not.toContain('canary')
    await writeModel(service(env), 'team', { endpoint: 'http://two.example/v1', model: 'big', secret: 'own' })
    const { baseUrl, apiKey } = await settingsOf(flags)
    expect({ baseUrl, apiKey }).toEqual({ baseUrl: 'http://one.example/v1', apiKey: undefined })
  })
})

describe('checking a model', () => {
  it('says what is wrong, and what mends it where it was set', async () => {
    const { endpoint } = await modelServer(401)
    await writeModel(service(), 'team', { endpoint, model: 'big' })
    const { status, fix } = await checkModel(service(), 'team', signal)
    expect({ status, fix }).toEqual({
      status: 'fail',
      fix: 'check its endpoint, its name and its secret on the settings page',
    })
    expect((await checkModel(service({ LLM_BASE_URL: endpoint }), 'http', signal)).fix).toContain('LLM_API_KEY')
    expect(await checkModel(service(), 'local', signal)).toMatchObject({ status: 'fail' })
    expect(await checkModel(service(), 'offline', signal)).toMatchObject({ status: 'ok' })
    await expect(checkModel(service(), 'none', signal)).rejects.toMatchObject({ code: 'model_unknown' })
  })
})
