import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cut, endless, hangUp, raw, silent, startLlmServer, streamed } from '../support/llm-server.ts'
import type { Reply } from '../support/llm-server.ts'
import { cli, root, startCli, temporary } from './cli.ts'

const calculator = join(root, 'examples', 'suites', 'calculator.json')

async function pipelineOn(suite: string | Buffer, name = 'suite.json') {
  await using folder = await temporary()
  const path = join(folder.path, name)
  await writeFile(path, suite)
  return await cli(['pipeline', '--suite', path, '--artifacts', join(folder.path, 'artifacts')])
}

async function pipelineWith(reply: Reply | readonly Reply[], env: Readonly<Record<string, string>> = {}) {
  await using server = await startLlmServer(typeof reply === 'function' ? [reply] : reply)
  return await pipelineAt(`${server.url}/v1/chat/completions`, env)
}

async function pipelineAt(endpoint: string, env: Readonly<Record<string, string>> = {}) {
  await using folder = await temporary()
  const args = ['--mode', 'http', '--http-endpoint', endpoint, '--http-model', 'm', '--artifacts', folder.path]
  return await cli(['pipeline', '--suite', calculator, ...args, '--json'], { env: { LLM_MAX_ATTEMPTS: '2', ...env } })
}

const errorOf = (stdout: string): { code: string; message: string } =>
  (JSON.parse(stdout) as { error: { code: string; message: string } }).error

it('guesses which option or command was meant', async () => {
  const { code, stderr } = await cli(['pipeline', '--suite', calculator, '--framwork', 'pytest'])
  expect(code).toBe(2)
  expect(stderr).toContain('did you mean `--framework`?')
})

describe('a suite that cannot be used', () => {
  it('is named with line and column when it is not JSON', async () => {
    const { code, stderr } = await pipelineOn('{\n  "name": "x",\n  "cases": [,]\n}')
    expect(code).toBe(2)
    expect(stderr).toMatch(/error\[GL0104\].*\n\s*--> .*suite\.json:3:13/)
  })

  it('shows every unknown key with the one that was meant', async () => {
    const { code, stderr } = await pipelineOn(
      JSON.stringify(
        { name: 'x', target: { kind: 'python', modul: 'm' }, cases: [{ id: 'a', title: 't', expcted: 1 }] },
        null,
        2,
      ),
    )
    expect(code).toBe(2)
    expect(stderr).toContain('GL0201')
    expect(stderr).toContain('`modul`')
    expect(stderr).toContain('`module`')
    expect(stderr).toContain('`expected`')
  })

  it('names both places of a duplicate id', async () => {
    const test = { id: 'a', title: 't', call: 'f', expected: { returns: 1 } }
    const { code, stderr } = await pipelineOn(
      JSON.stringify({ name: 'x', target: { kind: 'python', module: 'm' }, cases: [test, test] }, null, 2),
    )
    expect(code).toBe(2)
    expect(stderr).toMatch(/`?a`?.*(twice|duplicate|already|first)/i)
  })

  it('is refused at 50 MB and at 100,000 levels, without being read whole', async () => {
    const large = await pipelineOn(Buffer.alloc(50 * 1024 * 1024, 32))
    expect(large.code).toBe(2)
    expect(large.stderr).toContain('GL0103')
    const deep = await pipelineOn('['.repeat(100_000))
    expect(deep.code).toBe(2)
    expect(deep.stderr).toContain('GL0103')
  })

  it('is said to be missing, with the file that was probably meant', async () => {
    const { code, stderr } = await cli(['pipeline', '--suite', 'examples/suites/calculater.json'])
    expect(code).toBe(2)
    expect(stderr).toContain('GL0102')
    expect(stderr).toContain('calculator.json')
  })
})

describe('a command line that cannot be used', () => {
  it('ends with 2 and the nearest option', async () => {
    const { code, stderr } = await cli(['pipeline', '--siute', 'x'])
    expect(code).toBe(2)
    expect(stderr).toContain('--suite')
    expect(stderr).not.toContain('    at ')
  })

  it('names a run that would lead out of the artifacts, and a test that is not there', async () => {
    const outside = await cli(['run', 'examples/samples', '--run-id', '../../x'])
    expect(outside.code).toBe(2)
    expect(outside.stderr).toContain('`../../x`')
    const missing = await cli(['run', 'examples/samples/test_nowhere.py'])
    expect(missing.code).toBe(2)
    expect(missing.stderr).toMatch(/GL0102.*test_nowhere/)
  })

  it('says which value is wrong', async () => {
    const { code, stderr } = await cli(['pipeline', '--suite', calculator, '--retries', 'many'])
    expect(code).toBe(2)
    expect(stderr).toContain('many')
  })
})

