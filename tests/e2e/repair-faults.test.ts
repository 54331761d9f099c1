import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkRepair } from '../../src/app/repair-check.ts'
import { repairStatus, resumeRepairById } from '../../src/app/repair.ts'
import { watchProject } from '../../src/app/repair-watch.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { startDevModel } from '../../src/llm/dev-model.ts'
import type { TestHost } from '../../src/forges/dev-gitlab.fixture.ts'
import { brokenSum, goodSum, openHost, play, reply, surroundings, unit } from './repair-faults.ts'
import type { FaultRule, Played } from './repair-faults.ts'

const limit = { timeout: 120_000 }

/** Every request of a whole run, API and git. */
const requests: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/api/v4/user'],
  ['GET', '/api/v4/personal_access_tokens/self'],
  ['GET', '/api/v4/projects/faults%2F*'],
  ['GET', '/api/v4/projects/*/repository/branches/*'],
  ['GET', '/api/v4/projects/*/pipelines'],
  ['GET', '/api/v4/projects/*/pipelines/*'],
  ['GET', '/api/v4/projects/*/pipelines/*/jobs'],
  ['GET', '/api/v4/projects/*/pipelines/*/bridges'],
  ['GET', '/api/v4/projects/*/pipelines/*/test_report'],
  ['GET', '/api/v4/projects/*/jobs/*/trace'],
  ['GET', '/api/v4/projects/*/merge_requests'],
  ['POST', '/api/v4/projects/*/merge_requests'],
  ['GET', '/api/v4/projects/*/merge_requests/*'],
  ['PUT', '/api/v4/projects/*/merge_requests/*'],
  ['GET', '/api/v4/projects/*/merge_requests/*/pipelines'],
  ['GET', '/api/v4/projects/*/merge_requests/*/notes'],
  ['POST', '/api/v4/projects/*/merge_requests/*/notes'],
  ['PUT', '/api/v4/projects/*/merge_requests/*/notes/*'],
  ['GET', '/faults/*.git/info/refs'],
  ['POST', '/faults/*.git/git-upload-pack'],
  ['POST', '/faults/*.git/git-receive-pack'],
]

const passing: readonly FaultRule['fault'][] = [
  { status: 429, headers: { 'retry-after': '0' } },
  { status: 429, body: 'Retry later' },
  { status: 500 },
  { status: 502, body: '<html>Bad Gateway</html>' },
  { status: 503 },
  { status: 504 },
  { reset: true },
  { slowBody: 4000 },
]

/** Fails the first call of each request, every one in another way; turned on by `turn`. */
function eachOnce(turn: number): readonly FaultRule[] {
  return requests.map(([method, path], index) => ({
    match: { method, path },
    times: 1,
    fault: passing[(index + turn) % passing.length] ?? {},
  }))
}

function expectNothingTwice(played: Played): void {
  const { mergeRequests, notes, pipelines, pushes, requests: asked } = played
  expect(mergeRequests.map(({ title }) => title)).toEqual(['Repair the pipeline of main'])
  expect(notes).toEqual([expect.stringContaining('is green after 1 round')])
  expect(new Set(pipelines.map(({ sha }) => sha)).size).toBe(2)
  expect([pipelines.length, pushes, asked.length]).toEqual([2, 2, 1])
}

let host: TestHost
beforeAll(async () => {
  host = await openHost()
})
afterAll(() => host.dispose())

describe('a host that fails in passing', limit, () => {
  it.each([0, 3, 6])('at every request once, in turn %i, changes nothing', async (turn) => {
    const played = await play(host, { faults: eachOnce(turn) })
    expect(played.message).toBe('')
    expect(played.result?.end).toBe('succeeded')
    expectNothingTwice(played)
  })

  it.each([502, 'reset'])('after it did what was asked, with %s, is not asked twice', async (afterEffect) => {
    const changes = requests.filter(([method, path]) => method !== 'GET' && !path.endsWith('upload-pack'))
    const faults = changes.map(([method, path]) => ({ match: { method, path }, times: 1, fault: { afterEffect } }))
    const played = await play(host, { faults })
    expect(played.result?.end).toBe('succeeded')
    expectNothingTwice(played)
  })

  it('for good leaves the run open, and nothing is made twice when it is resumed', async () => {
    const faults = [{ match: { path: '/api/v4/projects/*/pipelines/*/jobs' }, fault: { status: 503 } }]
    const broken = await play(host, { faults, runId: 'down-for-long' })
    expect(broken.failure).toBe('forge_unavailable')
    const resumed = await goOn(broken, 'down-for-long')
    expect(resumed.end).toBe('succeeded')
    expect(await branchesOf(broken)).toEqual({ mergeRequests: 1, pipelines: 2 })
  })
})

