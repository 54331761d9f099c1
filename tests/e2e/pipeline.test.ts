import { readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startLlmServer, streamed } from '../support/llm-server.ts'
import { cli, root, temporary } from './cli.ts'

const suite = (name: string): string => join(root, 'examples', 'suites', name)
const answer = (name: string): string => join(root, 'examples', 'answers', name)

interface Summary {
  readonly verdict: string
  readonly exitCode: number
  readonly summary: Readonly<Record<string, number>>
  readonly failures: readonly { readonly id: string; readonly outcome: string; readonly message: string }[]
  readonly flaky: readonly { readonly id: string }[]
  readonly artifacts: Readonly<Record<string, string>>
  readonly generation?: { readonly provider: string; readonly tests: readonly string[] }
}

async function pipeline(
  args: readonly string[],
  runId = 'one',
): Promise<{ code: number | null; document: Summary; stderr: string; files: readonly string[] }> {
  await using folder = await temporary()
  const { code, stdout, stderr } = await cli([
    'pipeline',
    ...args,
    '--artifacts',
    folder.path,
    '--run-id',
    runId,
    '--json',
  ])
  const files = await readdir(join(folder.path, runId)).catch(() => [])
  if (code === 0) expect(await realpath(join(folder.path, 'latest'))).toBe(await realpath(join(folder.path, runId)))
  return { code, document: JSON.parse(stdout) as Summary, stderr, files }
}

describe('offline, without any model', () => {
  it.each([
    ['calculator.json', 'pytest'],
    ['calculator.json', 'vitest'],
    ['calculator.json', 'node'],
    ['authentication.json', 'pytest'],
    ['authentication.json', 'vitest'],
  ])('%s becomes a green run on %s', async (name, framework) => {
    const { code, document, stderr, files } = await pipeline([
      '--suite',
      suite(name),
      '--mode',
      'offline',
      '--framework',
      framework,
      '--coverage',
    ])
    expect(stderr + JSON.stringify(document.failures)).not.toContain('error[')
    expect(document.verdict).toBe('passed')
    expect(code).toBe(0)
    expect(document.summary['total']).toBeGreaterThanOrEqual(10)
    for (const file of [
      'report.json',
      'junit.xml',
      'bench.json',
      'report.html',
      'digest.md',
      'bundle.zip',
      'prompt.md',
      'answer.md',
    ]) {
      expect(files).toContain(file)
    }
    expect(files).toContain(`${framework}_stdout.log`)
  })

  it('leaves every artifact that the contract names, coverage among them', async () => {
    const { files } = await pipeline([
      '--suite',
      suite('calculator.json'),
      '--mode',
      'offline',
      '--coverage',
      '--benchmark',
    ])
    for (const file of [
      'report.json',
      'junit.xml',
      'coverage.xml',
      'bench.json',
      'pytest_stdout.log',
      'pytest_stderr.log',
      'pytest.log',
    ]) {
      expect(files).toContain(file)
    }
  })
})

describe('a mock model', () => {
  it.each(['calculator.md', 'nested.md', 'two-blocks.md', 'truncated.md'])('%s becomes a run', async (name) => {
    const { code, document } = await pipeline([
      '--suite',
      suite('calculator.json'),
      '--mode',
      'mock',
      '--mock-response',
      answer(name),
    ])
    expect(document.verdict).toBe('passed')
    expect(code).toBe(0)
    expect(document.summary['total']).toBeGreaterThanOrEqual(document.generation?.tests.length ?? Infinity)
  })

  it('that refuses ends the run as failed, with the answer kept', async () => {
    const { code, document, files } = await pipeline([
      '--suite',
      suite('calculator.json'),
      '--mode',
      'mock',
      '--mock-response',
      answer('refusal.md'),
    ])
    expect(code).toBe(3)
    expect(document).toMatchObject({ status: 'failed', runId: 'one', error: { code: 'GL0401' } })
    expect(files).toContain('answer.md')
  })
})

describe('a model behind HTTP', () => {
  it('gets prompt, model and headers, and its tests are run', async () => {
    await using server = await startLlmServer([streamed(await readFile(answer('calculator.md'), 'utf8'))])
    const args = [
      '--http-endpoint',
      `${server.url}/v1/chat/completions`,
      '--http-model',
      'qwen-max',
      '--http-header',
      'X-Project:demo',
    ]
    const { code, document } = await pipeline(['--suite', suite('calculator.json'), '--mode', 'http', ...args])
    expect(code).toBe(0)
    expect(document.generation?.provider).toBe('http qwen-max')
    const [request] = server.requests
    expect(request?.headers['x-project']).toBe('demo')
    expect(request?.body['model']).toBe('qwen-max')
    expect(JSON.stringify(request?.body)).toContain('CALC-')
  })

  it('is recorded once and replayed without a network', async () => {
    await using recordings = await temporary()
    const server = await startLlmServer([streamed(await readFile(answer('calculator.md'), 'utf8'))])
    const http = ['--mode', 'http', '--http-endpoint', server.url, '--http-model', 'm', '--record', recordings.path]
    expect((await pipeline(['--suite', suite('calculator.json'), ...http])).code).toBe(0)
    await server.close()
    const { code } = await pipeline(
      ['--suite', suite('calculator.json'), '--mode', 'replay', '--replay', recordings.path],
      'another',
    )
    expect(code).toBe(0)
  })
})

