import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPipeline, jobEnv } from './ci-runner.fixture.ts'

const pipeline = (yaml: string, files: Readonly<Record<string, string>> = {}) =>
  createPipeline({ '.gitlab-ci.yml': yaml, ...files })

describe('a job that runs', () => {
  it('writes the trace of a runner: sections, commands, output of both streams in order, trailer', async () => {
    using one = pipeline(
      'test:\n  before_script: [echo first]\n  script:\n    - echo out; echo err >&2; echo out again\n',
    )
    const end = await one.run('test')
    expect(end).toMatchObject({ outcome: 'success', exitCode: 0, tests: [] })
    expect(end.failureReason).toBeUndefined()
    expect(end.trace).toMatch(/^\u001b\[0KRunning with gitlab-runner/)
    expect(end.trace).toMatch(/section_start:\d{10}:prepare_executor\r\u001b\[0K/)
    expect(end.trace).toContain(
      '\u001b[32;1m$ echo first\u001b[0;m\nfirst\n\u001b[32;1m$ echo out; echo err >&2; echo out again\u001b[0;m\nout\nerr\nout again\n',
    )
    expect(end.trace).toMatch(/section_end:\d{10}:step_script\r\u001b\[0K/)
    expect(end.trace).toMatch(/\u001b\[32;1mJob succeeded\u001b\[0;m\n$/)
    const begun = [...end.trace.matchAll(/section_start:\d+:(\w+)/g)].map(([, name]) => name)
    const ended = [...end.trace.matchAll(/section_end:\d+:(\w+)/g)].map(([, name]) => name)
    expect(ended).toEqual(begun)
  })

  it('fails with the exact exit code of the command that failed', async () => {
    using one = pipeline('test:\n  script: [echo before, exit 42, echo never]\n')
    const end = await one.run('test')
    expect(end).toMatchObject({ outcome: 'failed', exitCode: 42, failureReason: 'script_failure' })
    expect(end.trace).toMatch(/\u001b\[31;1mERROR: Job failed: exit code 42\n\u001b\[0;m\n$/)
    expect(end.trace).not.toContain('never\n')
  })

  it('knows the exit code although the failure is allowed', async () => {
    using one = pipeline('test:\n  script: exit 3\n  allow_failure: {exit_codes: [3]}\n')
    expect(await one.run('test')).toMatchObject({ outcome: 'failed', exitCode: 3 })
  })

  it('stops at a failure within a pipe', async () => {
    using one = pipeline('test:\n  script: [false | true, echo never]\n')
    expect(await one.run('test')).toMatchObject({ outcome: 'failed', exitCode: 1 })
  })

  it('sees the variables of the pipeline, a dollar sign as it is, and those of its rules', async () => {
    const yaml = `test:
  rules: [{if: $CI_COMMIT_REF_NAME == "main", variables: {CHOSEN: by rule}}]
  script: ['echo "$CI $GITLAB_CI $CI_JOB_ID $CI_JOB_NAME $CI_PIPELINE_ID $CHOSEN"', 'echo "$PRICE"']
`
    using one = pipeline(yaml)
    const context = { ...one.context, variables: { ...one.context.variables, PRICE: '$5 and $CI' } }
    const end = await one.run('test', {}, context)
    expect(end.trace).toContain('\ntrue true 41 test 7 by rule\n')
    expect(end.trace).toContain('\n$5 and $CI\n')
  })

  it('runs after_script in the same folder, whatever became of the script, and without a say in the result', async () => {
    const yaml =
      'test:\n  script: [echo made > made.txt, exit 4]\n  after_script: ["cat made.txt; echo $CI_JOB_STATUS; exit 9"]\n'
    using one = pipeline(yaml)
    const end = await one.run('test')
    expect(end).toMatchObject({ outcome: 'failed', exitCode: 4 })
    expect(end.trace).toContain('\nmade\nfailed\nWARNING: after_script failed')
    expect(end.trace).toMatch(/section_start:\d+:after_script/)
  })

  it('does a manual job, one for failures and one of a matrix when it is asked for', async () => {
    const yaml = `by hand: {script: [echo by hand], when: manual}
mend: {script: [echo mended], when: on_failure}
many: {script: ['echo "on $KIND"'], parallel: {matrix: [{KIND: [a, b]}]}}
`
    using one = pipeline(yaml)
    expect((await one.run('by hand')).trace).toContain('\nby hand\n')
    expect((await one.run('mend')).trace).toContain('\nmended\n')
    expect((await one.run('many: [b]')).trace).toContain('\non b\n')
  })

  it('is a failure of the runner where there is no such job', async () => {
    using one = pipeline('test: {script: [echo]}\n')
    const end = await one.run('other')
    expect(end).toMatchObject({ outcome: 'failed', failureReason: 'runner_system_failure' })
    expect(end.trace).toContain('ERROR: Job failed (system failure): there is no job other')
  })

  it('brings no settings of gitlab-ci-local from the repository', async () => {
    using one = pipeline('test: {script: [echo ran]}\n', {
      '.gitlab-ci-local.yml': 'test: {script: [echo replaced]}\nother: {script: [echo]}\n',
      '.gitlab-ci-local-env': 'STATE_DIR=elsewhere\nNEEDS=true\n',
      '.gitlab-ci-local-variables.yml': 'SNEAKED: in\n',
    })
    expect((await one.plan()).jobs.map((job) => job.name)).toEqual(['test'])
    expect((await one.run('test')).trace).toContain('\nran\n')
    expect(existsSync(join(one.context.folder, 'elsewhere'))).toBe(false)
  })
})

describe('jobs of one folder', () => {
  it('get the artifacts of earlier stages and of their needs, and nothing else of what others made', async () => {
    const yaml = `stages: [build, test]
build: {stage: build, script: [echo built > out.txt, echo scrap > scrap.txt], artifacts: {paths: [out.txt]}}
other: {stage: build, script: [echo other > other.txt], artifacts: {paths: [other.txt]}}
all: {stage: test, script: [ls]}
some: {stage: test, needs: [build], script: [ls]}
none: {stage: test, needs: [], script: [ls, git status --short]}
`
    using one = pipeline(yaml)
    await one.run('build')
    await one.run('other')
    expect((await one.run('all')).trace).toContain('other.txt\nout.txt\n')
    expect((await one.run('some')).trace).toMatch(/\u001b\[0;m\nout\.txt\n/)
    const none = await one.run('none')
    expect(none.trace).not.toContain('out.txt')
    expect(none.trace).toContain('$ git status --short\u001b[0;m\nsection_end')
  })

  it('hands on artifacts of failures where they are wanted', async () => {
    const yaml = `stages: [a, b]
red: {stage: a, script: [echo why > why.txt, exit 1], artifacts: {when: on_failure, paths: [why.txt]}}
look: {stage: b, when: always, script: [cat why.txt]}
`
    using one = pipeline(yaml)
    await one.run('red')
    expect((await one.run('look')).trace).toContain('\nwhy\n')
  })
})

describe('reports of a job', () => {
  const report = `<?xml version="1.0"?><testsuites><testsuite name="s">
<testcase classname="calc" name="adds" file="test_calc.py"/>
<testcase classname="calc" name="divides"><failure message="assert 1 == 2">trace &lt;here&gt;</failure></testcase>
</testsuite></testsuites>`

  it('are read, of failed jobs too, from hidden folders and by globs', async () => {
    const yaml =
      'test:\n  script: [mkdir -p .out/a, cp given.xml .out/a/report.xml, exit 1]\n  artifacts: {when: always, reports: {junit: [".out/**/*.xml", none.xml]}}\n'
    using one = pipeline(yaml, { 'given.xml': report })
    const end = await one.run('test')
    expect(end.tests).toEqual([
      { suite: 'test', classname: 'calc', name: 'adds', file: 'test_calc.py', status: 'success' },
      { suite: 'test', classname: 'calc', name: 'divides', status: 'failed', output: 'assert 1 == 2\ntrace <here>' },
    ])
    expect(end.trace).toContain('.out/**/*.xml: found 1 matching artifact files')
    expect(end.trace).toContain('WARNING: none.xml: no matching files.')
  })

  it('are never read through a link', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'greenloop-ci-test-'))
    using one = pipeline(
      'test:\n  script: [ln -s /etc/hostname report.xml, ln -s /etc folder]\n  artifacts: {reports: {junit: ["report.xml", "folder/*"]}}\n',
    )
    const end = await one.run('test')
    expect(end.tests).toEqual([])
    expect(end.trace).toContain('WARNING: report.xml: no matching files.')
    expect(end.trace).toContain('WARNING: folder/*: no matching files.')
    using two = pipeline('test:\n  script: ["true"]\n')
    symlinkSync(elsewhere, join(two.context.folder, '.greenloop-ci'))
    expect(await two.run('test')).toMatchObject({ outcome: 'success' })
    expect(existsSync(join(elsewhere, 'expanded-gitlab-ci.yml'))).toBe(false)
    execFileSync('rm', ['-rf', elsewhere])
  })
})

describe('a machine without the programs', () => {
  it('is told which package is missing', async () => {
    using one = createPipeline({ '.gitlab-ci.yml': 'a: {script: [echo]}\n' }, { env: { ...jobEnv, PATH: '/nowhere' } })
    await expect(one.plan()).rejects.toMatchObject({ code: 'ci_failed', help: 'apt-get install bash' })
  })
})
