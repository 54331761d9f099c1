import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openBox, outcomesOf, testOf, withProject } from '../../tests/scripted/scripted-runner.ts'

describe('running tests', () => {
  it('runs every test once and is green with proof', async () => {
    await withProject(
      { 'test_a.py': { one: 'pass', two: 'skip' }, 'test_b.py': { three: 'pass' } },
      async (project) => {
        const execution = await project.run()
        expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'skipped', three: 'passed' })
        expect(execution.verdict).toBe('passed')
        expect(execution.problems).toEqual([])
        expect(execution.processes).toHaveLength(1)
        expect(testOf(execution, 'one').attempts[0]?.stdout).toBe('hello\n')
      },
    )
  })

  it('reports a failing test as a value, with its message', async () => {
    await withProject({ 'test_a.py': { one: 'pass', two: 'fail' } }, async (project) => {
      const execution = await project.run()
      expect(execution.verdict).toBe('failed')
      expect(testOf(execution, 'two').attempts[0]?.failure?.message).toBe('expected 1, got 2')
    })
  })

  it('calls a run without a test empty', async () => {
    await withProject({ 'test_a.py': {} }, async (project) => {
      expect((await project.run()).verdict).toBe('empty')
    })
  })

  it('throws what the framework printed when it does not start a session', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const run = project.run({ env: { SCRIPTED_REFUSE: '1' } })
      await expect(run).rejects.toMatchObject({ code: 'runner_failed', why: 'unknown option' })
    })
  })

  it('throws runner_failed when the program is not there', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const sandbox = {
        ...openBox(),
        box: () =>
          Promise.resolve({
            command: { argv: ['/nowhere/python'], cwd: project.cwd, env: {} },
            release: () => Promise.resolve(),
          }),
      }
      await expect(project.run({}, { parts: { sandbox } })).rejects.toMatchObject({ code: 'runner_failed' })
    })
  })

  it('only collects when nothing else is asked for', async () => {
    await withProject({ 'test_a.py': { one: 'fail', two: 'hang' } }, async (project) => {
      const execution = await project.run({}, { parts: { collectOnly: true } })
      expect(execution.tests.map(({ name, attempts }) => [name, attempts.length])).toEqual([
        ['one', 0],
        ['two', 0],
      ])
      expect(execution.problems).toEqual([])
    })
  })

  it('tells what could not be collected', async () => {
    await withProject({ 'test_a.py': { one: 'pass' }, 'test_b.py': { onCollect: 'error' } }, async (project) => {
      const execution = await project.run({}, { parts: { collectOnly: true } })
      expect(execution).toMatchObject({ tests: [{ name: 'one' }], problems: [{ kind: 'collection_error' }] })
      expect(execution.processes).toHaveLength(1)
    })
  })

  it('takes a collection error for a failure and runs the other files', async () => {
    await withProject({ 'test_a.py': { one: 'pass' }, 'test_b.py': { onCollect: 'error' } }, async (project) => {
      const execution = await project.run()
      expect(execution.verdict).toBe('failed')
      expect(execution.problems).toMatchObject([{ kind: 'collection_error', file: 'test_b.py' }])
      expect(outcomesOf(execution)).toEqual({ one: 'passed' })
    })
  })
})

