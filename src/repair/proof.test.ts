import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProcess } from '../lib/process.ts'
import { sandboxHere } from '../runners/sandbox.fixture.ts'
import { looksLike } from './proof-likeness.ts'
import { preparedScript } from './proof-script.ts'
import { prove } from './proof.ts'
import type { ProofInput } from './proof.ts'
import type { ScriptBox, ScriptEnd } from './world.ts'

const signal = new AbortController().signal
const job = { name: 'test', script: 'run-tests', variables: {} }
const red: ScriptEnd = { exitCode: 1, output: 'AssertionError: 2 != 3', timedOut: false }
const green: ScriptEnd = { exitCode: 0, output: 'ok', timedOut: false }

/** A box that ends scripts as told, by the commit in its folder. */
function scripted(ends: Readonly<Record<string, ScriptEnd | readonly ScriptEnd[]>>, change: Partial<ProofInput> = {}) {
  const runs: string[] = []
  const open = new Set<string>()
  const trees = new Map<string, string>()
  let count = 0
  const box: ScriptBox = {
    tier: 'standard',
    open: async () => {
      const folder = `folder-${++count}`
      open.add(folder)
      return { folder, discard: async () => void open.delete(folder) }
    },
    run: async ({ folder }) => {
      const sha = trees.get(folder) ?? 'nothing'
      runs.push(sha)
      const end = ends[sha]
      if (end === undefined || 'output' in end) return end ?? green
      return end[runs.filter((one) => one === sha).length - 1] ?? green
    },
  }
  const input: ProofInput = {
    box,
    mode: 'best_effort',
    jobs: [job],
    timeoutMs: 1000,
    checkout: async (sha, folder) => trees.set(folder, sha),
    before: 'old',
    after: 'new',
    ...change,
  }
  return { input, runs, open }
}

