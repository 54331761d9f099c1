import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { carry } from '../../src/app/carry.ts'
import { openServiceLab } from '../support/service-lab.ts'
import type { ServiceLab } from '../support/service-lab.ts'

/** Somebody who may run tests may not become the owner of the served folder. */
let lab: ServiceLab
let token: string
beforeAll(async () => {
  lab = await openServiceLab()
  token = await lab.tokenOf('run')
})
afterAll(() => lab[Symbol.asyncDispose]())

const suite = (root: string, more: object = {}) => ({
  name: 'sums',
  target: { kind: 'node', module: 'sums.mjs', root },
  cases: [{ id: 'a', title: 'a', call: 'add', args: [1, 2], expected: { returns: 3 } }],
  ...more,
})

async function refusalOf(path: string, json: unknown): Promise<string> {
  const answer = await lab.ask('POST', path, { token, json })
  const { name } = (await answer.json()) as { name?: string }
  return `${answer.status} ${name}`
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(lab.root, path)), { recursive: true })
  await writeFile(join(lab.root, path), text)
}

describe('what is carried out as the owner', () => {
  it('does not come from folders of runs, hidden folders or suites', async () => {
    const request = JSON.stringify({ framework: 'node', tests: [], executable: '/bin/sh' })
    const own = ['artifacts/one/answer.md', '.greenloop/incoming/one/answer.md', '.github/request.json']
    await Promise.all(own.map((path) => put(path, request)))
    await put('suites/sums.json', JSON.stringify(suite('.')))
    for (const path of [...own, 'suites/sums.json']) {
      expect(await refusalOf('/v1/executions', { requestPath: path })).toBe('400 path_refused')
      expect(await refusalOf('/v1/experiments', { planPath: path })).toBe('400 path_refused')
      expect(await refusalOf('/v1/repairs', { config: path })).toBe('400 path_refused')
    }
    expect(await refusalOf('/v1/repairs', { config: 'nothing.yaml' })).toBe('422 file_missing')
  })

  it('cannot be written as a suite', async () => {
    const write = (path: string, text: object) => refusalOf('/v1/suites', { path, text: JSON.stringify(text) })
    const marked = { schema: 'greenloop.suite/v1', services: { llm_command: 'id' } }
    expect(await write('suites/a.json', marked)).toBe('422 suite_invalid')
    expect(await write('suites/a.json', suite('.', { workflows: [{ id: 'x' }] }))).toBe('422 suite_invalid')
    for (const path of ['greenloop.yaml', 'config.yaml', 'lab/test_plan.yaml', 'lab/env.yml', 'lab/package.json'])
      expect(await write(path, suite('.')), path).toBe('400 path_refused')
    const answer = await lab.ask('POST', '/v1/suites', {
      token,
      json: { path: 'suites/config-reader.json', text: JSON.stringify(suite('.')) },
    })
    expect(answer.status).toBe(201)
  })

  it('is not chosen by a request, whatever its keys are called', async () => {
    const tries = [
      { executable: '/bin/sh' },
      { python: '/bin/sh' },
      { Runner_Path: '/bin/sh' },
      { allow_network: true },
      { SANDBOX: 'off' },
      { dist: 'xdist' },
      { maxMemoryMb: 100_000 },
      { maxOutputMb: 100_000 },
      { env: { VIRTUAL_ENV: '/elsewhere' } },
      { environment: { LD_PRELOAD: 'x.so' } },
      { env_vars: { PYTHONPATH: 'artifacts/one' } },
    ]
    const answers = await Promise.all(
      tries.map((each) => refusalOf('/v1/executions', { request: { framework: 'node', tests: [], ...each } })),
    )
    for (const [index, answer] of answers.entries())
      expect([tries[index], answer]).toEqual([tries[index], '400 body_invalid'])
  })
})

