import { cp } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { Json, TestHost } from './dev-gitlab.fixture.ts'

const api = '/api/v4/projects/qa%2Fcalc'
const over = ['success', 'failed', 'canceled', 'skipped', 'manual']
const hosts: TestHost[] = []

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.dispose()
})

/** A host with a project whose pipeline this is; other files by name. */
async function hostWith(description: string, more: Record<string, string> = {}, config = {}): Promise<TestHost> {
  const at = await startTestHost(config)
  hosts.push(at)
  await at.addProject({ path: 'qa/calc', files: new Map([['.gitlab-ci.yml', description], ...Object.entries(more)]) })
  return at
}

async function begin(at: TestHost): Promise<number> {
  const made = await at.call('POST', `${api}/pipeline`, { ref: 'main' })
  expect(made).toMatchObject({ status: 201, body: { source: 'api' } })
  return Number(made.body['id'])
}

/** The pipeline, once it has one of these statuses. */
const settled = (at: TestHost, id: number, statuses: readonly string[] = over): Promise<Json> =>
  at.until(
    async () => (await at.call('GET', `${api}/pipelines/${id}`)).body,
    (one) => statuses.includes(String(one['status'])),
  )

const jobs = async (at: TestHost, id: number, query = ''): Promise<readonly Json[]> =>
  (await at.call('GET', `${api}/pipelines/${id}/jobs${query}`)).body

const named = async (at: TestHost, id: number, name: string): Promise<Json> => {
  const job = (await jobs(at, id)).find((one) => String(one['name']) === name)
  if (job === undefined) throw new Error(`no job ${name}`)
  return job
}