describe('the proof of a patch', () => {
  it('has passed when the job fails without it and not with it', async () => {
    const { input, runs, open } = scripted({ old: red })
    expect(await prove(input, signal)).toMatchObject({ kind: 'passed', job: 'test' })
    expect(runs).toEqual(['old', 'new'])
    expect(open.size).toBe(0)
  })

  it('has failed when the job still fails, and shows what it printed without escapes', async () => {
    const { input } = scripted({ old: red, new: { ...red, output: '\u001b[31mstill\u001b[0m wrong' } })
    const proof = await prove(input, signal)
    expect(proof).toEqual({ kind: 'failed', job: 'test', output: 'still wrong\nIt ended with exit code 1.' })
  })

  it('has failed when the job takes too long with the patch', async () => {
    const { input } = scripted({ old: red, new: { exitCode: null, output: '', timedOut: true } })
    expect(await prove(input, signal)).toMatchObject({ kind: 'failed', output: expect.stringContaining('longer') })
  })

  it.each([
    ['does not fail', green, 'does not fail here'],
    ['takes too long', { exitCode: null, output: '', timedOut: true }, 'longer here'],
    ['is ended from outside', { exitCode: null, output: '', timedOut: false }, 'ended from outside'],
    ['is not there', { ...red, exitCode: 127 }, 'a command is missing'],
    ['may not be run', { ...red, exitCode: 126 }, 'a command is missing'],
    ['lacks a module', { ...red, output: "ModuleNotFoundError: No module named 'requests'" }, 'Python module'],
    ['lacks a package', { ...red, output: "Error: Cannot find module 'express'" }, 'Node module'],
    ['lacks a tool', { ...red, output: 'make: tox: command not found' }, 'a command is missing'],
    ['needs the network', { ...red, output: 'npm error getaddrinfo EAI_AGAIN registry' }, 'no network'],
    ['needs a service', { ...red, output: 'connect ECONNREFUSED 127.0.0.1:5432' }, 'a service is missing'],
  ] as const)('says nothing where the job %s without the patch', async (_what, end, why) => {
    const { input, runs } = scripted({ old: end })
    expect(await prove(input, signal)).toEqual({ kind: 'none', why: expect.stringContaining(why) })
    expect(runs).toContain('old')
  })

  it('says nothing where the job fails here in another way than in the pipeline', async () => {
    const { input, runs } = scripted({ old: red }, { printed: 'TypeError: b is not a function' })
    expect(await prove(input, signal)).toMatchObject({ kind: 'none', why: expect.stringContaining('another way') })
    expect(runs).toContain('old')
  })

  it('is made where the job fails here as in the pipeline', async () => {
    const { input } = scripted(
      { old: red },
      { printed: '$ run-tests\nAssertionError: 7 != 9\nJob failed: exit code 1' },
    )
    expect(await prove(input, signal)).toMatchObject({ kind: 'passed' })
  })

  it('takes a missing module for the failure where the pipeline lacks it as well', async () => {
    const end = { ...red, output: "ModuleNotFoundError: No module named 'calc.core'" }
    const printed = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'calc.core'"
    expect(await prove(scripted({ old: end }, { printed }).input, signal)).toMatchObject({ kind: 'passed' })
    const other = "ModuleNotFoundError: No module named 'requests'"
    expect(await prove(scripted({ old: end }, { printed: other }).input, signal)).toMatchObject({ kind: 'none' })
  })

  it('needs every job that can be run here to pass', async () => {
    const jobs = [job, { ...job, name: 'other', script: 'run-others' }]
    const { input } = scripted({ old: red, new: [green, red] }, { jobs })
    expect(await prove(input, signal)).toMatchObject({ kind: 'failed', job: 'other' })
  })

  it('is given by the jobs that can be run here', async () => {
    const jobs = [job, { ...job, name: 'other', script: 'run-others' }]
    const { input } = scripted({ old: [{ ...red, exitCode: 127 }, red] }, { jobs })
    expect(await prove(input, signal)).toMatchObject({ kind: 'passed', job: 'other' })
  })

  it('runs the same script of several jobs once', async () => {
    const { input, runs } = scripted({ old: red }, { jobs: [job, { ...job, name: 'test 2/2' }] })
    await prove(input, signal)
    expect(runs).toEqual(['old', 'new'])
  })

  it('does not run the unpatched tree again where it is known', async () => {
    const { input, runs } = scripted({ old: red }, { cache: new Map() })
    await prove(input, signal)
    await prove(input, signal)
    expect(runs).toEqual(['old', 'new', 'new'])
  })

  it('is none where it is turned off, where there is no box, and where there is no script', async () => {
    expect(await prove(scripted({}, { mode: 'off' }).input, signal)).toMatchObject({ kind: 'none' })
    expect(await prove(scripted({}, { jobs: [] }).input, signal)).toMatchObject({ kind: 'none' })
    const { input } = scripted({}, { box: { missing: 'no bubblewrap' } })
    expect(await prove(input, signal)).toEqual({ kind: 'none', why: expect.stringContaining('no bubblewrap') })
  })

  it('stops where a box is required and there is none', async () => {
    const { input } = scripted({}, { box: { missing: 'no bubblewrap' }, mode: 'required' })
    await expect(prove(input, signal)).rejects.toMatchObject({ code: 'sandbox_unavailable' })
  })

  it('clears its folders when a checkout fails, and when the run is stopped', async () => {
    const broken = scripted({ old: red }, { checkout: () => Promise.reject(new Error('disk')) })
    await expect(prove(broken.input, signal)).rejects.toThrow('disk')
    expect(broken.open.size).toBe(0)
    const stop = new AbortController()
    const stopped = scripted({ old: red }, { checkout: async () => stop.abort(new Error('stopped')) })
    await expect(prove(stopped.input, stop.signal)).rejects.toThrow('stopped')
    expect(stopped.open.size).toBe(0)
  })
})