describe('tests of callers', () => {
  it('are not taken from elsewhere or from hidden folders', async () => {
    for (const root of ['/etc', '..', '.greenloop', 'suites/../.git']) {
      expect(await refusalOf('/v1/generate', { suite: suite(root) })).toBe('400 path_refused')
    }
    expect(await refusalOf('/v1/executions', { request: { framework: 'node', cwd: '.greenloop' } })).toBe(
      '400 path_refused',
    )
  })

  it('are previewed without a look at what lies elsewhere', async () => {
    const previewOf = async (root: string): Promise<unknown> => {
      const json = {
        suite: { ...suite(root), script: 'sums.test.mjs', target: { kind: 'node', module: 'secret', root } },
        framework: 'node',
      }
      return (await lab.ask('POST', '/v1/plans/preview', { token, json })).json()
    }
    const outside = await mkdtemp(join(tmpdir(), 'greenloop-outside-'))
    const before = await previewOf(outside)
    await writeFile(join(outside, 'secret.mjs'), '')
    expect(await previewOf(outside)).toEqual(before)
    await rm(outside, { recursive: true })
  })

  it('stay where they were allowed when their suite is changed while they wait', async () => {
    await put('moving.json', JSON.stringify(suite('.')))
    const listed = (await (await lab.ask('GET', '/v1/suites')).json()) as { items: { id: string; path: string }[] }
    const suiteId = listed.items.find(({ path }) => path === 'moving.json')?.id ?? ''
    const started = await lab.ask('POST', '/v1/generate', { token, json: { suiteId, runId: 'moving' } })
    expect(started.status).toBe(202)
    const changed = await lab.ask('PUT', `/v1/suites/${suiteId}`, {
      token,
      json: { text: JSON.stringify(suite('../..')) },
      headers: { 'If-Match': '*' },
    })
    expect(changed.status).toBe(200)
    const { storeAt, where } = lab.service
    await carry('moving', storeAt, where)
    expect(await lab.service.store.find('moving')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('leads out of the served folder') as string,
    })
  })

  it('do not see keys of the server', async () => {
    await put('.env', 'LLM_API_KEY=canary\n')
    const test = `import { existsSync, readdirSync } from 'node:fs'
import { equal } from 'node:assert/strict'
import { it } from 'node:test'
it('sees sources alone', () => {
  equal(existsSync('seen.test.mjs'), true)
  equal(existsSync('.env') || existsSync('.greenloop'), false, readdirSync('.').join())
})
`
    await put('seen.test.mjs', test)
    const json = { request: { framework: 'node', tests: ['seen.test.mjs'] }, runId: 'seen' }
    expect((await lab.ask('POST', '/v1/executions', { token, json })).status).toBe(202)
    await carry('seen', lab.service.storeAt, lab.service.where)
    expect(await lab.service.store.find('seen')).toMatchObject({ state: 'finished', verdict: 'passed' })
  }, 60_000)

  it('cannot take the place of others by their id', async () => {
    const json = { suite: suite('.'), runId: 'taken' }
    expect((await lab.ask('POST', '/v1/generate', { json })).status).toBe(202)
    const kept = await lab.service.store.documents.get('order', 'taken')
    const foreign = { suite: suite('.', { name: 'other' }), model: { mode: 'mock', response: 'x' }, runId: 'taken' }
    expect(await refusalOf('/v1/generate', foreign)).toBe('409 run_conflict')
    expect(await lab.service.store.documents.get('order', 'taken')).toEqual(kept)
  })
})

describe('what takes long', () => {
  it('holds up nobody else', async () => {
    await put('long.txt', 'xxxxxxxxx\n'.repeat(40_000))
    const hunk = `@@ -1,40000 +1,40000 @@\n${' xxxxxxxxx\n'.repeat(39_999)}-yyy\n+zzz\n`
    const diff = `--- a/long.txt\n+++ b/long.txt\n${hunk}`
    const tangled = lab.ask('POST', '/v1/patches/check', { token, json: { diff } })
    const keys = Array.from({ length: 300_000 }, (_, index) => `"k${index}":1`).join(',')
    const many = await lab.ask('POST', '/v1/executions', { token, text: `{"request":{${keys}}}` })
    expect(many.status).toBe(413)
    for (let index = 0; index < 10; index++) {
      const began = performance.now()
      expect((await lab.ask('GET', '/healthz')).status).toBe(200)
      expect(performance.now() - began).toBeLessThan(1000)
    }
    expect((await tangled).status).toBeLessThan(500)
  }, 30_000)

  it('is refused where strangers send it', async () => {
    const text = JSON.stringify({ code: 'x'.repeat(100_000) })
    expect((await lab.ask('POST', '/v1/session', { token: '', text })).status).toBe(413)
  })
})
