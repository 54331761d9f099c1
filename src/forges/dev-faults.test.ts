import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fits } from './dev-faults.ts'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { TestHost } from './dev-gitlab.fixture.ts'

const api = '/api/v4/projects/qa%2Fcalc'
const files = new Map([['.gitlab-ci.yml', 'unit: { script: "echo a; echo b" }']])
let at: TestHost

beforeEach(async () => {
  at = await startTestHost()
  await at.addProject({ path: 'qa/calc', files })
})
afterEach(() => at.dispose())

const rules = (...list: unknown[]) => at.call('POST', '/_dev/faults', { rules: list })
const branches = `${api}/repository/branches`

describe('faults of the test GitLab', () => {
  it('strike as often as they are told, after those let through', async () => {
    const fault = { status: 429, headers: { 'retry-after': '1' }, body: 'Retry later\n' }
    await rules({ match: { method: 'get', path: '/api/v4/*' }, skip: 1, times: 2, fault })
    const answers = [1, 2, 3, 4].map(() => () => at.call('GET', '/api/v4/user'))
    const statuses: unknown[] = []
    for (const ask of answers) statuses.push(await ask())
    expect(statuses).toMatchObject([
      { status: 200 },
      { status: 429, body: 'Retry later\n' },
      { status: 429 },
      { status: 200 },
    ])
  })

  it('carry a request out and lose its answer', async () => {
    await rules({ match: { path: `**/branches` }, times: 2, fault: { afterEffect: 502 } })
    expect((await at.call('POST', `${branches}?branch=one&ref=main`)).status).toBe(502)
    await rules({ match: { path: `**/branches` }, times: 1, fault: { afterEffect: 'reset' } })
    await expect(at.call('POST', `${branches}?branch=two&ref=main`)).rejects.toThrow()
    const names = (await at.call('GET', branches)).body.map((branch) => branch['name'])
    expect(names).toEqual(['main', 'one', 'two'])
  })

  it('break the connection, cut traces and send slowly', async () => {
    const made = await at.call('POST', `${api}/pipeline`, { ref: 'main' })
    const ask = async () => (await at.call('GET', `${api}/pipelines/${made.body['id']}/jobs`)).body
    const [job] = await at.until(ask, (jobs) => String(pick(jobs, 0, 'status')) === 'success')
    const trace = () => at.call('GET', `${api}/jobs/${job?.['id']}/trace`)
    await rules(
      { match: { path: '**/trace' }, times: 1, fault: { reset: true } },
      { match: { path: '**/trace' }, times: 1, fault: { cutTrace: 5 } },
      { match: { path: '**/trace' }, times: 1, fault: { slowBody: 200 } },
      { match: { path: '**/trace' }, times: 1, fault: { delayMs: 1 } },
    )
    await expect(trace()).rejects.toThrow()
    expect((await trace()).body).toBe('$ ech')
    const whole = (await trace()).body
    expect(whole).toContain('Job succeeded')
    expect((await trace()).body).toBe(whole)
  })

  it('strike git too', async () => {
    await rules({ match: { path: '/qa/calc.git/**' }, times: 1, fault: { status: 503 } })
    expect((await at.git(at.folder, 'ls-remote', at.cloneUrl('qa/calc'))).text).toContain('503')
  })

  it('are refused where they make no sense', async () => {
    expect((await rules({ match: { path: '*' }, fault: { status: 7 } })).status).toBe(400)
    expect((await at.callAs('', 'GET', '/_dev/log')).status).toBe(401)
  })

  it('leave a log without values and tokens', async () => {
    await at.call('POST', branches, { branch: 'secret-name', ref: 'main' })
    const log = (await at.call('GET', '/_dev/log')).body
    expect(log.at(-1)).toEqual({ method: 'POST', path: branches, status: 201, keys: ['branch', 'ref'] })
    expect(JSON.stringify(log)).not.toContain('secret-name')
  })

  it.each([
    ['/a/*/c', '/a/b/c', true],
    ['/a/*/c', '/a/b/x/c', false],
    ['**/c', '/a/b/c', true],
    ['/a', '/a/b', false],
    ['/a/**', '/a/b/c', true],
  ])('fit %s to %s: %s', (glob, path, does) => {
    expect(fits(glob, path)).toBe(does)
  })
})