describe('likeness to the failure of the pipeline', () => {
  const folder = new URL('../../tests/fixtures/traces/', import.meta.url)
  const stepOf = (trace: string) =>
    /section_start:\d+:step_script[^\n]*\n([\s\S]*?)section_end:\d+:step_script/.exec(trace)?.[1] ?? ''
  const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
  const names = readdirSync(folder).filter((name) => name.endsWith('.log'))

  it.each(names)('what the command of %s printed looks like its trace', (name) => {
    const output = stepOf(read(name)).replaceAll(/\u001b\[[\d;]*[a-zA-Z]/g, '')
    expect(looksLike(read(name), output)).toBe(true)
  })

  it.each([
    ['pytest.log', 'pytest-import.log'],
    ['unittest.log', 'python-exception.log'],
    ['vitest.log', 'node-exception.log'],
    ['jest.log', 'npm-install.log'],
    ['tsc.log', 'npm-test.log'],
  ])('the failure of %s is another than that of %s', (one, other) => {
    expect(looksLike(read(one), stepOf(read(other)))).toBe(false)
  })
})

describe('the script that is run', () => {
  it('knows the folder it runs in, also within variables, and nothing in them is a command', async () => {
    const variables = { CACHE: "it's $(echo bad)/${CI_PROJECT_DIR}/a b/$CI_PROJECT_DIR", PLAIN: '$(echo bad)' }
    const { script, env } = preparedScript('echo "$CACHE"; echo "$PLAIN"', variables)
    const end = await runProcess(
      { argv: ['/bin/bash', '-e', '-c', script], cwd: '/usr', env: { PATH: '/usr/bin:/bin', ...env } },
      { outputCapBytes: 10_000, signal },
    )
    expect(end.stdout.text).toBe("it's $(echo bad)//usr/a b//usr\n$(echo bad)\n")
  })

  it('fails where a part of a pipe fails, as with a runner', async () => {
    const { script } = preparedScript('false | true\necho on', {})
    const end = await runProcess(
      { argv: ['/bin/bash', '-e', '-c', script], cwd: '/', env: { PATH: '/usr/bin:/bin' } },
      { outputCapBytes: 10_000, signal },
    )
    expect(end).toMatchObject({ exitCode: 1, stdout: { text: '' } })
  })
})

const { sandbox, usable } = await sandboxHere()

describe.runIf(usable)('in the real sandbox', () => {
  const box: ScriptBox = {
    tier: sandbox.tier,
    open: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'greenloop-test-'))
      return { folder, discard: () => rm(folder, { recursive: true, force: true }) }
    },
    run: async ({ folder, script, timeoutMs, env }) => {
      await sandbox.prepare(folder)
      const policy = {
        writable: [{ outside: folder, inside: folder }],
        readOnly: [],
        network: false,
        memoryBytes: 2 ** 28,
        maxProcesses: 48,
        maxFileBytes: 2 ** 20,
        cpuSeconds: 20,
      }
      const boxed = await sandbox.box({ argv: ['/bin/bash', '-e', '-c', script], cwd: folder, env }, policy)
      try {
        const end = await runProcess(boxed.command, { outputCapBytes: 2 ** 20, signal, timeoutMs })
        const output = end.stdout.text + end.stderr.text
        return { exitCode: end.exitCode, output, timedOut: end.endedBy === 'timeout' }
      } finally {
        await boxed.release()
      }
    },
  }
  const test =
    'import unittest, calc\nclass T(unittest.TestCase):\n  def test_add(self): self.assertEqual(calc.add(1, 2), 3)\n'
  const trees: Readonly<Record<string, string>> = {
    bad: 'def add(a, b): return a - b\n',
    good: 'def add(a, b): return a + b\n',
    'bad in another way': 'def add(a, b): return a * b\n',
  }
  const folders: string[] = []
  const input = (after: string, script: string): ProofInput => ({
    box,
    mode: 'required',
    jobs: [{ name: 'unit', script, variables: { CI: 'true' } }],
    timeoutMs: 30_000,
    checkout: async (sha, folder) => {
      folders.push(folder)
      await writeFile(join(folder, 'calc.py'), trees[sha] ?? '')
      await writeFile(join(folder, 'test_calc.py'), test)
    },
    before: 'bad',
    after,
  })
  const run = '/usr/bin/python3 -B -m unittest test_calc'

  it('a patch that mends the failure passes', async () => {
    expect(await prove(input('good', run), signal)).toMatchObject({ kind: 'passed', job: 'unit' })
  })

  it('a patch that does not mend it fails with the words of the test', async () => {
    const proof = await prove(input('bad in another way', run), signal)
    expect(proof).toMatchObject({ kind: 'failed', output: expect.stringContaining('AssertionError: 2 != 3') })
  })

  it('a job that needs the network, or a tool that is not here, proves nothing', async () => {
    const download = `/usr/bin/python3 -c "import urllib.request as u; u.urlopen('http://example.com')"`
    expect(await prove(input('good', download), signal)).toMatchObject({ kind: 'none' })
    expect(await prove(input('good', 'no-such-tool'), signal)).toMatchObject({ kind: 'none' })
  })

  it('leaves no folder behind', () => {
    expect(folders.length).toBeGreaterThan(4)
    expect(folders.filter((folder) => existsSync(folder))).toEqual([])
  })
})