describe('pipelines of the test GitLab', () => {
  it('give a job that is run again a new number and keep the old one', async () => {
    const at = await hostWith('unit: { script: "false" }')
    const id = await begin(at)
    await settled(at, id, ['failed'])
    const old = await named(at, id, 'unit')
    const again = await at.call('POST', `${api}/jobs/${old['id']}/retry`)
    expect(again.status).toBe(201)
    expect(again.body['id']).not.toEqual(old['id'])
    await settled(at, id, ['failed'])
    expect((await jobs(at, id)).map((job) => job['id'])).toEqual([again.body['id']])
    expect(await jobs(at, id, '?include_retried=true')).toHaveLength(2)
    expect(await at.call('POST', `${api}/jobs/${old['id']}/retry`)).toMatchObject({ status: 403 })
  })

  it('run what was skipped once the job before it is right', async () => {
    const at = await hostWith('stages: [test, ship]\nunit: { script: "true" }\nship: { stage: ship, script: "true" }')
    await at.call('POST', '/_dev/projects/qa%2Fcalc/options', { flakyJobs: { unit: 1 } })
    const id = await begin(at)
    await settled(at, id, ['failed'])
    expect(await named(at, id, 'ship')).toMatchObject({ status: 'skipped' })
    expect(await at.call('POST', `${api}/pipelines/${id}/retry`)).toMatchObject({ status: 201 })
    await settled(at, id, ['success'])
    expect(await named(at, id, 'ship')).toMatchObject({ status: 'success' })
  })

  it('try again by themselves as often as the job says', async () => {
    const at = await hostWith('unit: { script: "true", retry: 2 }')
    await at.call('POST', '/_dev/projects/qa%2Fcalc/options', { runnerFailures: { unit: 2 } })
    const id = await begin(at)
    await settled(at, id, ['success'])
    const all = await jobs(at, id, '?include_retried=true')
    expect(all.map((job) => [job['status'], job['failure_reason']])).toEqual([
      ['success', undefined],
      ['failed', 'runner_system_failure'],
      ['failed', 'runner_system_failure'],
    ])
  })

  it('stop at a manual job that blocks until it is played', async () => {
    const at = await hostWith(
      'stages: [a, b]\ngate: { stage: a, script: "true", when: manual }\nship: { stage: b, script: "true" }',
    )
    const id = await begin(at)
    await settled(at, id, ['manual'])
    const ship = await named(at, id, 'ship')
    expect(await at.call('POST', `${api}/jobs/${ship['id']}/play`)).toMatchObject({ status: 400 })
    const gate = await named(at, id, 'gate')
    expect(await at.call('POST', `${api}/jobs/${gate['id']}/play`)).toMatchObject({ status: 200 })
    await settled(at, id, ['success'])
  })

  it('warn where a failure is allowed by its exit code, and fail by any other', async () => {
    const at = await hostWith('three: { script: "exit 3", exit_codes: [3] }')
    expect(await settled(at, await begin(at))).toMatchObject({ status: 'success' })
    const other = await hostWith('three: { script: "exit 4", exit_codes: [3] }')
    expect(await settled(other, await begin(other))).toMatchObject({ status: 'failed' })
  })

  it('end at once when they are cancelled, with the processes of their jobs', async () => {
    const at = await hostWith('stages: [a, b]\nlong: { stage: a, script: hold }\nnext: { stage: b, script: "true" }')
    const id = await begin(at)
    await at.until(
      () => named(at, id, 'long'),
      (job) => String(job['status']) === 'running',
    )
    expect((await at.call('POST', `${api}/pipelines/${id}/cancel`)).status).toBe(200)
    await settled(at, id, ['canceled'])
    expect((await jobs(at, id)).map((job) => job['status'])).toEqual(['canceled', 'canceled'])
    expect(at.runner.begun).toEqual(['long'])
    expect((await at.call('POST', `${api}/pipelines/${id}/cancel`)).status).toBe(200)
  })

  it('show the trace while it grows', async () => {
    const at = await hostWith('long: { script: hold }')
    const id = await begin(at)
    await at.until(
      () => named(at, id, 'long'),
      (job) => String(job['status']) === 'running',
    )
    const job = await named(at, id, 'long')
    const trace = async (): Promise<string> => String((await at.call('GET', `${api}/jobs/${job['id']}/trace`)).body)
    expect(await at.until(trace, (text) => text !== '')).toBe('$ hold\n')
    at.runner.release()
    await settled(at, id, ['success'])
    expect(await trace()).toBe('$ hold\nJob succeeded\n')
  })

  it('run children, whose failure is that of a bridge that waits', async () => {
    const child = { 'child.yml': 'inner: { script: "false" }' }
    const description =
      'down: { trigger: { include: child.yml, isDepended: true } }\nloose: { trigger: { include: child.yml, isDepended: false } }'
    const at = await hostWith(description, child)
    const id = await begin(at)
    await settled(at, id, ['failed'])
    const bridges: readonly Json[] = (await at.call('GET', `${api}/pipelines/${id}/bridges`)).body
    expect(bridges).toMatchObject([
      { name: 'loose', status: 'success' },
      { name: 'down', status: 'failed', downstream_pipeline: { status: 'failed', source: 'parent_pipeline' } },
    ])
    const inner = Number(pick(bridges[1], 'downstream_pipeline', 'id'))
    expect((await jobs(at, inner)).map((job) => job['name'])).toEqual(['inner'])
    expect((await at.call('GET', `${api}/pipelines`)).body).toHaveLength(1)
  })

  it('start one child also where its jobs have to wait', async () => {
    const child = { 'child.yml': 'inner: { script: "true" }' }
    const description = 'busy: { script: hold }\ndown: { trigger: { include: child.yml, isDepended: true } }'
    const at = await hostWith(description, child, { concurrentJobs: 1 })
    const id = await begin(at)
    const count = async (): Promise<number> => Number((await at.call('GET', '/_dev/counts')).body['pipelines'])
    await at.until(count, (pipelines) => pipelines >= 2)
    await at.until(
      () => named(at, id, 'busy'),
      (job) => String(job['status']) === 'running',
    )
    at.runner.release()
    await settled(at, id, ['success'])
    expect(await count()).toBe(2)
  })

  it('wait without a runner, and say what a script has them say', async () => {
    const at = await hostWith('unit: { script: "true" }')
    await at.call('POST', '/_dev/projects/qa%2Fcalc/options', {
      stuckPending: true,
      statusScript: ['preparing', 'odd'],
    })
    const id = await begin(at)
    const ask = async () => (await at.call('GET', `${api}/pipelines/${id}`)).body['status']
    expect([await ask(), await ask(), await ask()]).toEqual(['preparing', 'odd', 'pending'])
    await at.call('POST', '/_dev/projects/qa%2Fcalc/options', { stuckPending: false })
    await settled(at, id, ['success'])
  })

  it('begin delayed jobs after their time', async () => {
    const at = await hostWith('later: { script: "true", when: delayed, start_in: 300 }')
    const id = await begin(at)
    expect(await named(at, id, 'later')).toMatchObject({ status: 'scheduled', scheduled_at: expect.any(String) })
    await settled(at, id, ['success'])
  })

  it('go on under the same numbers after the server was ended in the middle', async () => {
    const first = await hostWith('stages: [a, b]\nlong: { stage: a, script: hold }\nnext: { stage: b, script: "true" }')
    const id = await begin(first)
    await first.until(
      () => named(first, id, 'long'),
      (job) => String(job['status']) === 'running',
    )
    const before = await jobs(first, id)
    await first.close()
    const second = await startTestHost({ folder: first.folder })
    hosts.splice(0, 1, second)
    second.runner.release()
    await settled(second, id, ['success'])
    expect((await jobs(second, id)).map((job) => job['id'])).toEqual(before.map((job) => job['id']))
    expect(second.runner.begun).toEqual(['long', 'next'])
  })

  it('go on from what is on the disk at any moment, as after a loss of power', async () => {
    const first = await hostWith('stages: [a, b]\nlong: { stage: a, script: hold }\nnext: { stage: b, script: "true" }')
    await first.call('POST', `${api}/repository/branches`, { branch: 'x', ref: 'main' })
    await first.call('POST', `${api}/merge_requests`, { title: 't', source_branch: 'x', target_branch: 'main' })
    const id = await begin(first)
    const copy = `${first.folder}-copy`
    await cp(first.folder, copy, { recursive: true })
    const second = await startTestHost({ folder: copy })
    hosts.push(second)
    second.runner.release()
    await settled(second, id, ['success'])
    expect((await second.call('GET', '/_dev/counts')).body).toMatchObject({ merge_requests: 1, pipelines: 2 })
  })
})
