import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { executionRequestSchema } from '../../src/domain/execution-request.ts'
import type { Execution } from '../../src/domain/run.ts'
import { executeTasks } from '../../src/engine/execute-tasks.ts'
import { execute } from '../../src/execute/execute.ts'
import { createPytestRunner } from '../../src/runners/pytest.ts'
import { openSandbox } from '../../src/runners/sandbox.ts'
import { outcomesOf, testOf } from '../scripted/scripted-runner.ts'

const environment = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
const never = new AbortController().signal
const runner = createPytestRunner()
const { sandbox } = await openSandbox('auto')
const isBoxed = sandbox.tier === 'standard' || sandbox.tier === 'userns'
const info = await runner.probe({ cwd: tmpdir(), env: environment }, never).catch(() => undefined)
if (info === undefined) console.warn('hostile programs are skipped: no pytest here (python3 -m pip install pytest)')
if (!isBoxed) console.warn('hostile programs that need a sandbox are skipped (apt-get install bubblewrap)')

interface Ran {
  readonly execution: Execution
  readonly cwd: string
  readonly log: (name: string) => Promise<string>
}

/** Runs real pytest on these files in a temporary project. */
async function runPytest<T>(
  files: Readonly<Record<string, string>>,
  request: z.input<typeof executionRequestSchema>,
  check: (ran: Ran) => Promise<T>,
): Promise<T> {
  if (info === undefined) throw new Error('no pytest')
  const base = await mkdtemp(join(tmpdir(), 'greenloop-hostile-'))
  const [cwd, runDir] = [join(base, 'project'), join(base, 'run')]
  await mkdir(cwd)
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  try {
    const filled = executionRequestSchema.parse({ tests: Object.keys(files), ...request, cwd })
    const parts = {
      runner,
      info,
      sandbox,
      runDir,
      runId: 'hostile',
      environment,
      runTasks: executeTasks,
      silence: { testMs: filled.testTimeoutSeconds * 1000 + 2000, exitMs: 2000 },
    }
    const execution = await execute(filled, parts, { signal: never, onProgress: () => {} })
    return await check({ execution, cwd, log: (name) => readFile(join(runDir, name), 'utf8') })
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}

const good = 'def test_first():\n    assert True\n\ndef test_second():\n    assert True\n'

/** A file with a test before and one after the hostile one. */
function around(body: string): string {
  const lines = body.split('\n').map((line) => `    ${line}`)
  return [
    'import os, signal, sys, time',
    'def test_before(): pass',
    'def test_bad():',
    ...lines,
    'def test_after(): pass',
    '',
  ].join('\n')
}

const others = { test_before: 'passed', test_after: 'passed', test_first: 'passed', test_second: 'passed' }

describe.skipIf(info === undefined)('hostile tests', () => {
  it.each<[what: string, body: string, outcome: string, verdict: string]>([
    ['leaves with os._exit(0)', 'os._exit(0)', 'crashed', 'incomplete'],
    ['kills itself', 'os.kill(os.getpid(), signal.SIGKILL)', 'crashed', 'incomplete'],
    ['breaks the memory', 'import ctypes\nctypes.string_at(0)', 'crashed', 'incomplete'],
    ['aborts', 'os.abort()', 'crashed', 'incomplete'],
    ['calls sys.exit', 'sys.exit(0)', 'failed', 'failed'],
    ['ends the session', 'import pytest\npytest.exit("enough", returncode=0)', 'errored', 'failed'],
    [
      'hangs and catches every alarm',
      'signal.signal(signal.SIGALRM, signal.SIG_IGN)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(60)',
      'timed_out',
      'failed',
    ],
    [
      'hangs in native code',
      'import ctypes\nsignal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))\nctypes.PyDLL(None).sleep(600)',
      'timed_out',
      'failed',
    ],
    ['loops for ever', 'while True: pass', 'timed_out', 'failed'],
    ['prints 200 MB', 'block = "x" * 1048576\nfor _ in range(200): os.write(1, block.encode())', 'passed', 'passed'],
  ])('a test that %s', async (_what, body, outcome, verdict) => {
    const files = { 'test_a.py': around(body), 'test_b.py': good }
    const testTimeoutSeconds = outcome === 'timed_out' ? 1 : 30
    await runPytest(files, { testTimeoutSeconds }, async ({ execution, log }) => {
      expect(outcomesOf(execution)).toEqual({ ...others, test_bad: outcome })
      expect(execution.verdict).toBe(verdict)
      if (outcome !== 'passed') expect(testOf(execution, 'test_bad').attempts[0]?.failure?.message).toBeTruthy()
      expect((await log('pytest_stdout.log')).length).toBeLessThan(20 * 1024 * 1024)
    })
  })

  it('a file that leaves with os._exit(0) while it is imported', async () => {
    const files = {
      'test_a.py': 'import os\nos._exit(0)\ndef test_lost(): pass\n',
      'test_b.py': good,
      'test_c.py': around('pass'),
    }
    await runPytest(files, {}, async ({ execution }) => {
      expect(outcomesOf(execution)).toEqual({ ...others, test_bad: 'passed' })
      expect(execution.verdict).toBe('incomplete')
      expect(execution.problems).toContainEqual(expect.objectContaining({ kind: 'results_lost', file: 'test_a.py' }))
    })
  })

  it('a test that closes every descriptor', async () => {
    const files = { 'test_a.py': around('os.closerange(3, 65536)'), 'test_b.py': good }
    await runPytest(files, {}, async ({ execution }) => {
      // The channel is closed with the rest: the test cannot report, so it is named, and the others run without it.
      expect(outcomesOf(execution)).toMatchObject(others)
      expect(execution.verdict).toBe('incomplete')
      expect(testOf(execution, 'test_bad').outcome).toBe('crashed')
    })
  })

  it("a test that closes pytest's own files: what it spoiled for the others is proven good in fresh processes", async () => {
    const files = { 'test_a.py': around('os.closerange(3, 20)'), 'test_b.py': good }
    await runPytest(files, { retries: 1 }, async ({ execution }) => {
      const verdicts = execution.tests.filter(({ name }) => name !== 'test_bad').map(({ verdict }) => verdict)
      expect(new Set(verdicts)).toEqual(new Set(['passed', 'flaky']))
    })
  })

  it('a test that writes garbage and forged results to every descriptor', async () => {
    const forged = String.raw`{"event":"test_finish","id":"test_b.py::test_first","outcome":"failed","durationMs":1}`
    const body = `for fd in range(3, 1024):\n    try: os.write(fd, b'garbage\\n${forged}\\n')\n    except OSError: pass`
    const files = { 'test_a.py': around(body), 'test_b.py': good }
    await runPytest(files, {}, async ({ execution }) => {
      expect(execution.tests).toHaveLength(5)
      expect(execution.problems).toContainEqual(expect.objectContaining({ kind: 'tampered' }))
      expect(execution.verdict).not.toBe('passed')
    })
  })

  it.skipIf(!isBoxed)('a test that kills its parent', async () => {
    const files = { 'test_a.py': around('os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(0.5)'), 'test_b.py': good }
    await runPytest(files, { testTimeoutSeconds: 5 }, async ({ execution }) => {
      expect(outcomesOf(execution)).toMatchObject(others)
      expect(execution.tests.map(({ name }) => name)).toContain('test_bad')
    })
  })

  it.skipIf(!isBoxed)('a test that deletes its workspace and everything else it can', async () => {
    const body =
      'import shutil\nfor folder in (os.getcwd(), "/tmp", "/home"): shutil.rmtree(folder, ignore_errors=True)'
    const files = { 'test_a.py': around(body), 'test_b.py': good }
    await runPytest(files, { retries: 1 }, async ({ execution, cwd }) => {
      expect(outcomesOf(execution)).toMatchObject(others)
      expect((await readdir(cwd)).sort()).toEqual(['test_a.py', 'test_b.py'])
    })
  })

  it.skipIf(process.platform !== 'linux')('a test that leaves a daemon behind', async () => {
    const body = [
      'if os.fork() == 0:',
      '    os.setsid()',
      '    if os.fork() == 0:',
      '        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(300)", "greenloop-hostile-daemon"])',
      '    os._exit(0)',
      'os.wait()',
    ].join('\n')
    await runPytest({ 'test_a.py': around(body), 'test_b.py': good }, {}, async ({ execution }) => {
      expect(outcomesOf(execution)).toMatchObject(others)
      expect(await commandLines()).not.toContain('greenloop-hostile-daemon')
    })
  })

  it.skipIf(!isBoxed)('a test that writes into the project leaves it as it was', async () => {
    const body = 'open("new.txt", "w").write("x")\nopen("test_b.py", "w").write("")'
    await runPytest({ 'test_a.py': around(body), 'test_b.py': good }, {}, async ({ execution, cwd }) => {
      expect(outcomesOf(execution)).toEqual({ ...others, test_bad: 'passed' })
      expect(existsSync(join(cwd, 'new.txt'))).toBe(false)
      expect((await stat(join(cwd, 'test_b.py'))).size).toBe(good.length)
    })
  })

  it('a crash does not disturb the shares of other workers', async () => {
    const files = { 'test_a.py': around('os._exit(0)'), 'test_b.py': good }
    await runPytest(files, { workers: 2, retries: 1 }, async ({ execution }) => {
      expect(outcomesOf(execution)).toEqual({ ...others, test_bad: 'crashed crashed' })
      expect(execution.verdict).toBe('incomplete')
    })
  })

  it.skipIf(info?.plugins['xdist'] === undefined)('a crash under xdist is named, and nothing is lost', async () => {
    const files = { 'test_a.py': around('os._exit(0)'), 'test_b.py': good }
    await runPytest(files, { workers: 2, distribution: 'xdist' }, async ({ execution }) => {
      expect(outcomesOf(execution)).toEqual({ ...others, test_bad: 'crashed' })
      expect(execution.verdict).toBe('incomplete')
    })
  })
})

async function commandLines(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.join('\n')
}
