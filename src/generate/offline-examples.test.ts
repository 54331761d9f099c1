import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frameworks, suiteSchema, type Framework } from '../domain/suite.ts'
import { writeOffline } from './offline.ts'
import { planSuite } from './plan.ts'

const root = resolve(import.meta.dirname, '../..')
const python = [join(root, '.venv/bin/python'), 'python3'].find(
  (name) => spawnSync(name, ['-c', 'import pytest']).status === 0,
)
if (python === undefined) console.log('skipped: no Python with pytest here (python3 -m pip install pytest)')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'greenloop-examples-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Writes the script of an example beside a copy of its system; gives the folder, the script and the plan's notes. */
function prepare(name: string, framework: Framework): { cwd: string; script: string; notes: readonly string[] } {
  const file = join(root, 'examples/suites', `${name}.json`)
  const suite = suiteSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  const system = resolve(dirname(file), suite.target.root)
  const cwd = join(folder, `${name}-${framework}`)
  cpSync(system, cwd, { recursive: true, filter: (path) => !path.includes('__pycache__') })
  if (framework !== 'pytest') symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'))
  const exists = (path: string): boolean => existsSync(join(system, path))
  const plan = planSuite(suite, { framework, maxTestsPerEndpoint: 12, exists })
  expect(plan.warnings).toEqual([])
  expect(plan.cases.length).toBeGreaterThanOrEqual(12)
  const { code, notes } = writeOffline(plan)
  mkdirSync(dirname(join(cwd, plan.scriptName)), { recursive: true })
  writeFileSync(join(cwd, plan.scriptName), code)
  return { cwd, script: plan.scriptName, notes }
}

function run(cwd: string, argv: readonly string[]): string {
  const [program = '', ...rest] = argv
  const env = { PATH: process.env['PATH'] ?? '', PYTHONPATH: cwd, PYTHONDONTWRITEBYTECODE: '1', NO_COLOR: '1' }
  const ended = spawnSync(program, rest, { cwd, env, encoding: 'utf8', timeout: 60_000 })
  return `${ended.stdout}${ended.stderr}\nexit ${ended.status}`
}

const commands = {
  pytest: (script: string) => [
    python ?? 'python3',
    '-m',
    'pytest',
    '-q',
    '-W',
    'error',
    '-p',
    'no:cacheprovider',
    script,
  ],
  vitest: (script: string) => [process.execPath, join(root, 'node_modules/vitest/vitest.mjs'), 'run', script],
  node: (script: string) => [process.execPath, '--test', '--test-reporter=tap', script],
} as const satisfies Record<Framework, (script: string) => string[]>

const green = {
  pytest: /^\d+ passed in/mu,
  vitest: /Tests\s+\d+ passed \(\d+\)/u,
  node: /# fail 0\n# cancelled 0\n# skipped 0/u,
} as const

describe.each(['calculator', 'authentication'])('the example suite %s', (name) => {
  const usable = frameworks.filter((framework) => framework !== 'pytest' || python !== undefined)
  it.each(usable)('is written without a gap and passes whole on %s', (framework) => {
    const { cwd, script, notes } = prepare(name, framework)
    expect(notes).toEqual([])
    const output = run(cwd, commands[framework](script))
    expect(output).toMatch(green[framework])
    expect(output).toMatch(/exit 0$/u)
  })
})

it.skipIf(python === undefined)('pytest runs a script without a warning where allure is not to be had', () => {
  const { cwd, script } = prepare('calculator', 'pytest')
  writeFileSync(join(cwd, 'allure.py'), 'raise ImportError("not installed")\n')
  const output = run(cwd, [...commands.pytest(script), '-p', 'no:allure_pytest', '-p', 'no:allure_pytest_bdd'])
  expect(output).toMatch(green.pytest)
})

it.skipIf(python === undefined)('a service that cannot start is named in the failure', () => {
  const { cwd, script } = prepare('authentication', 'pytest')
  writeFileSync(join(cwd, 'server.py'), 'raise SystemExit("the port is taken")\n')
  expect(run(cwd, commands.pytest(script))).toContain('the service ended with 1: the port is taken')
})

const textService = `
import { createServer } from 'node:http'
const texts = { '/text': 'Hällo', '/json': '"Hällo"', '/page': '<html>', '/empty': '' }
createServer((request, reply) => reply.end(texts[request.url])).listen(Number(process.argv[2]), '127.0.0.1')
`

describe('a service that answers in text', () => {
  const usable = frameworks.filter((framework) => framework !== 'pytest' || python !== undefined)
  it.each(usable)('has its bodies compared as text, and no page passes for an empty body, on %s', (framework) => {
    const bodies = [
      ['/text', 'Hällo'],
      ['/json', 'Hällo'],
      ['/empty', ''],
      ['/empty', null],
      ['/page', null],
    ] as const
    const suite = suiteSchema.parse({
      name: 'Texts',
      script: framework === 'pytest' ? 'test_texts.py' : 'texts.test.mjs',
      target: { kind: 'http', start: `${process.execPath} service.mjs {port}` },
      cases: bodies.map(([path, body], index) => ({
        id: `T-${index}`,
        title: path,
        request: { path },
        expected: { body },
      })),
    })
    const cwd = join(folder, `texts-${framework}`)
    mkdirSync(cwd)
    writeFileSync(join(cwd, 'service.mjs'), textService)
    if (framework !== 'pytest') symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'))
    const plan = planSuite(suite, { framework, maxTestsPerEndpoint: 1 })
    writeFileSync(join(cwd, plan.scriptName), writeOffline(plan).code)
    const output = run(cwd, commands[framework](plan.scriptName))
    const counts = { pytest: /1 failed, 4 passed/u, vitest: /1 failed \| 4 passed/u, node: /# pass 4\n# fail 1/u }
    expect(output).toMatch(counts[framework])
    expect(output).toContain('<html>')
  })
})
