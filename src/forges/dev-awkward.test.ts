import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { TestHost } from './dev-gitlab.fixture.ts'

const api = '/api/v4/projects/qa%2Fcalc'
const files = new Map([
  ['.gitlab-ci.yml', 'unit: { script: "true", tests: true }\ngate: { script: "true", when: manual }'],
])
let at: TestHost | undefined

afterEach(async () => {
  await at?.dispose()
})

/** Time that stands still until it is moved; waits are those of the system. */
function movedClock(): Clock & { move(ms: number): void } {
  let time = 1_800_000_000_000
  return { ...systemClock, now: () => time, move: (ms) => void (time += ms) }
}

describe('the test GitLab where it is awkward', () => {
  it('shows what was before for a while, and says less of its lists', async () => {
    const clock = movedClock()
    const host = await startTestHost({ realism: 'awkward', clock })
    at = host
    await host.addProject({ path: 'qa/calc', files })
    const made = await host.call('POST', `${api}/pipeline`, { ref: 'main' })
    const pipeline = `${api}/pipelines/${made.body['id']}`
    const jobs = () => host.call('GET', `${pipeline}/jobs`)
    const list = await host.until(jobs, ({ body }) => String(pick(body, 1, 'status')) === 'success')
    expect(list.headers.get('x-total')).toBeNull()

    const unit = `${api}/jobs/${pick(list.body, 1, 'id')}`
    expect((await host.call('GET', `${unit}/trace`)).body).toBe('')
    clock.move(5000)
    expect((await host.call('GET', `${unit}/trace`)).body).toContain('Job succeeded')

    const gate = `${api}/jobs/${pick(list.body, 0, 'id')}`
    expect((await host.call('POST', `${gate}/play`)).body).toMatchObject({ status: 'manual' })
    expect((await host.call('GET', gate)).body).toMatchObject({ status: 'manual' })
    clock.move(5000)
    await host.until(jobs, ({ body }) => String(pick(body, 0, 'status')) === 'success')

    const report = await host.call('GET', `${pipeline}/test_report`)
    expect(report.body).toMatchObject({ total_count: 1 })
    expect((await host.call('POST', `${unit}/retry`)).body).toMatchObject({ status: 'created' })
    expect((await host.call('GET', `${pipeline}/test_report`)).body).toEqual(report.body)
    const summary = await host.call('GET', `${pipeline}/test_report_summary`)
    expect(summary.body).toMatchObject({ total: { count: 1 } })
  })

  it('works out merge status and head pipeline later', async () => {
    const clock = movedClock()
    const host = await startTestHost({ realism: 'awkward', clock })
    at = host
    await host.addProject({ path: 'qa/calc', history: [{ message: 'first', files }] })
    await host.call('POST', '/_dev/projects/qa%2Fcalc/options', { mrPipelines: true })
    await host.call('POST', `${api}/repository/branches`, { branch: 'a', ref: 'main' })
    const wanted = { title: 'x', source_branch: 'a', target_branch: 'main' }
    const opened = await host.call('POST', `${api}/merge_requests`, wanted)
    expect(opened.body).toMatchObject({ detailed_merge_status: 'checking', head_pipeline: null })
    clock.move(5000)
    const later = await host.call('GET', `${api}/merge_requests/1`)
    expect(later.body).toMatchObject({
      detailed_merge_status: 'commits_status',
      head_pipeline: { source: 'merge_request_event', ref: 'refs/merge-requests/1/head' },
    })
    const pipelines = await host.call('GET', `${api}/merge_requests/1/pipelines`)
    expect(pipelines.body.map((one) => one['source'])).toEqual(['merge_request_event', 'push'])
  })
})