async function goOn(played: Played, runId: string) {
  await using model = await startDevModel({ script: join(played.folder, 'replies.json'), clock: systemClock })
  await played.configure(model.url)
  return await resumeRepairById(runId, {}, surroundings(played))
}

async function branchesOf({ host: at, id, branch }: Played) {
  const list = async (what: string) =>
    (await at.call('GET', `/api/v4/projects/${id}/${what}`)).body as unknown as readonly { readonly ref?: string }[]
  const pipelines = (await list('pipelines?per_page=100')).filter(({ ref }) => ref === branch)
  return { mergeRequests: (await list('merge_requests?state=all')).length, pipelines: pipelines.length }
}

describe('a token that may not', limit, () => {
  it.each([
    ['be used', 'GET', '/api/v4/user', 401],
    ['push', 'POST', '/faults/*.git/git-receive-pack', 403],
    ['see jobs any more', 'GET', '/api/v4/projects/*/pipelines/*/jobs', 401],
  ])('%s ends the run at once', async (_, method, path, status) => {
    const played = await play(host, { faults: [{ match: { method, path }, fault: { status } }] })
    expect(played.result).toMatchObject({ end: 'auth_failed', exitCode: 3, state: { resumeAt: expect.any(String) } })
    expect(played.requests).toEqual([])
  })

  it('push to branches of ours, because they are protected, is told so', async () => {
    await host.call('POST', '/_dev/tokens', { token: 'developer-token', username: 'developer', access_level: 30 })
    const { result } = await play(host, {
      token: 'developer-token',
      before: ({ id }) =>
        host.call('POST', `/api/v4/projects/${id}/protected_branches`, { name: 'greenloop/*', push_access_level: 40 }),
    })
    expect(result).toMatchObject({ end: 'gave_up', state: { advice: expect.stringContaining('protected branches') } })
  })

  it('is put right by a person, and the run is resumed', async () => {
    await host.call('POST', '/_dev/tokens', { token: 'reporter-token', username: 'visitor', access_level: 20 })
    const refused = await play(host, { token: 'reporter-token', runId: 'wrong-role' })
    expect(refused.result).toMatchObject({ end: 'auth_failed', state: { reason: expect.stringContaining('role 20') } })
    const { standing } = await repairStatus('wrong-role', surroundings(refused))
    expect(standing).toBe('interrupted')
    expect((await goOn(refused, 'wrong-role')).end).toBe('succeeded')
  })
})

describe('a project', limit, () => {
  it('that is missing is told with those of a similar name', async () => {
    const { result } = await play(host, { config: { project: '{ path: elsewhere/case-1 }' } })
    expect(result).toMatchObject({
      end: 'project_not_found',
      state: { advice: expect.stringContaining('faults/case-1') },
    })
  })

  it('that is missing is made where that is wished, and gets its pipeline', async () => {
    const played = await play(host, {
      config: { project: '{ path: faults/made }', setup: '{ create: true, protect: true, ci_file: ci.yml }' },
      before: ({ folder }) => writeFile(join(folder, 'ci.yml'), 'unit:\n  script: "true"\n'),
    })
    expect(played.result).toMatchObject({ end: 'succeeded', state: { projectPath: 'faults/made' } })
    const { body } = await host.call('GET', `/api/v4/projects/faults%2Fmade/merge_requests`)
    expect(body).toMatchObject([{ title: 'Repair the pipeline of main' }])
  })

  it('that is archived is told so', async () => {
    const { result } = await play(host, { options: { archived: true } })
    expect(result).toMatchObject({ end: 'auth_failed', state: { advice: expect.stringContaining('Unarchive') } })
  })

  it('whose description is bad is told in the words of the host', async () => {
    const { result } = await play(host, { history: [{ '.gitlab-ci.yml': 'BROKEN: 1\n', 'app.js': brokenSum }] })
    expect(result).toMatchObject({ end: 'gave_up', state: { reason: expect.stringContaining('should implement') } })
  })
})

const approve = 'approve:\n  stage: approve\n  when: manual\n  script: "true"\n'
const gated = [{ '.gitlab-ci.yml': `stages: [approve, test]\n${approve}${unit}`, 'app.js': brokenSum }]