describe('a model that cannot be used', () => {
  it('is unreachable: exit 3 and no silent fall-back when it was demanded', async () => {
    const { code, stdout } = await pipelineAt('http://127.0.0.1:9/v1')
    expect(code).toBe(3)
    expect(errorOf(stdout).code).toBe('GL0301')
  })

  it.each([
    ['refuses the key', raw('{"error":{"message":"bad key"}}', 401), 'GL0302'],
    ['has too many requests', raw('{}', 429, { 'retry-after': '0' }), 'GL0304'],
    ['breaks', raw('<html>oops</html>', 500), 'GL0305'],
    ['talks garbage', raw('<!doctype html><p>proxy', 200, { 'content-type': 'text/html' }), 'GL0306'],
    ['hangs up', hangUp(), 'GL0301'],
    ['never ends', endless('gzip'), 'GL0308'],
    ['says nothing', streamed(''), 'GL0401'],
    ['only refuses', streamed("I'm sorry, but I can't help with that."), 'GL0401'],
  ])('%s', async (_, reply, id) => {
    const { code, stdout } = await pipelineWith(reply)
    expect(errorOf(stdout).code).toBe(id)
    expect(code).toBe(3)
  })

  it('is silent: the deadline names itself', async () => {
    const { code, stdout } = await pipelineWith(silent('head'), {
      LLM_MAX_ATTEMPTS: '1',
      LLM_FIRST_BYTE_TIMEOUT_SECONDS: '0.3',
      LLM_IDLE_TIMEOUT_SECONDS: '0.3',
    })
    expect(errorOf(stdout).code).toBe('GL0303')
    expect(code).toBe(3)
  })

  it('breaks off in a test: the whole tests before it are kept and run', async () => {
    const answer =
      '```python\nfrom calculator import add\n\ndef test_one():\n    assert add(1, 2) == 3\n\ndef test_two():\n    assert add(2, '
    const { code, stdout } = await pipelineWith(cut(answer), { LLM_MAX_ATTEMPTS: '1' })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'passed', summary: { total: 1, passed: 1 } })
  })

  it('never gets its key into an artifact or a message', async () => {
    await using server = await startLlmServer([raw('{"error":"no"}', 401)])
    const { stdout, stderr } = await pipelineAt(server.url, { LLM_API_KEY: 'sk-canary-1234567890abcdef' })
    expect(server.requests[0]?.headers.authorization).toBe('Bearer sk-canary-1234567890abcdef')
    expect(stdout + stderr).not.toContain('canary')
  })
})

describe('a machine that cannot be used', () => {
  it('lacks the framework: says what was tried and how to get it', async () => {
    await using folder = await temporary()
    await writeFile(join(folder.path, 'test_a.py'), 'def test_a():\n    pass\n')
    const { code, stderr } = await cli(
      ['run', 'test_a.py', '--runner-path', '/nowhere/python', '--artifacts', join(folder.path, 'a')],
      {
        cwd: folder.path,
      },
    )
    expect(code).toBe(3)
    expect(stderr).toContain('GL0501')
    expect(stderr).toContain('/nowhere/python')
  })

  it('cannot hold the artifacts: nothing half-written stays', async () => {
    await using folder = await temporary()
    await writeFile(join(folder.path, 'file'), '')
    const { code, stderr } = await cli([
      'pipeline',
      '--suite',
      calculator,
      '--artifacts',
      join(folder.path, 'file', 'below'),
    ])
    expect(code).toBe(3)
    expect(stderr).toContain('GL0601')
  })
})

describe('Ctrl-C', () => {
  const sleeping = 'import time\n\ndef test_quick():\n    pass\n\ndef test_slow():\n    time.sleep(60)\n'

  it('once: ends the tests, writes what is finished, exits with 130', async () => {
    await using folder = await temporary()
    await mkdir(join(folder.path, 'tests'))
    await writeFile(join(folder.path, 'tests', 'test_slow.py'), sleeping)
    const running = startCli(['run', 'tests', '--artifacts', 'artifacts', '--json'], { cwd: folder.path })
    await until(() => running.stderr().includes('test_quick'))
    running.kill('SIGINT')
    const { code, stdout } = await running.ended
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'cancelled', summary: { passed: 1, notRun: 1 } })
  })

  it('twice: ends at once', async () => {
    await using folder = await temporary()
    await writeFile(
      join(folder.path, 'test_stubborn.py'),
      'import signal, time\n\ndef test_quick():\n    pass\n\ndef test_slow():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(60)\n',
    )
    const running = startCli(['run', 'test_stubborn.py', '--artifacts', 'artifacts'], { cwd: folder.path })
    await until(() => running.stderr().includes('test_quick'))
    running.kill('SIGINT')
    await until(() => running.stderr().includes('once more'))
    running.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
  })
})

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 30_000, interval: 50 }).toBe(true)
}
