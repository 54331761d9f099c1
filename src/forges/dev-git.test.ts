import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { TestHost } from './dev-gitlab.fixture.ts'

const files = new Map([
  ['.gitlab-ci.yml', 'unit: { script: "true" }\n'],
  ['code.txt', 'one\n'],
])
const api = '/api/v4/projects/qa%2Fcalc'
let at: TestHost
let folder: string

beforeEach(async () => {
  at = await startTestHost()
  await at.addProject({ path: 'qa/calc', files })
  folder = join(at.folder, 'clone')
  await at.git(at.folder, 'clone', '--quiet', at.cloneUrl('qa/calc'), folder)
})
afterEach(() => at.dispose())

async function commit(message: string): Promise<string> {
  await writeFile(join(folder, 'code.txt'), `${message}\n`)
  await at.git(folder, 'commit', '--quiet', '-am', message)
  return (await at.git(folder, 'rev-parse', 'HEAD')).text.trim()
}

const pipelines = async (): Promise<number> => Number(pick((await at.call('GET', '/_dev/counts')).body, 'pipelines'))

describe('git over HTTP', () => {
  it('refuses a wrong token and none with a challenge', async () => {
    expect((await at.git(at.folder, 'ls-remote', at.cloneUrl('qa/calc', 'glpat-wrong'))).text).toMatch(
      /Authentication failed/,
    )
    const answer = await fetch(`${at.url}/qa/calc.git/info/refs?service=git-upload-pack`)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="GitLab"'])
  })

  it('keeps a protected branch from those below its role, and no other branch', async () => {
    await at.call('POST', '/_dev/tokens', { token: 'glpat-dev', username: 'dev' })
    await commit('two')
    const url = at.cloneUrl('qa/calc', 'glpat-dev')
    const main = await at.git(folder, 'push', url, 'HEAD:main')
    expect(main.text).toContain('You are not allowed to push code to protected branches')
    expect(main.exitCode).not.toBe(0)
    expect(await at.git(folder, 'push', url, 'HEAD:greenloop/x')).toMatchObject({ exitCode: 0 })
    const branch = await at.callAs('glpat-dev', 'GET', `${api}/repository/branches/main`)
    expect(branch.body).toMatchObject({ protected: true, can_push: false })
  })

  it('lets nobody push where the level is none, and refuses references of its own', async () => {
    await at.call('POST', `${api}/protected_branches`, { name: 'stable', push_access_level: 0 })
    expect((await at.git(folder, 'push', 'origin', 'HEAD:stable')).text).toContain('protected branches')
    expect((await at.git(folder, 'push', 'origin', 'HEAD:refs/merge-requests/7/head')).text).toContain('cannot create')
  })

  it('makes one pipeline for each changed branch and none for a deleted one', async () => {
    await commit('two')
    await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:a', 'HEAD:b')
    expect(await pipelines()).toBe(2)
    await at.git(folder, 'push', '--quiet', 'origin', ':a')
    expect(await pipelines()).toBe(2)
  })

  it('makes no pipeline when the commit or the push says so', async () => {
    await commit('two [skip ci]')
    await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:a')
    await commit('three')
    await at.git(folder, 'push', '--quiet', '-o', 'ci.skip', 'origin', 'HEAD:a')
    expect(await pipelines()).toBe(0)
    await commit('four')
    await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:a')
    expect(await pipelines()).toBe(1)
  })

  it('keeps a failed pipeline with the errors of a bad description on a push, and none on a request', async () => {
    await writeFile(join(folder, '.gitlab-ci.yml'), 'BROKEN')
    const sha = await commit('broken')
    await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:a')
    const list = await at.call('GET', `${api}/pipelines?sha=${sha}`)
    expect(list.body).toMatchObject([{ status: 'failed' }])
    const one = await at.call('GET', `${api}/pipelines/${pick(list.body, 0, 'id')}`)
    expect(one.body['yaml_errors']).toContain('jobs:build config')
    const asked = await at.call('POST', `${api}/pipeline`, { ref: 'a' })
    expect(asked).toMatchObject({ status: 400, body: { message: { base: [expect.stringContaining('jobs:build')] } } })
    expect(await pipelines()).toBe(1)
    const lint = await at.call('GET', `${api}/ci/lint?content_ref=a`)
    expect(lint.body).toMatchObject({ valid: false, errors: [expect.stringContaining('jobs:build')] })
    expect((await at.call('POST', `${api}/ci/lint`, { content: 'unit: { script: x }' })).body).toMatchObject({
      valid: true,
    })
  })

  it('reads bodies that come packed', async () => {
    const head = (await at.git(folder, 'rev-parse', 'HEAD')).text.trim()
    const text = `0032want ${head}\n00000009done\n`
    const authorization = `Basic ${Buffer.from(`x:${at.token}`).toString('base64')}`
    const type = 'application/x-git-upload-pack-request'
    const answer = await fetch(`${at.url}/qa/calc.git/git-upload-pack`, {
      method: 'POST',
      headers: { authorization, 'content-type': type, 'content-encoding': 'gzip' },
      body: gzipSync(text),
    })
    expect([answer.status, Buffer.from(await answer.arrayBuffer()).includes('PACK')]).toEqual([200, true])
  })

  it('takes pushes that come in pieces', async () => {
    await writeFile(join(folder, 'large.bin'), randomBytes(3_000_000))
    await at.git(folder, 'add', 'large.bin')
    const sha = await commit('large')
    expect(await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:large')).toMatchObject({ exitCode: 0 })
    expect((await at.call('GET', `${api}/repository/branches/large`)).body).toMatchObject({ commit: { id: sha } })
  })

  it('uses a repository in place, without its hooks', async () => {
    const mine = join(at.folder, 'mine')
    await at.git(at.folder, 'clone', '--quiet', folder, mine)
    const hooks = join(mine, '.git', 'hooks')
    await mkdir(hooks, { recursive: true })
    await writeFile(join(hooks, 'update'), `#!/bin/sh\ntouch ${join(at.folder, 'ran')}\nexit 1\n`, { mode: 0o755 })
    await at.addProject({ path: 'qa/mine', repository: mine, inPlace: true })
    const sha = await commit('two')
    expect(await at.git(folder, 'push', at.cloneUrl('qa/mine'), 'HEAD:greenloop/x')).toMatchObject({ exitCode: 0 })
    expect((await at.git(mine, 'rev-parse', 'greenloop/x')).text.trim()).toBe(sha)
    expect((await at.git(at.folder, 'ls-remote', at.cloneUrl('qa/mine'), 'main')).text).toContain('refs/heads/main')
  })

  it('leaves no token in the state or any configuration of git', async () => {
    await commit('two')
    await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:a')
    const found = await at.git(at.folder, 'grep', '--no-index', '-l', at.token, '--', ':!clone', '.')
    expect(found.text).toBe('')
    expect((await at.git(at.folder, 'grep', '--no-index', '-l', 'qa/calc', '--', ':!clone', '.')).text).toContain(
      'state.json',
    )
  })

  it('follows what was pushed past it while it was away', async () => {
    await commit('two')
    await at.git(folder, 'push', '--quiet', 'origin', 'HEAD:a')
    await at.call('POST', `${api}/merge_requests`, { title: 'x', source_branch: 'a', target_branch: 'main' })
    await at.close()
    const sha = await commit('three')
    const [repository = ''] = await readdir(join(at.folder, 'repositories'))
    await at.git(folder, 'push', '--quiet', join(at.folder, 'repositories', repository), 'HEAD:a')
    at = await startTestHost({ folder: at.folder })
    expect((await at.call('GET', `${api}/merge_requests/1`)).body).toMatchObject({ sha, head_pipeline: { sha } })
    expect((await at.call('GET', '/_dev/counts')).body).toMatchObject({ merge_requests: 1, pipelines: 2 })
  })
})