describe('lost processes', () => {
  it.each(['exit', 'kill'])('names a test that ends its process by %s and runs the rest', async (behaviour) => {
    await withProject({ 'test_a.py': { one: 'pass', bad: behaviour, two: 'pass', three: 'fail' } }, async (project) => {
      const execution = await project.run({ tests: ['test_a.py'] })
      expect(outcomesOf(execution)).toEqual({ one: 'passed', bad: 'crashed', two: 'passed', three: 'failed' })
      expect(execution.verdict).toBe('failed')
      expect(testOf(execution, 'bad').attempts[0]?.failure?.message).toMatch(/process ended while this test ran/)
    })
  })

  it('calls a run with a crash and no failure incomplete', async () => {
    await withProject({ 'test_a.py': { one: 'pass', bad: 'exit', two: 'pass' } }, async (project) => {
      const execution = await project.run()
      expect(execution.verdict).toBe('incomplete')
      expect(execution.processes.map(({ purpose }) => purpose)).toEqual(['run', 'remainder'])
    })
  })

  it('survives a suite in which every test crashes', async () => {
    const tests = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`t${at}`, 'exit']))
    await withProject({ 'test_a.py': tests }, async (project) => {
      const execution = await project.run()
      expect(new Set(Object.values(outcomesOf(execution)))).toEqual(new Set(['crashed']))
      expect(execution.processes).toHaveLength(6)
    })
  })

  it('takes the end of a session inside a test for a crash of that test', async () => {
    await withProject({ 'test_a.py': { one: 'endSession', two: 'pass' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'crashed', two: 'passed' })
      expect(execution.verdict).toBe('incomplete')
    })
  })

  it('says so when a process ends between two tests, and runs the rest', async () => {
    await withProject({ 'test_a.py': { one: 'exitAfter', two: 'pass' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'passed' })
      expect(execution.verdict).toBe('incomplete')
      expect(execution.problems).toMatchObject([{ kind: 'process_crashed', message: /after test_a.py::one/ }])
    })
  })

  it('does not call a run green whose process vanished after the last test', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const execution = await project.run({ env: { SCRIPTED_END: 'vanish' } })
      expect(execution.verdict).toBe('incomplete')
    })
  })

  it('does not call a run green whose exit code nothing explains', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const execution = await project.run({ env: { SCRIPTED_END: 'dirty' } })
      expect(execution).toMatchObject({ verdict: 'failed', problems: [{ kind: 'exit_code' }] })
    })
  })

  it('finds the file at whose import the process ends, and runs all others', async () => {
    const good = Object.fromEntries([1, 2, 3, 4, 5].map((at) => [`test_${at}.py`, { [`t${at}`]: 'pass' }]))
    await withProject({ ...good, 'test_3b.py': { onCollect: 'exit' } }, async (project) => {
      const execution = await project.run({ tests: [] })
      expect(Object.keys(outcomesOf(execution)).sort()).toEqual(['t1', 't2', 't3', 't4', 't5'])
      expect(execution.verdict).toBe('incomplete')
      expect(execution.problems).toContainEqual(expect.objectContaining({ kind: 'results_lost', file: 'test_3b.py' }))
    })
  })

  it('blames none of several tests that ran together, and runs each alone', async () => {
    const tests = { one: 'together', two: 'bystander', three: 'bystander', four: 'pass' }
    await withProject({ 'test_a.py': tests }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'passed', three: 'passed', four: 'passed' })
      expect(execution).toMatchObject({
        verdict: 'incomplete',
        problems: [{ message: expect.stringMatching(/while 3 tests ran together/) }],
      })
    })
  })

  it('works through shares that all end at the same import', async () => {
    const files = { 'test_a.py': { a1: 'pass', a2: 'pass', a3: 'pass' }, 'test_b.py': { onCollect: 'exit' } }
    await withProject(files, async (project) => {
      const execution = await project.run({ workers: 3 })
      expect(outcomesOf(execution)).toEqual({ a1: 'passed', a2: 'passed', a3: 'passed' })
      expect(execution.problems).toContainEqual(expect.objectContaining({ kind: 'results_lost', file: 'test_b.py' }))
    })
  })
})

