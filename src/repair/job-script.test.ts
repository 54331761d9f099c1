import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jobScript } from './job-script.ts'

const python = `
stages: [lint, test]
default:
  image: python:3.12
  before_script:
    - python -m venv .venv
    - . .venv/bin/activate
variables:
  PIP_CACHE_DIR: "$CI_PROJECT_DIR/.cache/pip"
  LEVEL: 2
  REPORT: { value: junit.xml, description: Name of the report }
.steps:
  report:
    - python -m pytest --junitxml "$REPORT"
.base: &base
  tags: [docker]
  variables: { MODE: base, DEPTH: "1" }
lint:
  stage: lint
  before_script: []
  script: ruff check .
unit:
  extends: .base
  stage: test
  variables: { MODE: unit, WHERE: "$MODE/$LEVEL$$" }
  script:
    - |
      echo one
      echo two
    - !reference [.steps, report]
    - [echo nested, [echo deeper]]
  artifacts: { reports: { junit: junit.xml } }
merged:
  <<: *base
  inherit: { default: false, variables: [LEVEL] }
  script: [echo merged]
matrix:
  parallel:
    matrix:
      - PYTHON: ["3.11", 3.12]
        OS: linux
      - PYTHON: "3.13"
        OS: [linux, mac]
  script: [tox -e $PYTHON]
many:
  parallel: 3
  script: [echo $CI_NODE_INDEX]
child:
  trigger: { include: child.yml }
`

describe('the script of a job', () => {
  it('is what comes before it, then its own lines, flattened', () => {
    expect(jobScript(python, 'unit')?.script.split('\n')).toEqual([
      'python -m venv .venv',
      '. .venv/bin/activate',
      'echo one',
      'echo two',
      '',
      'python -m pytest --junitxml "$REPORT"',
      'echo nested',
      'echo deeper',
    ])
  })

  it('has the variables of the description, of what it extends, and its own', () => {
    expect(jobScript(python, 'unit')?.variables).toEqual({
      CI: 'true',
      GITLAB_CI: 'true',
      CI_JOB_NAME: 'unit',
      CI_JOB_STAGE: 'test',
      PIP_CACHE_DIR: '${CI_PROJECT_DIR}/.cache/pip',
      LEVEL: '2',
      REPORT: 'junit.xml',
      MODE: 'unit',
      DEPTH: '1',
      WHERE: 'unit/2$',
    })
  })

  it('leaves out the defaults where the job says so', () => {
    expect(jobScript(python, 'lint')?.script).toBe('ruff check .')
    expect(jobScript(python, 'merged')).toMatchObject({
      script: 'echo merged',
      variables: { LEVEL: '2', MODE: 'base' },
    })
    expect(jobScript(python, 'merged')?.variables).not.toHaveProperty('REPORT')
  })

  it('is found for each job of a matrix, with its combination', () => {
    expect(jobScript(python, 'matrix: [3.12, linux]')?.variables).toMatchObject({
      PYTHON: '3.12',
      OS: 'linux',
      CI_NODE_INDEX: '2',
      CI_NODE_TOTAL: '4',
    })
    expect(jobScript(python, 'matrix: [3.13, mac]')?.variables).toMatchObject({ PYTHON: '3.13', OS: 'mac' })
    expect(jobScript(python, 'many 2/3')?.variables).toMatchObject({ CI_NODE_INDEX: '2', CI_NODE_TOTAL: '3' })
  })

  it.each([
    ['a job that is not there', python, 'deploy'],
    ['a combination that is not there', python, 'matrix: [3.14, linux]'],
    ['a hidden job', python, '.base'],
    ['a bridge', python, 'child'],
    ['a name that every object has', python, 'constructor'],
    ['a section that is no job', python, 'default'],
    ['an include that is not filled in', 'include: [other.yml]\na: { script: [x] }', 'a'],
    ['a parent that is not there', 'a: { extends: .gone, script: [x] }', 'a'],
    ['a circle of parents', '.a: { extends: .b }\n.b: { extends: .a }\nc: { extends: .a, script: [x] }', 'c'],
    ['a reference that leads nowhere', 'a: { script: [!reference [.gone, script]] }', 'a'],
    [
      'a circle of references',
      '.r: { script: [!reference [.r, script]] }\na: { script: [!reference [.r, script]] }',
      'a',
    ],
    ['a script that is no text', 'a: { script: [{ x: y }] }', 'a'],
    ['a variable that is no text', 'a: { variables: { X: [1] }, script: [x] }', 'a'],
    ['no script at all', 'a: { stage: test }', 'a'],
    ['text that is no YAML', 'a: [', 'a'],
    ['an anchor that is not there', 'a: { script: [*gone] }', 'a'],
    ['brackets without end', '['.repeat(200_000), 'a'],
  ])('cannot be told for %s', (_what, text, job) => {
    expect(jobScript(text, job)).toBeUndefined()
  })

  it('is found although something else of the job leads nowhere', () => {
    expect(jobScript('a: { rules: [!reference [.gone, rules]], script: [x] }', 'a')?.script).toBe('x')
  })

  it('gives up on bombs of aliases, references and variables at once', () => {
    const levels = Array.from({ length: 30 }, (_item, index) => index)
    const aliases = levels.map((level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}, *l${level}]`)
    const bomb = ['l0: &l0 [x, x]', ...aliases, 'a: { script: *l30 }'].join('\n')
    expect(jobScript(bomb, 'a')).toBeUndefined()
    const references = levels.map(
      (level) => `.r${level + 1}: { script: [${`!reference [.r${level}, script], `.repeat(9)}] }`,
    )
    const chain = ['.r0: { script: [x] }', ...references, 'a: { script: !reference [.r9, script] }'].join('\n')
    expect(jobScript(chain, 'a')).toBeUndefined()
    const variables = levels.map((level) => `  V${level + 1}: "${`$V${level}`.repeat(40)}"`)
    const growing = ['variables:', '  V0: xxxxxxxxxx', ...variables, 'a: { script: [x] }'].join('\n')
    const values = Object.values(jobScript(growing, 'a')?.variables ?? {})
    expect(Math.max(...values.map((value) => value.length))).toBeLessThanOrEqual(32_768)
  })

  it('never throws, whatever the description holds', () => {
    const value = fc.json({ maxDepth: 4 })
    fc.assert(
      fc.property(value, value, value, (script, variables, extended) => {
        jobScript(`a: { script: ${script}, variables: ${variables}, extends: ${extended} }\nb: {script: [x]}`, 'a')
      }),
    )
  })

  it('is what gitlab-ci-local makes of the same description', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'greenloop-test-'))
    try {
      await writeFile(join(folder, '.gitlab-ci.yml'), python.replace('child:\n  trigger: { include: child.yml }\n', ''))
      const git = (...argv: string[]) => execFileSync('git', argv, { cwd: folder, stdio: 'pipe' })
      git('init', '-q')
      git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-q', '--allow-empty', '-m', 'x')
      git('remote', 'add', 'origin', 'https://gitlab.test/group/name.git')
      const tool = createRequire(import.meta.url).resolve('gitlab-ci-local')
      const argv = [tool, '--preview', '--no-json-schema-validation', '--state-dir', 'state']
      const preview = execFileSync(process.execPath, argv, { cwd: folder, stdio: 'pipe' }).toString()
      const whole = preview.slice(preview.indexOf('---'))
      for (const job of ['lint', 'unit', 'merged', 'many 1/3', 'matrix: [3.11, linux]']) {
        const theirs = jobScript(whole, job)
        expect(theirs?.script).toBe(jobScript(python, job)?.script)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }, 30_000)
})
