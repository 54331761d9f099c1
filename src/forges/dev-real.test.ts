import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Forge } from '../domain/forge.ts'
import { systemClock } from '../lib/clock.ts'
import { createCiRunner } from './ci-runner.ts'
import { pick, startTestHost } from './dev-gitlab.fixture.ts'
import type { TestHost } from './dev-gitlab.fixture.ts'
import { createGitLab } from './gitlab.ts'

const description = `
stages: [build, test]
build:
  stage: build
  script: [mkdir out, cp code.txt out/]
  artifacts: { paths: [out] }
unit:
  stage: test
  script:
    - sh report.sh > report.xml
    - grep -q right out/code.txt
  artifacts:
    when: always
    reports: { junit: report.xml }
`
const report = `if grep -q right out/code.txt; then body=''; else body='<failure message="wrong">code.txt:1</failure>'; fi
echo "<testsuite name='s'><testcase classname='c' name='adds'>$body</testcase></testsuite>"
`
const files = new Map([
  ['.gitlab-ci.yml', description],
  ['report.sh', report],
  ['code.txt', 'wrong\n'],
])
const signal = new AbortController().signal
let at: TestHost | undefined

afterEach(async () => {
  await at?.dispose()
})

async function push(host: TestHost, folder: string, content: string): Promise<string> {
  await writeFile(join(folder, 'code.txt'), content)
  await host.git(folder, 'commit', '--quiet', '-am', content.trim())
  expect(await host.git(folder, 'push', '--quiet', 'origin', 'HEAD:greenloop/fix')).toMatchObject({ exitCode: 0 })
  return (await host.git(folder, 'rev-parse', 'HEAD')).text.trim()
}

const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: tmpdir(), LANG: 'C.UTF-8' }
const realRunner = () => createCiRunner({ env, clock: systemClock })

describe('the test GitLab with jobs that really run and the client of the product', () => {
  it.each(['plain', 'awkward'] as const)('goes from red to green when it is %s', async (realism) => {
    const host = await startTestHost({ realism, runner: realRunner() })
    at = host
    const { id } = await host.addProject({ path: 'qa/sub/calc', files })
    const retry = { intervalMs: 10, maxAttempts: 3 }
    const forge: Forge = createGitLab({
      url: host.url,
      token: host.token,
      retry,
      clock: systemClock,
      random: () => 0.5,
    })
    expect(await forge.findProject('qa/sub/calc', signal)).toMatchObject({ id, defaultBranch: 'main', accessLevel: 40 })
    expect(await forge.lint(id, 'main', signal)).toMatchObject({ isValid: true })
    const folder = join(host.folder, 'clone')
    await host.git(host.folder, 'clone', '--quiet', host.cloneUrl('qa/sub/calc'), folder)
    const pipeline = (sha: string, status: string) =>
      host.until(
        async () => (await forge.pipelines(id, { sha }, signal))[0],
        (one) => one?.status === status,
      )

    const red = await pipeline(await push(host, folder, 'still wrong\n'), 'failed')
    const jobs = await forge.jobs(id, red?.id ?? 0, signal)
    const unit = jobs.find(({ name }) => name === 'unit')
    expect(unit).toMatchObject({ status: 'failed', failureReason: 'script_failure', stage: 'test' })
    const trace = await host.until(
      () => forge.trace(id, unit?.id ?? 0, signal),
      (text) => text.includes('ERROR: Job failed'),
    )
    expect(trace).toContain('grep -q right out/code.txt')
    const { tests } = await forge.testReport(id, red?.id ?? 0, signal)
    expect(tests).toMatchObject([{ suite: 'unit', name: 'adds', status: 'failed' }])

    const wanted = { sourceBranch: 'greenloop/fix', targetBranch: 'main', title: 'Draft: fix', description: '' }
    const request = await forge.openMergeRequest(id, wanted, signal)
    expect(await forge.openMergeRequest(id, wanted, signal)).toMatchObject({ iid: request.iid })
    const place = { projectId: id, iid: request.iid }
    await forge.putNote(place, { marker: '<!-- mark -->', body: '<!-- mark --> one' }, signal)
    await forge.putNote(place, { marker: '<!-- mark -->', body: '<!-- mark --> two' }, signal)

    const sha = await push(host, folder, 'right\n')
    const green = await pipeline(sha, 'success')
    await forge.updateMergeRequest(place, { title: 'fix' }, signal)
    const done = await host.until(
      () => forge.mergeRequest(id, request.iid, signal),
      (one) => one?.mergeStatus === 'mergeable' && one.headPipeline?.sha === sha,
    )
    expect(done).toMatchObject({ sha, headPipeline: { id: green?.id, status: 'success' } })
    expect(await forge.changedPaths(place, signal)).toEqual(['code.txt'])
    const counts = (await host.call('GET', '/_dev/counts')).body
    expect(counts).toMatchObject({
      merge_requests: 1,
      notes: 1,
      pipelines: 2,
      pushes_by_branch: { 'greenloop/fix': 2 },
    })
    await forge.close()
  })

  it('runs a job once more that was running when it was closed', async () => {
    const host = await startTestHost({ runner: realRunner() })
    at = host
    const flag = join(host.folder, 'flag')
    const script = `if [ -e ${flag} ]; then echo again; else echo first; sleep 300; fi`
    await host.addProject({ path: 'qa/calc', files: new Map([['.gitlab-ci.yml', `long: { script: "${script}" }`]]) })
    const { body } = await host.call('POST', '/api/v4/projects/qa%2Fcalc/pipeline', { ref: 'main' })
    const path = `/api/v4/projects/qa%2Fcalc/pipelines/${body['id']}/jobs`
    const job = async (from: TestHost) => pick((await from.call('GET', path)).body, 0)
    const { id } = await job(host)
    const trace = async (from: TestHost) =>
      String((await from.call('GET', `/api/v4/projects/qa%2Fcalc/jobs/${id}/trace`)).body)
    await host.until(
      () => trace(host),
      (text) => text.includes('\nfirst'),
    )
    await host.close()
    await writeFile(flag, '')
    const again = await startTestHost({ folder: host.folder, runner: realRunner() })
    at = again
    const done = await again.until(
      () => job(again),
      (one) => String(one['status']) === 'success',
    )
    expect(done['id']).toEqual(id)
    expect(await trace(again)).toContain('\nagain')
  })

  it('runs a child pipeline that its parent waits for', async () => {
    const host = await startTestHost({ runner: realRunner() })
    at = host
    const parent = 'down: { trigger: { include: [{ local: sub/child.yml }], strategy: depend } }'
    const content: [string, string][] = [
      ['.gitlab-ci.yml', parent],
      ['sub/child.yml', 'inner: { script: "exit 7" }'],
    ]
    const { id } = await host.addProject({ path: 'qa/calc', files: new Map(content) })
    const retry = { intervalMs: 10, maxAttempts: 3 }
    const forge = createGitLab({ url: host.url, token: host.token, retry, clock: systemClock, random: () => 0.5 })
    const { id: pipeline } = await forge.createPipeline(id, 'main', signal)
    await host.until(
      () => forge.pipeline(id, pipeline, signal),
      ({ status }) => status === 'failed',
    )
    const jobs = await forge.jobs(id, pipeline, signal)
    expect(jobs.map(({ name, kind, status }) => [name, kind, status])).toEqual(
      expect.arrayContaining([
        ['down', 'bridge', 'failed'],
        ['inner', 'job', 'failed'],
      ]),
    )
    await forge.close()
  })
})