describe('hanging processes', () => {
  it.each(['hang', 'stubborn'])('kills a test that does %s, names it and runs the rest', async (behaviour) => {
    await withProject({ 'test_a.py': { one: 'pass', bad: behaviour, two: 'pass' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed', bad: 'timed_out', two: 'passed' })
      expect(execution.verdict).toBe('failed')
      expect(project.progress).toContainEqual(expect.objectContaining({ kind: 'killed', id: 'test_a.py::bad' }))
    })
  })

  it('notices silence between two tests', async () => {
    await withProject({ 'test_a.py': { one: 'hangAfter', two: 'pass' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'passed' })
      expect(execution).toMatchObject({ verdict: 'incomplete', problems: [{ kind: 'process_hung' }] })
    })
  })

  it('notices a file that hangs while it is collected', async () => {
    await withProject({ 'test_a.py': { one: 'pass' }, 'test_b.py': { onCollect: 'hang' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed' })
      expect(execution.problems).toContainEqual(expect.objectContaining({ file: 'test_b.py' }))
    })
  })

  it('keeps the results of a process that does not exit after its session', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const execution = await project.run({ env: { SCRIPTED_END: 'hang' } })
      expect(execution).toMatchObject({ verdict: 'passed', problems: [{ kind: 'note' }] })
    })
  })

  it('ends everything at the total limit and calls the rest not run', async () => {
    await withProject({ 'test_a.py': { one: 'pass', two: 'hang', three: 'pass' } }, async (project) => {
      const silence = { testMs: 60_000, idleMs: 60_000, exitMs: 60_000 }
      const execution = await project.run({ timeoutSeconds: 1 }, { parts: { silence } })
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'cancelled', three: '' })
      expect(execution).toMatchObject({ verdict: 'incomplete', problems: [{ kind: 'total_timeout' }] })
    })
  })

  it('keeps what is finished when the user interrupts', async () => {
    await withProject({ 'test_a.py': { one: 'pass', two: 'hang', three: 'pass' } }, async (project) => {
      const silence = { testMs: 60_000, idleMs: 60_000, exitMs: 60_000 }
      const user = new AbortController()
      const onProgress = (step: { kind: string; id?: string | undefined }): void => {
        if (step.kind === 'running' && step.id === 'test_a.py::two') user.abort()
      }
      const execution = await project.run({ retries: 2 }, { parts: { silence }, signal: user.signal, onProgress })
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'cancelled', three: '' })
      expect(execution.verdict).toBe('cancelled')
    })
  })
})

describe('retries', () => {
  it('gives a failed test new attempts in fresh processes and keeps them all', async () => {
    await withProject({ 'test_a.py': { one: 'flaky', two: 'pass', three: 'fail' } }, async (project) => {
      const execution = await project.run({ retries: 2 })
      expect(outcomesOf(execution)).toEqual({ one: 'failed passed', two: 'passed', three: 'failed failed failed' })
      expect(testOf(execution, 'one').verdict).toBe('flaky')
      expect(new Set(testOf(execution, 'three').attempts.map((attempt) => attempt.process)).size).toBe(3)
      expect(execution.verdict).toBe('failed')
    })
  })

  it('calls a run green that only has flaky tests, be it after a crash or a hang', async () => {
    await withProject({ 'test_a.py': { one: 'flaky', two: 'crashOnce', three: 'hangOnce' } }, async (project) => {
      const execution = await project.run({ retries: 1 })
      expect(outcomesOf(execution)).toEqual({
        one: 'failed passed',
        two: 'crashed passed',
        three: 'timed_out passed',
      })
      expect(execution.verdict).toBe('passed')
    })
  })
})

describe('a channel that lies', () => {
  it('keeps good results and says that something else was written to the channel', async () => {
    await withProject({ 'test_a.py': { one: 'garbage', two: 'pass' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'passed' })
      expect(execution).toMatchObject({ verdict: 'incomplete', problems: [{ kind: 'tampered' }] })
    })
  })

  it('counts the worse of two results for one attempt', async () => {
    await withProject({ 'test_a.py': { one: 'forged' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'failed' })
      expect(execution.verdict).toBe('failed')
    })
  })

  it('does not enter tests that nobody collected', async () => {
    await withProject({ 'test_a.py': { one: 'stranger' } }, async (project) => {
      const execution = await project.run()
      expect(outcomesOf(execution)).toEqual({ one: 'passed' })
      expect(execution).toMatchObject({ verdict: 'incomplete', problems: [{ kind: 'tampered' }] })
    })
  })
})

