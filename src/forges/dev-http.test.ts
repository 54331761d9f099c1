import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { TestHost } from './dev-gitlab.fixture.ts'

const api = '/api/v4/projects/qa%2Fcalc'
const files = new Map([
  ['.gitlab-ci.yml', 'unit: { script: "echo \'<b>\'" }'],
  ['code.txt', 'one\n'],
])
let at: TestHost

beforeEach(async () => {
  at = await startTestHost()
  await at.addProject({ path: 'qa/calc', files })
})
afterEach(() => at.dispose())

describe('the API of the test GitLab', () => {
  it('tells whose token it is and what it may', async () => {
    await at.call('POST', '/_dev/tokens', {
      token: 't-read',
      username: 'reader',
      scopes: ['read_api'],
      access_level: 20,
    })
    await at.call('POST', '/_dev/tokens', { token: 't-old', username: 'old', expires_at: '2001-01-01' })
    expect((await at.call('GET', '/api/v4/user')).body).toMatchObject({ username: 'root' })
    expect((await at.callAs('t-read', 'GET', '/api/v4/personal_access_tokens/self')).body).toMatchObject({
      scopes: ['read_api'],
    })
    expect(await at.callAs('t-read', 'POST', `${api}/pipeline?ref=main`)).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    })
    for (const token of ['', 't-wrong', 't-old'])
      expect(await at.callAs(token, 'GET', '/api/v4/user')).toMatchObject({
        status: 401,
        body: { message: '401 Unauthorized' },
      })
  })

  it('answers alike for a project that is not there and one that may not be seen', async () => {
    const missing = await at.call('GET', '/api/v4/projects/qa%2Fnone')
    await at.call('POST', '/_dev/projects/qa%2Fcalc/options', { invisible: true })
    const hidden = await at.call('GET', api)
    expect([hidden.status, hidden.body]).toEqual([missing.status, missing.body])
    expect(hidden).toMatchObject({ status: 404, body: { message: '404 Project Not Found' } })
    expect((await at.git(at.folder, 'ls-remote', at.cloneUrl('qa/calc'))).text).toContain('not found')
  })

  it('says what is wrong in text, lists and maps', async () => {
    const requests = `${api}/merge_requests`
    expect((await at.call('POST', requests, { title: 'x' })).body).toEqual({
      error: 'source_branch is missing, target_branch is missing',
    })
    const same = { title: 'x', source_branch: 'main', target_branch: 'main' }
    expect((await at.call('POST', requests, same)).body['message']).toEqual([
      expect.stringContaining('same project/branch'),
    ])
    const absent = { title: 'x', source_branch: 'none', target_branch: 'main' }
    expect((await at.call('POST', requests, absent)).body['message']).toEqual({ source_branch: ['does not exist'] })
    const branch = await at.call('POST', `${api}/repository/branches`, { branch: 'main', ref: 'main' })
    expect(branch).toMatchObject({ status: 400, body: { message: 'Branch already exists' } })
  })

  it('makes projects in groups that are there', async () => {
    const group = await at.call('GET', '/api/v4/namespaces/qa')
    const wanted = { path: 'fresh', namespace_id: group.body['id'], visibility: 'private' }
    const made = await at.call('POST', '/api/v4/projects', wanted)
    expect(made).toMatchObject({
      status: 201,
      body: { path_with_namespace: 'qa/fresh', empty_repo: true, default_branch: null },
    })
    expect(await at.call('POST', '/api/v4/projects', wanted)).toMatchObject({ status: 400 })
    const found = await at.call('GET', '/api/v4/projects?search=fre')
    expect(found.body.map((project) => project['path_with_namespace'])).toEqual(['qa/fresh'])
  })

  it('gives lists in pages with links, keyset pages with the next link alone', async () => {
    for (const branch of ['a', 'b', 'c', 'd'])
      await at.call('POST', `${api}/repository/branches`, { branch, ref: 'main' })
    const names: unknown[] = []
    let next: string | undefined = `${api}/repository/branches?per_page=2&pagination=keyset`
    for (let pages = 0; next !== undefined; pages++) {
      expect(pages).toBeLessThan(3)
      const answer: Awaited<ReturnType<TestHost['call']>> = await at.call('GET', next)
      names.push(...answer.body.map((branch) => branch['name']))
      expect(answer.headers.get('x-total')).toBeNull()
      next = /<[^>]*?(\/api[^>]*)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    expect(names).toEqual(['a', 'b', 'c', 'd', 'main'])
    const last = await at.call('GET', `${api}/repository/branches?per_page=2&page=3`)
    expect([last.headers.get('x-total'), last.headers.get('x-next-page'), last.body.length]).toEqual(['5', '', 1])
  })

  it('keeps notes, which their author alone may change', async () => {
    await at.call('POST', `${api}/repository/branches`, { branch: 'a', ref: 'main' })
    await at.call('POST', `${api}/merge_requests`, { title: '<i>t', source_branch: 'a', target_branch: 'main' })
    const notes = `${api}/merge_requests/1/notes`
    const note = await at.call('POST', notes, { body: 'first' })
    expect(note.status).toBe(201)
    await at.call('PUT', `${notes}/${note.body['id']}`, { body: 'changed' })
    await at.call('POST', notes, { body: '<script>' })
    expect((await at.call('GET', notes)).body.map((one) => one['body'])).toEqual(['<script>', 'changed'])
    await at.call('POST', '/_dev/tokens', { token: 't-dev', username: 'dev' })
    expect((await at.callAs('t-dev', 'PUT', `${notes}/${note.body['id']}?body=x`)).status).toBe(403)

    const page = String((await at.callAs('', 'GET', '/qa/calc/-/merge_requests/1')).body)
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toMatch(/<script|<i>/)
  })

  it('shows projects, pipelines and traces to people', async () => {
    const made = await at.call('POST', `${api}/pipeline`, { ref: 'main' })
    const ask = async () => (await at.call('GET', `${api}/pipelines/${made.body['id']}/jobs`)).body
    const done = await at.until(ask, (jobs) => String(pick(jobs, 0, 'status')) === 'success')
    const text = async (path: string): Promise<string> => String((await at.callAs('', 'GET', path)).body)
    expect(await text('/')).toContain('qa/calc')
    expect(await text('/qa/calc')).toContain(`/qa/calc/-/pipelines/${made.body['id']}`)
    expect(await text(`/qa/calc/-/pipelines/${made.body['id']}`)).toContain('unit')
    expect(await text(`/qa/calc/-/jobs/${pick(done, 0, 'id')}`)).toContain('&lt;b&gt;')
    expect((await at.callAs('', 'GET', '/qa/calc/-/jobs/999')).status).toBe(404)
  })

  it('shows pages under no other name without a token', async () => {
    const ask = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(`${at.url}/qa/calc`, { headers: { host } }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        sent.on('error', reject).end()
      })
    expect([await ask('127.0.0.1:80'), await ask('evil.example')]).toEqual([200, 401])
  })

  it('knows no other routes and methods', async () => {
    expect((await at.call('GET', '/api/v4/nothing')).status).toBe(404)
    expect((await at.call('DELETE', '/api/v4/user')).status).toBe(405)
    const broken = await fetch(`${at.url}/api/v4/projects`, {
      method: 'POST',
      body: '{',
      headers: { 'private-token': at.token },
    })
    expect(broken.status).toBe(400)
  })
})