describe('a gate', limit, () => {
  it('is reported, and the run goes on behind it when a person has opened it', async () => {
    const blocked = await play(host, { history: gated, runId: 'at-the-gate' })
    expect(blocked.result).toMatchObject({ end: 'blocked_gate', exitCode: 5 })
    await openGate(blocked)
    // Every pipeline has its gate.
    expect(await goOn(blocked, 'at-the-gate')).toMatchObject({ end: 'blocked_gate', state: { rounds: [{}] } })
    await openGate(blocked)
    expect((await goOn(blocked, 'at-the-gate')).end).toBe('succeeded')
  })

  it('is opened in every pipeline where the configuration says so', async () => {
    const played = await play(host, { history: gated, config: { gates: '{ policy: play, play: [approve] }' } })
    expect(played.result?.end).toBe('succeeded')
    expectNothingTwice(played)
  })
})

async function openGate({ host: at, id }: Played): Promise<void> {
  const list = async (path: string) =>
    (await at.call('GET', `/api/v4/projects/${id}/${path}`)).body as unknown as { id: number; status: string }[]
  const [newest] = await list('pipelines')
  const gate = (await list(`pipelines/${newest?.id}/jobs`)).find(({ status }) => status === 'manual')
  expect((await at.call('POST', `/api/v4/projects/${id}/jobs/${gate?.id}/play`)).status).toBe(200)
}

/** A job that tells its tests itself: `starts` runs as long as the source says so. */
const telling = `unit:
  script: "grep -q start app.js && echo pass starts; if grep -q 'a + b' app.js; then echo pass adds; else echo fail adds; exit 1; fi"
  tests: told
`
const start = "export const start = 'here'\n"

describe('a green pipeline', limit, () => {
  const history = [{ '.gitlab-ci.yml': telling, 'app.js': start + brokenSum }]
  const lossy = reply('app.js', start + brokenSum, goodSum)
  const once = { retry_config: '{ retry_interval_time: 0.01, debug_max_time: 1, total_timeout: 110 }' }

  it('in which a test is gone counts for nothing', async () => {
    const { result, mergeRequests } = await play(host, { history, replies: [lossy], config: once })
    expect(result).toMatchObject({ end: 'gave_up', state: { reason: expect.stringContaining('fewer tests') } })
    expect(result?.state.rounds[0]).toMatchObject({ outcome: 'green' })
    expect(mergeRequests.map(({ title }) => title)).toEqual(['Draft: Repair the pipeline of main'])
  })

  it('in which no test is told any more counts for nothing', async () => {
    const silent = telling.replace('echo pass adds', 'grep -qv quiet app.js')
    const files = { '.gitlab-ci.yml': silent, 'app.js': start + brokenSum }
    const { result } = await play(host, { history: [files], replies: [lossy], config: once })
    expect(result).toMatchObject({ end: 'gave_up', state: { reason: expect.stringContaining('report is gone') } })
  })

  it('of a child pipeline in which a test is gone counts for nothing', async () => {
    const parent = 'start:\n  trigger: { include: child.yml, isDepended: true }\n'
    const files = { '.gitlab-ci.yml': parent, 'child.yml': telling, 'app.js': start + brokenSum }
    const { result } = await play(host, { history: [files], replies: [lossy], config: once })
    expect(result).toMatchObject({ end: 'gave_up', state: { reason: expect.stringContaining('fewer tests') } })
  })
})

describe('what is no matter of the code', limit, () => {
  it('is a runner that fails twice: the job runs again, and the repair goes on', async () => {
    const played = await play(host, { options: { runnerFailures: { unit: 2 } } })
    expect(played.result).toMatchObject({ end: 'succeeded', state: { retries: { unit: 2 } } })
    expectNothingTwice(played)
  })

  it('is a runner that keeps failing: no model is asked', async () => {
    const { result, requests: asked } = await play(host, { options: { runnerFailures: { unit: 9 } } })
    expect(result).toMatchObject({ end: 'gave_up', state: { reason: expect.stringContaining('runners fail') } })
    expect(asked).toEqual([])
  })

  it('is a job that fails once and then passes: it is told as flaky, and nothing is patched', async () => {
    const {
      result,
      requests: asked,
      mergeRequests,
    } = await play(host, {
      history: [{ '.gitlab-ci.yml': unit, 'app.js': goodSum }],
      withPipelines: false,
      options: { flakyJobs: { unit: 1 } },
    })
    expect(result).toMatchObject({ end: 'succeeded', state: { flaky: ['unit'], rounds: [] } })
    expect(asked).toEqual([])
    expect(mergeRequests.filter(({ title }) => !title.startsWith('Draft'))).toEqual([])
  })

  it('is a pipeline that a person cancels: the run stops', async () => {
    const { result } = await play(host, {
      history: [{ '.gitlab-ci.yml': 'unit:\n  script: sleep 60\n', 'app.js': brokenSum }],
      withPipelines: false,
      onEvent: (event, at) => {
        if (event.kind !== 'pipeline' || event.status !== 'running') return
        void at.host.call('POST', `/api/v4/projects/${at.id}/pipelines/${event.pipelineId}/cancel`)
      },
    })
    expect(result).toMatchObject({ end: 'cancelled', exitCode: 130 })
  })

  it('is a status that nobody knows, and a project that makes no pipelines of pushes or two of them', async () => {
    const odd = { statusScript: ['waiting_for_moon', 'canceling', 'paused'], noPipelineOnPush: true }
    expect((await play(host, { options: odd })).result?.end).toBe('succeeded')
    const twice = await play(host, { options: { mrPipelines: true } })
    expect(twice.result?.end).toBe('succeeded')
    expectNothingTwice(twice)
  })
})

