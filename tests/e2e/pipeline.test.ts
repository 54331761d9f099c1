import { readdir, readFile, realpath } from 'node:fs/promises'
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

async function pipeline(args: readonly string[]): Promise<{ code: number | null; document: Summary; stderr: string; files: readonly string[] }> {
  await using folder = await temporary()
  const { code, stdout, stderr } = await cli(['pipeline', ...args, '--artifacts', folder.path, '--run-id', 'one', '--json'])
  const files = await readdir(join(folder.path, 'one')).catch(() => [])
  if (code === 0) expect(await realpath(join(folder.path, 'latest'))).toBe(await realpath(join(folder.path, 'one')))
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
    const { code, document, stderr, files } = await pipeline(['--suite', suite(name), '--mode', 'offline', '--framework', framework, '--coverage'])
    expect(stderr + JSON.stringify(document.failures)).not.toContain('error[')
    expect(document.verdict).toBe('passed')
    expect(code).toBe(0)
    expect(document.summary['total']).toBeGreaterThanOrEqual(10)
    for (const file of ['report.json', 'junit.xml', 'bench.json', 'report.html', 'digest.md', 'bundle.zip', 'prompt.md', 'answer.md']) {
      expect(files).toContain(file)
    }
    expect(files).toContain(`${framework}_stdout.log`)
  })

  it('leaves every artifact that the contract names, coverage among them', async () => {
    const { files } = await pipeline(['--suite', suite('calculator.json'), '--mode', 'offline', '--coverage', '--benchmark'])
    for (const file of ['report.json', 'junit.xml', 'coverage.xml', 'bench.json', 'pytest_stdout.log', 'pytest_stderr.log', 'pytest.log']) {
      expect(files).toContain(file)
    }
  })
})

describe('a mock model', () => {
  it.each(['calculator.md', 'nested.md', 'two-blocks.md', 'truncated.md'])('%s becomes a run', async (name) => {
    const { code, document } = await pipeline(['--suite', suite('calculator.json'), '--mode', 'mock', '--mock-response', answer(name)])
    expect(document.verdict).toBe('passed')
    expect(code).toBe(0)
    expect(document.summary['total']).toBeGreaterThanOrEqual(document.generation?.tests.length ?? Infinity)
  })

  it('that refuses ends the run as failed, with the answer kept', async () => {
    const { code, document, files } = await pipeline(['--suite', suite('calculator.json'), '--mode', 'mock', '--mock-response', answer('refusal.md')])
    expect(code).toBe(3)
    expect(document).toMatchObject({ status: 'failed', runId: 'one', error: { code: 'GL0401' } })
    expect(files).toContain('answer.md')
  })
})

describe('a model behind HTTP', () => {
  it('gets prompt, model and headers, and its tests are run', async () => {
    await using server = await startLlmServer([streamed(await readFile(answer('calculator.md'), 'utf8'))])
    const args = ['--http-endpoint', `${server.url}/v1/chat/completions`, '--http-model', 'qwen-max', '--http-header', 'X-Project:demo']
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
    const { code } = await pipeline(['--suite', suite('calculator.json'), '--mode', 'replay', '--replay', recordings.path])
    expect(code).toBe(0)
  })
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