describe('what happened on the way is told', () => {
  it('names the offline generator where it took over from a model that a lying key implied', async () => {
    await using folder = await temporary()
    const env = { LLM_API_KEY: 'k', LLM_BASE_URL: 'http://127.0.0.1:9/v1', LLM_MAX_ATTEMPTS: '1' }
    const args = ['generate', '--suite', suite('calculator.json'), '--artifacts', folder.path, '--json']
    const { code, stdout, stderr } = await cli(args, { env })
    expect(code).toBe(0)
    expect(stderr).toContain('the offline generator takes over')
    expect(JSON.parse(stdout)).toMatchObject({ provider: 'offline' })
  })

  it('shows what was changed in an answer, what it does not prove, and that a named key is missing', async () => {
    await using folder = await temporary()
    const own =
      'from calculator import subtract\n\n\ndef add(a, b):\n    return a + b\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\ndef test_cut(:\n'
    await using server = await startLlmServer([streamed(`\`\`\`python\n${own}\`\`\``)])
    const http = ['--mode', 'http', '--http-endpoint', server.url, '--http-api-key-env', 'NO_SUCH_KEY']
    const args = ['generate', '--suite', suite('calculator.json'), ...http, '--artifacts', folder.path]
    const { code, stderr } = await cli(args)
    expect(code).toBe(0)
    expect(stderr).toContain('the variable NO_SUCH_KEY is not set')
    expect(stderr).toContain('dropped')
    expect(stderr).toContain('defines what it should test: add')
  })

  it('refuses a script that tests only a copy of its own', async () => {
    await using folder = await temporary()
    const answer = join(folder.path, 'answer.md')
    await writeFile(
      answer,
      '```python\ndef add(a, b):\n    return a + b\n\n\ndef test_add():\n    assert add(1, 2) == 3\n```\n',
    )
    const args = [
      '--suite',
      suite('calculator.json'),
      '--mode',
      'mock',
      '--mock-response',
      answer,
      '--artifacts',
      folder.path,
    ]
    const { code, stderr } = await cli(['pipeline', ...args])
    expect(code).toBe(3)
    expect(stderr).toMatch(/GL0402.*defines what it should test: add/)
  })
})

it('completes the commands of a command', async () => {
  expect((await cli(['completion', 'bash'])).stdout).toContain("config) words='show --origin ")
})

describe('the sample requests', () => {
  it.each([
    ['exec_request.json', ['failed', 'errored', 'timed_out']],
    ['exec_request_vitest.json', ['failed', 'timed_out']],
    ['exec_request_node.json', ['failed', 'timed_out']],
  ])('%s: each outcome is reported as what it is', async (name, outcomes) => {
    await using folder = await temporary()
    const { code, stdout, stderr } = await cli(['run', join('examples', name), '--artifacts', folder.path])
    expect(stderr).not.toContain('error[')
    const document = JSON.parse(stdout) as Summary
    expect(code).toBe(1)
    expect(document.verdict).toBe('failed')
    expect(document.summary['passed']).toBeGreaterThan(0)
    expect(document.summary['skipped']).toBeGreaterThan(0)
    expect(document.flaky.length).toBeGreaterThan(0)
    for (const outcome of outcomes) expect(document.failures.map((failure) => failure.outcome)).toContain(outcome)
  })
})

describe('a script in a folder of its own', () => {
  it('is written, run and kept there', async () => {
    await using folder = await temporary()
    const path = join(folder.path, 'suite.json')
    await writeFile(join(folder.path, 'sums.py'), 'def add(a, b):\n    return a - b\n')
    const target = { kind: 'python', module: 'sums' }
    const cases = [{ id: 'S-1', title: 'adds', call: 'add', args: [1, 2], expected: { returns: 3 } }]
    await writeFile(path, JSON.stringify({ name: 'sums', target, script: 'tests/api/test_sums.py', cases }))
    const { code, stdout } = await cli([
      'pipeline',
      '--suite',
      path,
      '--artifacts',
      join(folder.path, 'a'),
      '--run-id',
      'r',
    ])
    expect(code).toBe(1)
    const document = JSON.parse(stdout) as Summary
    expect(document.failures).toMatchObject([{ caseId: 'S-1', outcome: 'failed', file: 'tests/api/test_sums.py' }])
    expect(await readFile(join(folder.path, 'a', 'r', 'tests', 'api', 'test_sums.py'), 'utf8')).toContain('S-1')
    expect(await readdir(folder.path)).not.toContain('tests')
  })
})

describe('the event stream', () => {
  it('is JSON lines with increasing numbers, the summary last', async () => {
    await using folder = await temporary()
    const { stdout } = await cli([
      'pipeline',
      '--suite',
      suite('calculator.json'),
      '--artifacts',
      folder.path,
      '--jsonl',
    ])
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; seq?: number; verdict?: string })
    expect(events.at(-1)).toMatchObject({ kind: 'summary', verdict: 'passed' })
    const numbers = events.slice(0, -1).map(({ seq }) => seq)
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(new Set(events.map(({ kind }) => kind))).toEqual(
      new Set(['step', 'started', 'collected', 'running', 'test', 'finished', 'summary']),
    )
  })
})
