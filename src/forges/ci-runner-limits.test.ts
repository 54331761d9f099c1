import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openSandbox } from '../runners/sandbox.ts'
import type { SandboxPolicy } from '../domain/ports.ts'
import { createPipeline, jobEnv } from './ci-runner.fixture.ts'
import { ciReadOnlyPaths } from './ci-process.ts'

/** Processes of this machine whose command line holds the text. */
function processesWith(text: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => commandLine(pid).includes(text)).length
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

const { sandbox } = await openSandbox('auto')
const isBoxed = sandbox.tier === 'standard' || sandbox.tier === 'userns'
if (!isBoxed) console.log('skipped: there is no sandbox here')

const policy = (folder: string): SandboxPolicy => ({
  writable: [{ outside: folder, inside: folder }],
  readOnly: [],
  network: false,
  memoryBytes: 1024 * 1024 * 1024,
  maxProcesses: 128,
  maxFileBytes: 256 * 1024 * 1024,
  cpuSeconds: 60,
})

const kinds = isBoxed
  ? [['plain', {}] as const, ['boxed', { sandbox: { sandbox, policy } }] as const]
  : [['plain', {}] as const]

describe.each(kinds)('a job that has to be ended (%s)', (kind, config) => {
  const seconds = kind === 'plain' ? '98761' : '98762'
  const yaml = `test:
  script:
    - setsid sleep ${seconds} &
    - echo started
    - sleep ${seconds}
`

  it('is ended with all it started when its time is up', async () => {
    using one = createPipeline({ '.gitlab-ci.yml': yaml }, config)
    const end = await one.run('test', { timeoutMs: 4000 })
    expect(end).toMatchObject({ outcome: 'failed', failureReason: 'job_execution_timeout' })
    expect(end.trace).toContain('\nstarted\n')
    expect(end.trace).toMatch(/ERROR: Job failed: execution took longer than 4s seconds\n\u001b\[0;m\n$/)
    expect(processesWith(seconds)).toBe(0)
  })

  it('is ended with all it started when it is cancelled', async () => {
    using one = createPipeline({ '.gitlab-ci.yml': yaml }, config)
    const stop = new AbortController()
    const onOutput = (text: string): void => {
      if (text.includes('started\n') && !text.includes('$')) stop.abort(new Error('enough'))
    }
    const end = await one.run('test', { signal: stop.signal, onOutput })
    expect(end).toMatchObject({ outcome: 'cancelled', tests: [] })
    expect(end.trace).toMatch(/ERROR: Job failed: canceled\n\u001b\[0;m\n$/)
    expect(processesWith(seconds)).toBe(0)
  })

  it('does not wait for what it left running', async () => {
    using one = createPipeline(
      { '.gitlab-ci.yml': `test: {script: ["setsid sleep ${seconds} &", echo done]}\n` },
      config,
    )
    const end = await one.run('test', { timeoutMs: 30_000 })
    expect(end).toMatchObject({ outcome: 'success', exitCode: 0 })
    expect(processesWith(seconds)).toBe(0)
  })

  it('leaves no files of its own behind', async () => {
    const temp = mkdtempSync(join(tmpdir(), 'greenloop-ci-test-'))
    using one = createPipeline({ '.gitlab-ci.yml': 'test: {script: [echo]}\n' }, config)
    const usual = process.env['TMPDIR']
    process.env['TMPDIR'] = temp
    try {
      await one.run('test')
    } finally {
      if (usual === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = usual
    }
    expect(readdirSync(temp)).toEqual([])
    rmSync(temp, { recursive: true })
  })
})

describe('output without end', () => {
  it('is cut at 4 MiB, as GitLab does, while the job goes on', async () => {
    using one = createPipeline({ '.gitlab-ci.yml': 'test: {script: ["seq 1 900000 | sed s/^/0000/", echo last]}\n' })
    const end = await one.run('test')
    expect(end).toMatchObject({ outcome: 'success' })
    expect(end.trace).toContain("Job's log exceeded limit of 4194304 bytes.")
    expect(end.trace.length).toBeLessThan(4 * 1024 * 1024 + 4096)
    expect(end.trace).toMatch(/Job succeeded/)
  })
})

describe('a line without end', () => {
  it('is cut, and the exit code behind it is known all the same', async () => {
    using one = createPipeline({
      '.gitlab-ci.yml': 'test: {script: ["head -c 3000000 /dev/zero | base64 -w 0; exit 5"]}\n',
    })
    const end = await one.run('test')
    expect(end).toMatchObject({ outcome: 'failed', exitCode: 5 })
    expect(end.trace.includes(`\n${'A'.repeat(1024 * 1024)}\n`)).toBe(true)
  })
})

describe.runIf(isBoxed)('a job in a box', () => {
  it('runs with its artifacts, reports and git, without network and without sight of other files', async () => {
    const yaml = `stages: [a, b]
make: {stage: a, script: [echo made > made.txt], artifacts: {paths: [made.txt]}}
use:
  stage: b
  script:
    - cat made.txt
    - git log --oneline | wc -l
    - test ! -e ${join(import.meta.dirname, 'ci.ts')} && echo hidden
    - (echo > /dev/tcp/192.0.2.1/80) 2>/dev/null || echo no network
    - echo '<testsuite><testcase name="x"/></testsuite>' > r.xml
  artifacts: {reports: {junit: r.xml}}
`
    using one = createPipeline({ '.gitlab-ci.yml': yaml }, { sandbox: { sandbox, policy } })
    expect((await one.plan()).jobs).toHaveLength(2)
    expect(await one.run('make')).toMatchObject({ outcome: 'success' })
    const end = await one.run('use')
    expect(end).toMatchObject({ outcome: 'success', tests: [{ name: 'x', status: 'success' }] })
    expect(end.trace).toContain('\nmade\n')
    expect(end.trace).toContain('\n1\n')
    expect(end.trace).toContain('\nhidden\n')
    expect(end.trace).toContain('\nno network\n')
  })

  it('needs node, gitlab-ci-local and the folders of the PATH to be readable', () => {
    const paths = ciReadOnlyPaths({ ...jobEnv, PATH: '/usr/bin:relative:/opt/tools' })
    expect(paths).toContain(process.execPath)
    expect(paths.some((path) => existsSync(join(path, 'dist', 'index.js')))).toBe(true)
    expect(paths).toContain('/opt/tools')
    expect(paths).not.toContain('relative')
  })
})

describe('several folders', () => {
  it('run side by side', async () => {
    const yaml =
      'test: {script: ["echo here > flag; for i in $(seq 200); do test -e $OTHER && exit 0; sleep 0.1; done; exit 1"]}\n'
    const work = join('.greenloop-ci', 'builds', 'test', 'flag')
    using one = createPipeline({ '.gitlab-ci.yml': yaml })
    using two = createPipeline({ '.gitlab-ci.yml': yaml })
    const seeing = (own: typeof one, other: typeof one) => ({
      ...own.context,
      variables: { ...own.context.variables, OTHER: join(other.context.folder, work) },
    })
    const ends = await Promise.all([one.run('test', {}, seeing(one, two)), two.run('test', {}, seeing(two, one))])
    expect(ends.map((end) => end.outcome)).toEqual(['success', 'success'])
  })
})
