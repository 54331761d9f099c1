import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { Json, TestHost } from './dev-gitlab.fixture.ts'

const description = `
stages: [build, test, deploy]
build: { stage: build, script: "true" }
unit: { stage: test, script: "grep -q right code.txt", tests: true }
ship: { stage: deploy, script: "true", when: manual, allow_failure: true }
`
const files = new Map([
  ['.gitlab-ci.yml', description],
  ['code.txt', 'wrong\n'],
])
const api = '/api/v4/projects/qa%2Fcalc'
const hosts: TestHost[] = []

async function host(config: Parameters<typeof startTestHost>[0] = {}): Promise<TestHost> {
  const started = await startTestHost(config)
  hosts.push(started)
  return started
}

afterEach(async () => {
  for (const started of hosts.splice(0)) await started.dispose()
})

async function cloned(at: TestHost, project = 'qa/calc'): Promise<string> {
  const folder = join(at.folder, 'clone')
  const end = await at.git(at.folder, 'clone', '--quiet', at.cloneUrl(project), folder)
  expect(end).toMatchObject({ exitCode: 0 })
  return folder
}

async function commit(at: TestHost, folder: string, content: string): Promise<string> {
  await writeFile(join(folder, 'code.txt'), content)
  await at.git(folder, 'commit', '--quiet', '-am', `make it ${content.trim()}`)
  return (await at.git(folder, 'rev-parse', 'HEAD')).text.trim()
}

/** The pipeline of a commit, once it has one of these statuses. */
function pipelineOf(at: TestHost, sha: string, ...statuses: string[]): Promise<Json> {
  const ask = async () => pick((await at.call('GET', `${api}/pipelines?sha=${sha}`)).body, 0)
  return at.until(ask, (pipeline) => pipeline !== undefined && statuses.includes(String(pipeline['status'])))
}

describe('the test GitLab', () => {
  it('goes from a red push over a merge request to green and merged', async () => {
    const at = await host()
    await at.addProject({ path: 'qa/calc', files })
    const folder = await cloned(at)
    await at.git(folder, 'checkout', '--quiet', '-b', 'greenloop/fix')
    const red = await commit(at, folder, 'still wrong\n')
    expect(await at.git(folder, 'push', '--quiet', 'origin', 'greenloop/fix')).toMatchObject({ exitCode: 0 })
    const failed = await pipelineOf(at, red, 'failed')
    expect(failed).toMatchObject({ ref: 'greenloop/fix', source: 'push' })

    const jobs = (await at.call('GET', `${api}/pipelines/${failed.id}/jobs`)).body
    expect(jobs.map((job) => [job.name, job.status])).toEqual([
      ['ship', 'skipped'],
      ['unit', 'failed'],
      ['build', 'success'],
    ])
    const unit = jobs.find((job) => String(job['name']) === 'unit')
    expect(unit).toMatchObject({ failure_reason: 'script_failure', allow_failure: false })
    expect((await at.call('GET', `${api}/jobs/${unit?.['id']}/trace`)).body).toContain('ERROR: Job failed: exit code 1')
    const report = (await at.call('GET', `${api}/pipelines/${failed.id}/test_report`)).body
    expect(report).toMatchObject({ total_count: 1, failed_count: 1, test_suites: [{ name: 'unit' }] })

    const wanted = { source_branch: 'greenloop/fix', target_branch: 'main', title: 'Draft: fix', description: 'd' }
    const opened = await at.call('POST', `${api}/merge_requests`, wanted)
    expect(opened).toMatchObject({
      status: 201,
      body: { iid: 1, sha: red, draft: true, detailed_merge_status: 'draft_status' },
    })
    expect(pick(opened.body, 'head_pipeline', 'id')).toBe(failed.id)
    expect(await at.call('POST', `${api}/merge_requests`, wanted)).toMatchObject({
      status: 409,
      body: { message: ['Another open merge request already exists for this source branch: !1'] },
    })

    const green = await commit(at, folder, 'right\n')
    await at.git(folder, 'push', '--quiet', 'origin', 'greenloop/fix')
    const success = await pipelineOf(at, green, 'success')
    await at.call('PUT', `${api}/merge_requests/1`, { title: 'fix' })
    const request = (await at.call('GET', `${api}/merge_requests/1`)).body
    expect(request).toMatchObject({ sha: green, detailed_merge_status: 'mergeable', head_pipeline: { id: success.id } })
    expect((await at.git(folder, 'ls-remote', 'origin', 'refs/merge-requests/1/head')).text).toContain(green)
    expect((await at.call('GET', `${api}/merge_requests/1/changes`)).body['changes']?.[0]).toMatchObject({
      new_path: 'code.txt',
    })
    expect((await at.call('PUT', `${api}/merge_requests/1/merge`, {})).body).toMatchObject({ state: 'merged' })
    expect((await at.call('GET', '/_dev/counts')).body).toMatchObject({
      merge_requests: 1,
      pipelines_by_sha: { [green]: 1 },
    })
  })
})
