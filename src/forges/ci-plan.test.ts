import { describe, expect, it } from 'vitest'
import { createPipeline } from './ci-runner.fixture.ts'

const pipeline = (yaml: string, files: Readonly<Record<string, string>> = {}) =>
  createPipeline({ '.gitlab-ci.yml': yaml, ...files })

describe('a plan', () => {
  it('knows stages, needs, limits, tries, reports and what may fail', async () => {
    const yaml = `stages: [build, test]
default: {timeout: 2h, retry: 1}
.base: {script: [echo], artifacts: {reports: {junit: [a.xml, "b/*.xml"]}}}
build: {stage: build, extends: .base, parallel: {matrix: [{KIND: [x, y]}]}}
test:
  extends: .base
  stage: test
  needs: [build, {job: gone, optional: true}]
  timeout: 1h 30m
  retry: {max: 2, when: [runner_system_failure, script_failure]}
  allow_failure: {exit_codes: [3, 137]}
  artifacts: {reports: {junit: c.xml}}
by hand: {stage: test, script: [echo], when: manual}
blocking: {stage: test, script: [echo], when: manual, allow_failure: false}
late: {stage: test, script: [echo], when: delayed, start_in: 3 minutes}
never: {stage: test, script: [echo], rules: [{when: never}]}
child: {stage: test, trigger: {include: /ci/child.yml, strategy: depend}}
`
    using one = pipeline(yaml, { 'ci/child.yml': 'a: {script: [echo]}\n' })
    const plan = await one.plan()
    expect(plan.stages).toEqual(['.pre', 'build', 'test', '.post'])
    const job = (name: string) => plan.jobs.find((other) => other.name === name)
    expect(job('build: [x]')).toMatchObject({
      stage: 'build',
      timeoutMs: 7_200_000,
      junit: ['a.xml', 'b/*.xml'],
      retry: { max: 1 },
    })
    expect(job('test')).toMatchObject({
      needs: ['build: [x]', 'build: [y]'],
      timeoutMs: 5_400_000,
      retry: { max: 2, when: ['runner_system_failure', 'script_failure'] },
      allowFailure: true,
      allowedExitCodes: [3, 137],
      junit: ['c.xml'],
    })
    expect(job('by hand')).toMatchObject({ when: 'manual', allowFailure: true })
    expect(job('blocking')).toMatchObject({ when: 'manual', allowFailure: false })
    expect(job('late')).toMatchObject({ when: 'delayed', startInMs: 180_000 })
    expect(job('never')).toMatchObject({ when: 'never' })
    expect(job('child')).toMatchObject({ trigger: { include: 'ci/child.yml', isDepended: true } })
    expect(plan.merged).not.toContain('.base')
    expect(plan.merged).toContain('blocking:')
  })

  it('follows the rules for the branch that it is made for, and local includes', async () => {
    const yaml = 'include: more.yml\nmain: {script: [echo], rules: [{if: $CI_COMMIT_REF_NAME == "main"}]}\n'
    using one = pipeline(yaml, {
      'more.yml': 'other: {script: [echo], rules: [{if: $CI_COMMIT_REF_NAME == "other"}]}\n',
    })
    const plan = await one.plan()
    expect(plan.jobs.map(({ name, when }) => [name, when])).toEqual([
      ['other', 'never'],
      ['main', 'on_success'],
    ])
  })

  it('throws the reason of an abort', async () => {
    using one = pipeline('a: {script: [echo]}\n')
    const { createCiRunner } = await import('./ci-runner.ts')
    const { systemClock } = await import('../lib/clock.ts')
    const runner = createCiRunner({ env: { PATH: '/usr/bin:/bin' }, clock: systemClock })
    const reason = new Error('enough')
    await expect(runner.plan(one.context, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})

describe('a bad description', () => {
  it.each([
    ['no YAML', 'a: [b\nc: d\n', /line \d+ column \d+/],
    ['an unknown key', 'a: {script: [echo], scrpt: x}\n', /^jobs:a config contains unknown keys: scrpt$/],
    ['a job without a script', 'a: {stage: test}\n', /^jobs:a config should implement the script:/],
    ['a stage that is not there', 'a: {script: [echo], stage: nope}\n', /^a job: chosen stage nope does not exist/],
    ['a need that is not there', 'a: {script: [echo], needs: [b]}\n', /^'a' job needs 'b' job, but 'b' does not exist/],
    [
      'a need that rules took out',
      'a: {script: [echo], needs: [b]}\nb: {script: [echo], rules: [{when: never}]}\n',
      /^'a' job needs 'b' job/,
    ],
    [
      'needs in a circle',
      'a: {script: [echo], needs: [b]}\nb: {script: [echo], needs: [a]}\n',
      /^The pipeline has circular dependencies: a, b$/,
    ],
    ['a job that needs itself', 'a: {script: [echo], needs: [a]}\n', /self-dependency: a$/],
    ['a base that is not there', 'a: {script: [echo], extends: .b}\n', /^jobs:a: unknown keys in `extends` \(\.b\)$/],
    [
      'an include that is not there',
      'include: {local: b.yml}\na: {script: [echo]}\n',
      /^Local file `b\.yml` does not exist!$/,
    ],
    ['no job at all', '.a: {script: [echo]}\n', /^jobs config should contain at least one visible job$/],
    ['a list', '- a\n', /^jobs config should contain at least one visible job$/],
    ['rules that leave nothing', 'a: {script: [echo], rules: [{when: never}]}\n', /^Pipeline will not run/],
    [
      'an include from elsewhere',
      'include: {remote: "https://192.0.2.1/x.yml"}\na: {script: [echo]}\n',
      /Remote include could not be fetched/,
    ],
  ])('is told in words, without paths of this machine: %s', async (_, yaml, expected) => {
    using one = pipeline(yaml)
    const errors = await one.errors()
    expect(errors[0]).toMatch(expected)
    expect(errors.join('\n')).not.toContain(one.context.folder)
    expect(errors.join('\n')).not.toContain('gitlab-ci-local')
  })

  it('is told where the file is not there', async () => {
    using one = createPipeline({ 'a.txt': '' })
    expect(await one.errors()).toEqual(['.gitlab-ci.yml could not be found'])
  })
})
