import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startLlmServer, streamed } from '../support/llm-server.ts'
import { cli, startCli, temporary } from './cli.ts'

/** Tests that note each execution in a file of its own, so that executions are counted and not reports. */
const slowTests = `
import os, pathlib, time, pytest
SEEN = pathlib.Path(os.environ["SEEN"])

@pytest.mark.parametrize("number", range(30))
def test_slow(number):
    with open(SEEN / f"{number}.txt", "a") as file:
        file.write("x")
    time.sleep(0.1)
    assert number != 7
`

interface Document {
  readonly verdict: string
  readonly summary: Readonly<Record<string, number>>
  readonly failures: readonly { readonly id: string }[]
  readonly problems: readonly { readonly message: string }[]
}

async function executions(folder: string): Promise<readonly number[]> {
  const counts = Array.from({ length: 30 }, (_, number) =>
    readFile(join(folder, `${number}.txt`), 'utf8').then(
      ({ length }) => length,
      () => 0,
    ),
  )
  return Promise.all(counts)
}

/** A project of slow tests, a run of it that was killed in the middle, and the options to look at it. */
async function brokenOff(folder: string) {
  const [seen, store] = [join(folder, 'seen'), join(folder, 'runs.db')]
  await mkdir(seen)
  await writeFile(join(folder, 'test_slow.py'), slowTests)
  const request = { framework: 'pytest', tests: ['test_slow.py'], env: { SEEN: seen }, sandbox: 'off' }
  await writeFile(join(folder, 'request.json'), JSON.stringify(request))
  const options = { cwd: folder, env: { GREENLOOP_STORE: store } }
  const started = startCli(['run', 'request.json', '--run-id', 'one'], options)
  await until(async () => (await executions(seen)).filter((count) => count > 0).length >= 10)
  started.kill('SIGKILL')
  await started.ended
  return { seen, options, before: await executions(seen) }
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('a run of tests that was killed', () => {
  it('is shown as interrupted, and goes on where it stood', async () => {
    await using folder = await temporary()
    const { seen, options, before } = await brokenOff(folder.path)
    const listed = JSON.parse((await cli(['runs', 'list', '--json'], options)).stdout) as {
      runs: { standing: string }[]
    }
    expect(listed.runs.map(({ standing }) => standing)).toEqual(['interrupted'])

    const resumed = await cli(['runs', 'resume', 'one', '--json'], options)
    const document = JSON.parse(resumed.stdout) as Document
    expect(resumed.code).toBe(1)
    expect(document.verdict).toBe('failed')
    expect(document.summary).toMatchObject({ total: 30, passed: 29, failed: 1 })
    expect(document.failures.map(({ id }) => id)).toEqual(['test_slow.py::test_slow[7]'])
    expect(document.problems.map(({ message }) => message).join('\n')).toContain('keep their results')

    const after = await executions(seen)
    const again = after.filter((count, number) => count > (before[number] ?? 0) && (before[number] ?? 0) > 0).length
    expect(after.every((count) => count >= 1)).toBe(true)
    // Only what was not on record yet when the process was killed runs again: the last tenths of a second.
    expect(again).toBeLessThanOrEqual(5)
    expect(after.reduce((sum, count) => sum + count, 0)).toBe(30 + again)
  })

  it('is over once it is over: resuming again is refused, and says so', async () => {
    await using folder = await temporary()
    const { options } = await brokenOff(folder.path)
    await cli(['runs', 'resume', 'latest'], options)
    const { code, stderr } = await cli(['runs', 'resume', 'one'], options)
    expect(code).toBe(3)
    expect(stderr).toContain('is over: finished (failed)')
    const shown = JSON.parse((await cli(['runs', 'show', 'one', '--json'], options)).stdout) as {
      counts: Record<string, number>
    }
    expect(shown.counts).toMatchObject({ total: 30, succeeded: 29, failed: 1 })
  })

  it('keeps no result from before a file of the project was changed', async () => {
    await using folder = await temporary()
    const { seen, options, before } = await brokenOff(folder.path)
    await writeFile(join(folder.path, 'test_slow.py'), slowTests.replace('number != 7', 'number != 8'))
    const resumed = await cli(['runs', 'resume', 'one', '--json'], options)
    const document = JSON.parse(resumed.stdout) as Document
    expect(document.failures.map(({ id }) => id)).toEqual(['test_slow.py::test_slow[8]'])
    expect(await executions(seen)).toEqual(before.map((count) => count + 1))
  })
})

describe('a run with retries that was killed', () => {
  it('keeps the failed attempt of a test that passed at the second', async () => {
    await using folder = await temporary()
    const flaky = `
import os, pathlib, time
SEEN = pathlib.Path(os.environ["SEEN"])
def test_flaky():
    marker = SEEN / "flaky"
    was_there = marker.exists()
    marker.touch()
    assert was_there
def test_retried():
    with open(SEEN / "retried", "a") as file:
        file.write("x")
    if (SEEN / "flaky").exists() and len((SEEN / "retried").read_text()) == 2:
        time.sleep(60)
    assert len((SEEN / "retried").read_text()) > 1
`
    const seen = join(folder.path, 'seen')
    await mkdir(seen)
    await writeFile(join(folder.path, 'test_flaky.py'), flaky)
    const request = {
      framework: 'pytest',
      tests: ['test_flaky.py'],
      retries: 2,
      workers: 1,
      env: { SEEN: seen },
      sandbox: 'off',
    }
    await writeFile(join(folder.path, 'request.json'), JSON.stringify(request))
    const options = { cwd: folder.path, env: { GREENLOOP_STORE: join(folder.path, 'runs.db') } }
    const started = startCli(['run', 'request.json', '--run-id', 'one'], options)
    await until(async () => (await readFile(join(seen, 'retried'), 'utf8').catch(() => '')).length === 2)
    // By then the first result of the other test has been on record for a while.
    await until(async () => (await cli(['runs', 'show', 'one', '--json'], options)).stdout.includes('"succeeded":1'))
    started.kill('SIGKILL')
    await started.ended
    const resumed = JSON.parse((await cli(['runs', 'resume', 'one', '--json'], options)).stdout) as Document & {
      flaky: readonly { id: string; attempts: readonly string[] }[]
    }
    expect(resumed.verdict).toBe('passed')
    expect(resumed.flaky.map(({ id, attempts }) => [id, attempts])).toEqual([
      ['test_flaky.py::test_flaky', ['failed', 'passed']],
      ['test_flaky.py::test_retried', ['failed', 'passed']],
    ])
  })
})

describe('a pipeline that was killed', () => {
  it('does not ask the model again for a script that is there', async () => {
    await using folder = await temporary()
    const suite = {
      schema: 'greenloop.suite/v1',
      name: 'slow',
      target: { kind: 'python', module: 'slow', root: '.' },
      cases: [{ id: 'one', title: 'it is slow', call: 'wait', expected: { returns: 1 } }],
      script: 'test_slow.py',
    }
    const script =
      '```python\nimport time, slow\ndef test_one():\n    assert slow.wait() == 1\ndef test_two():\n    assert slow.wait(5) == 1\n```\n'
    await using server = await startLlmServer([streamed(script)])
    await writeFile(
      join(folder.path, 'slow.py'),
      'import time\ndef wait(seconds=0):\n    time.sleep(seconds)\n    return 1\n',
    )
    await writeFile(join(folder.path, 'suite.json'), JSON.stringify(suite))
    const options = { cwd: folder.path, env: { GREENLOOP_STORE: join(folder.path, 'runs.db') } }
    const http = ['--mode', 'http', '--http-endpoint', `${server.url}/v1`, '--http-model', 'test']
    const started = startCli(['pipeline', '--suite', 'suite.json', ...http, '--run-id', 'one'], options)
    await until(async () => (await cli(['runs', 'show', 'one', '--json'], options)).stdout.includes('"succeeded":1'))
    started.kill('SIGKILL')
    await started.ended
    const { code, stdout } = await cli(['runs', 'resume', 'one', '--json'], options)
    const document = JSON.parse(stdout) as Document
    expect(document.summary).toMatchObject({ total: 2, passed: 2 })
    expect(code).toBe(0)
    expect(server.requests.length).toBe(1)
  })
})

describe('runs on record', () => {
  it('list what was run, newest first, and tell what happened in it', async () => {
    await using folder = await temporary()
    const options = { cwd: folder.path, env: { GREENLOOP_STORE: join(folder.path, 'runs.db') } }
    await writeFile(join(folder.path, 'test_good.py'), 'def test_good(): pass\n')
    await cli(['run', 'test_good.py', '--run-id', 'first'], options)
    await cli(['run', 'test_good.py', '--run-id', 'second'], options)
    const { runs } = JSON.parse((await cli(['runs', 'list', '--json'], options)).stdout) as {
      runs: { id: string; verdict: string; kind: string }[]
    }
    expect(runs.map(({ id, verdict, kind }) => [id, verdict, kind])).toEqual([
      ['second', 'passed', 'execute'],
      ['first', 'passed', 'execute'],
    ])
    const logs = await cli(['runs', 'logs', 'sec'], options)
    expect(logs.stdout).toContain('started')
    expect(logs.stdout).toContain('passed')
    const pruned = await cli(['runs', 'prune', '--keep', '1', '--json'], options)
    expect(JSON.parse(pruned.stdout)).toMatchObject({ removed: [{ id: 'first' }] })
    expect((await cli(['runs', 'show', 'first'], options)).stderr).toContain('there is no run')
  })

  it('can be cancelled from another process', async () => {
    await using folder = await temporary()
    const options = { cwd: folder.path, env: { GREENLOOP_STORE: join(folder.path, 'runs.db') } }
    const hanging = 'import time\ndef test_hangs(): time.sleep(600)\n'
    await writeFile(join(folder.path, 'test_hang.py'), hanging)
    const started = startCli(['run', 'test_hang.py', '--run-id', 'long', '--sandbox', 'off', '--json'], options)
    await until(async () => (await cli(['runs', 'show', 'long', '--json'], options)).stdout.includes('"pending":1'))
    expect((await cli(['runs', 'cancel', 'long'], options)).code).toBe(0)
    const { code, stdout } = await started.ended
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'cancelled' })
    expect(code).toBe(130)
    expect((await cli(['runs', 'show', 'long', '--json'], options)).stdout).toContain('"state":"cancelled"')
  })
})
