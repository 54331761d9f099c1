import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { buildProgram } from '../src/cli/main.ts'
import type { Session } from '../src/cli/session.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Service {
  readonly command?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly privileged?: boolean
  readonly volumes?: readonly string[]
}

/** Fails where the command line does not know the command or one of its options. */
function expectKnown(words: readonly string[]): void {
  const program = buildProgram(new Command('greenloop'), {} as Session)
  const command = program.commands.find((each) => each.name() === words[0])
  expect(command, words.join(' ')).toBeDefined()
  const known = new Set(command?.options.flatMap(({ long }) => (long === undefined ? [] : [long])))
  for (const word of words.filter((each) => each.startsWith('--'))) expect(known, words.join(' ')).toContain(word)
}

/** Lines of a shell script that call Greenloop, as words. */
function callsOf(script: string): string[][] {
  return [...script.matchAll(/(?:^|[\s;&])greenloop ((?:pipeline|note|serve|worker)[^|;&>\n]*)/gmu)].map(
    ([, call = '']) =>
      call
        .replaceAll(/"[^"]*"/gu, 'X')
        .trim()
        .split(/\s+/u),
  )
}

test('the compose file starts what the command line knows, and gives no container the machine', () => {
  const { services } = parse(read('compose.yaml'), { merge: true }) as { services: Record<string, Service> }
  expect(Object.keys(services)).toEqual(['database', 'server', 'worker'])
  expectKnown(services['server']?.command ?? [])
  expectKnown(services['worker']?.command ?? [])
  for (const service of Object.values(services)) {
    expect(service.privileged).toBeUndefined()
    expect(JSON.stringify(service)).not.toContain('docker.sock')
  }
})

test('the Dockerfile copies what is there, and does not run as root', () => {
  const lines = read('Dockerfile').split('\n')
  const copied = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/u.exec(line)?.[1]?.split(' ') ?? [])
  expect(copied.length).toBeGreaterThan(3)
  for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true)
  expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER node')
  expectKnown(JSON.parse(lines.find((line) => line.startsWith('CMD '))?.slice(4) ?? '[]') as string[])
})

test('the template for GitLab CI and the action for GitHub call what the command line knows', () => {
  const template = parse(read('examples/ci/greenloop.gitlab-ci.yml')) as Record<string, Record<string, unknown>>
  const job = template['greenloop'] as { script: string[]; after_script: string[]; coverage: string }
  const calls = callsOf([...job.script, ...job.after_script].join('\n'))
  expect(calls).toHaveLength(2)
  calls.forEach(expectKnown)
  expect(new RegExp(job.coverage.slice(1, -1), 'u').exec('{"coverage":{"linePercent":93.75}}')?.[1]).toBe('93.75')
  const action = parse(read('examples/ci/github-action/action.yml')) as { runs: { steps: { run?: string }[] } }
  const steps = action.runs.steps.flatMap(({ run }) => run ?? [])
  const called = steps.flatMap(callsOf)
  expect(called).toHaveLength(2)
  called.forEach(expectKnown)
  // An input that stands in a script is run as one.
  expect(steps.join('\n')).not.toContain('${{ inputs.')
  for (const run of steps) execFileSync('bash', ['-n'], { input: run })
})

test('annotations cannot be ended by the words of a test', () => {
  const script = join(root, 'examples/ci/github-action/annotate.mjs')
  const failure = { file: 'a,b.py', line: 3, name: 'x::y', type: 'E', message: 'one\n::set-env name=A::b' }
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-annotate-'))
  const file = join(folder, 'summary.json')
  writeFileSync(file, JSON.stringify({ failures: [failure] }))
  const printed = execFileSync(process.execPath, [script, file], { encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  expect(printed.trim().split('\n')).toEqual([
    '::error file=a%2Cb.py,line=3,title=x%3A%3Ay::E: one%0A::set-env name=A::b',
  ])
})