describe('a host that shows things late and stale', limit, () => {
  it('misleads nobody', async () => {
    const awkward = await openHost({ realism: 'awkward' })
    try {
      const options = { mrPipelines: true, runnerFailures: { unit: 1 } }
      const played = await play(awkward, { options })
      expect(played.result?.end).toBe('succeeded')
      expectNothingTwice(played)
    } finally {
      await awkward.dispose()
    }
  })
})

describe('webhooks', limit, () => {
  it('wake a poller that would sleep past its time', async () => {
    const port = await freePort()
    const headers = { 'x-gitlab-event': 'Pipeline Hook', 'x-gitlab-token': 'hook-secret' }
    const stop = new AbortController()
    const calling = (async () => {
      while (!stop.signal.aborted) {
        await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers }).catch(() => undefined)
        await systemClock.sleep(100, stop.signal).catch(() => undefined)
      }
    })()
    const { result } = await play(host, {
      history: [{ '.gitlab-ci.yml': unit.replace('echo looking', 'sleep 1'), 'app.js': brokenSum }],
      services: `webhook_port: ${port}`,
      config: {
        retry_config: '{ retry_interval_time: 0.01, total_timeout: 80 }',
        polling: '{ first_seconds: 60, longest_seconds: 600, appear_seconds: 1 }',
        authentication: '{ gitlab_private_token: "${TOKEN_OF_TEST}", webhook_secret: hook-secret }',
      },
    })
    stop.abort(new Error('the run is over'))
    await calling
    expect(result?.end).toBe('succeeded')
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => void server.close(resolve))
  return port
}

describe('watch and check', limit, () => {
  it('tell of a pipeline what it is, and change nothing', async () => {
    const played = await play(host, { history: gated, runId: 'watched' })
    const watch = (pipeline?: number) =>
      watchProject({ config: 'config.yaml', pipeline }, () => {}, surroundings(played))
    expect(await watch(played.pipelines[0]?.id)).toMatchObject({
      outcome: 'gate',
      exitCode: 5,
      failing: [{ name: 'approve' }],
    })
    const red = await play(host, { replies: ['No idea.'] })
    const before = (await host.call('GET', '/_dev/counts')).body
    const watched = await watchProject({ config: 'config.yaml' }, () => {}, surroundings(red))
    expect(watched).toMatchObject({ outcome: 'red', exitCode: 1, failing: [{ name: 'unit' }] })
    expect(watched.log).toContain('looking')
    expect((await host.call('GET', '/_dev/counts')).body).toEqual(before)
  })

  it('name what is wrong with a token, a project, a branch and a description', async () => {
    const played = await play(host, { replies: ['No idea.'] })
    const wrong = async (overrides: object, token?: string) => {
      const checks = await checkRepair({ config: 'config.yaml', overrides, model: false }, surroundings(played, token))
      return checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
    }
    await host.call('POST', '/_dev/tokens', { token: 'read-token', username: 'reader', scopes: ['read_api'] })
    expect(await wrong({}, 'no-token')).toEqual(['token'])
    expect(await wrong({}, 'read-token')).toEqual(['token'])
    expect(await wrong({ project: 'faults/nowhere' })).toEqual(['project'])
    expect(await wrong({ ref: 'nowhere' })).toEqual(expect.arrayContaining(['branch']))
    expect(await wrong({})).toEqual([])
  })
})