describe('workers', () => {
  const files = Object.fromEntries(
    [1, 2, 3, 4].map((at) => [`test_${at}.py`, { [`a${at}`]: 'pass', [`b${at}`]: at === 2 ? 'exit' : 'pass' }]),
  )

  it('divides by files where there are enough of them, and loses and doubles nothing', async () => {
    await withProject(files, async (project) => {
      const execution = await project.run({ workers: 2, tests: [] })
      const expected = Object.fromEntries(
        Object.values(files).flatMap((tests) => Object.keys(tests).map((name) => [name, 'passed'])),
      )
      expect(outcomesOf(execution)).toEqual({ ...expected, b2: 'crashed' })
      expect(await project.starts()).toContainEqual({ kind: 'paths', paths: ['test_1.py', 'test_3.py'] })
    })
  })

  it('lets the plugin divide where there are fewer files than workers', async () => {
    await withProject({ 'test_a.py': { one: 'pass', two: 'pass', three: 'fail' } }, async (project) => {
      const execution = await project.run({ workers: 2 })
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'passed', three: 'failed' })
      expect(await project.starts()).toContainEqual({ kind: 'paths', paths: ['test_a.py'], shard: { index: 1, of: 2 } })
    })
  })

  it('says what is missing where coverage cannot be measured', async () => {
    await withProject({ 'test_a.py': { one: 'exit' } }, async (project) => {
      const { problems } = await project.run({ coverage: { sources: ['.'] } })
      const told = problems.map(({ message }) => message)
      expect(told).toContainEqual(expect.stringContaining('-m pip install coverage'))
    })
  })

  it('unites the coverage of all processes', async () => {
    await withProject({ 'test_a.py': { one: 'pass' }, 'test_b.py': { two: 'pass' } }, async (project) => {
      const execution = await project.run({ workers: 2, coverage: { sources: ['.'] } })
      expect(execution.coverage).toEqual([{ file: 'a.py', lines: { 1: 2, 2: 2 }, branches: {} }])
    })
  })
})

describe('workspaces', () => {
  it('gives the processes of a run one copy where there is a sandbox, and leaves the project as it is', async () => {
    await withProject({ 'test_a.py': { one: 'write', two: 'exit', three: 'blind' } }, async (project) => {
      const execution = await project.run({}, { parts: { sandbox: openBox('limited') } })
      // The process of the remainder finds what the first one has written.
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'crashed', three: 'failed' })
      await expect(readFile(join(project.cwd, 'left-behind.txt'))).rejects.toMatchObject({ code: 'ENOENT' })
    })
  })

  it('survives a test that deletes its workspace', async () => {
    await withProject({ 'test_a.py': { one: 'wipe', two: 'flaky' } }, async (project) => {
      const execution = await project.run({ retries: 1 }, { parts: { sandbox: openBox('limited') } })
      expect(outcomesOf(execution)).toEqual({ one: 'passed', two: 'failed passed' })
    })
  })

  it('lays files over a copy even without a sandbox', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const overlay = [{ path: 'new/test_new.py', text: JSON.stringify({ tests: { extra: 'pass' } }) }]
      const execution = await project.run({ tests: ['new/test_new.py'] }, { parts: { overlay } })
      expect(outcomesOf(execution)).toEqual({ extra: 'passed' })
      await expect(readFile(join(project.cwd, 'new/test_new.py'))).rejects.toMatchObject({ code: 'ENOENT' })
    })
  })

  it('refuses to lay a file outside the project', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      const run = project.run({}, { parts: { overlay: [{ path: '../evil.py', text: '' }] } })
      await expect(run).rejects.toMatchObject({ name: 'GreenloopError' })
    })
  })
})

describe('logs', () => {
  it('keeps head and tail of an endless output', async () => {
    await withProject({ 'test_a.py': { one: 'print' } }, async (project) => {
      const execution = await project.run({ maxOutputMb: 1 })
      expect(execution.verdict).toBe('passed')
      const text = await project.log('pytest_stdout.log')
      expect(text.length).toBeLessThan(1.1 * 1024 * 1024)
      expect(text).toMatch(/process 1 \(run\), exit code 0, cut \d+ bytes/)
    })
  })

  it('tells the course of the run in order, redacted', async () => {
    await withProject({ 'test_a.py': { one: 'pass', secret: 'exit' } }, async (project) => {
      await project.run({}, { parts: { redact: (text) => text.replaceAll('secret', '***') } })
      const text = await project.log('pytest.log')
      expect(text).toMatch(
        /started for run[^]*passed test_a.py::one[^]*ended: exit code 0[^]*crashed test_a.py::\*\*\*/,
      )
      expect(text).toMatch(/incomplete: 2 tests/)
    })
  })

  it('says artifact_failed where the folder cannot be made', async () => {
    await withProject({ 'test_a.py': { one: 'pass' } }, async (project) => {
      await rm(project.runDir, { recursive: true, force: true })
      const run = project.run({}, { parts: { runDir: join(project.cwd, 'test_a.py', 'run') } })
      await expect(run).rejects.toMatchObject({ code: 'artifact_failed' })
    })
  })
})
