import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { servedFolder, startServer } from '../support/served-folder.ts'
import type { Server, ServedFolder } from '../support/served-folder.ts'
import { cli, startCli } from './cli.ts'

let folder: ServedFolder
let server: Server
let token: string

beforeAll(async () => {
  folder = await servedFolder()
  await writeFile(
    join(folder.path, 'samples', 'test_slow.py'),
    'import time, pytest\n@pytest.mark.parametrize("n", range(24))\ndef test_slow(n):\n    time.sleep(0.25)\n',
  )
  const request = { cwd: 'samples', tests: ['test_samples.py::test_fails', 'test_samples.py::test_passes'] }
  await writeFile(join(folder.path, 'red.json'), JSON.stringify(request))
  server = await startServer(folder)
  token = (await readFile(server.tokenFile, 'utf8')).trim()
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const there = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  cli([...args, '--server', server.url], { cwd: folder.path, env: { GREENLOOP_TOKEN: token, ...env } })

const suite = ['--suite', 'suites/calculator.json']

interface Document {
  readonly runId: string
  readonly page: string
  readonly summary: { readonly total: number; readonly durationMs: number }
  readonly artifacts: Readonly<Record<string, string>>
  readonly failures: readonly { readonly id: string }[]
  readonly generation: { readonly collected: number; readonly tests: readonly string[] }
}

const documentOf = (text: string): Document => JSON.parse(text) as Document

describe('a command with --server', () => {
  it('prints what it prints here, with the same exit code', async () => {
    const [remote, local] = [
      await there(['pipeline', ...suite, '--json']),
      await cli(['pipeline', ...suite, '--json'], { cwd: folder.path }),
    ]
    expect([remote.code, local.code]).toEqual([0, 0])
    const [one, other] = [documentOf(remote.stdout), documentOf(local.stdout)]
    expect(
      Object.keys(one)
        .filter((key) => key !== 'page')
        .sort(),
    ).toEqual(Object.keys(other).sort())
    expect({ ...one.summary, durationMs: 0 }).toEqual({ ...other.summary, durationMs: 0 })
    expect(one.generation).toMatchObject({ collected: 24, tests: { length: other.generation.tests.length } })
    expect(Object.keys(one.artifacts)).toContain('report.html')
    expect(one.page).toBe(`${server.url}/runs/${one.runId}`)
    const told = (text: string): number => text.match(/PASS {4}generated_\S+test_calc/gu)?.length ?? 0
    expect(told(remote.stderr)).toBe(24)
    expect(told(local.stderr)).toBe(24)
  })

  it('ends red where tests fail, and fetches what the run left, with the sizes that were told', async () => {
    const to = await mkdtemp(join(folder.path, 'down-'))
    const { code, stdout, stderr } = await there(['run', 'red.json', '--json', '--artifacts', to])
    expect(code).toBe(1)
    const { failures, artifacts, runId } = documentOf(stdout)
    expect(failures.map(({ id }) => id)).toContain('test_samples.py::test_fails')
    expect(stderr).toContain('FAIL    test_samples.py::test_fails')
    for (const [name, path] of Object.entries(artifacts)) {
      expect(path).toBe(join(to, runId, name))
      expect((await stat(path)).isFile()).toBe(true)
    }
    const report = JSON.parse(await readFile(join(to, runId, 'summary.json'), 'utf8')) as { readonly runId: string }
    expect(report.runId).toBe(runId)
  })

  it('sends the answer of a mock along and the error of a run back', async () => {
    const mock = ['--mode', 'mock', '--mock-response', 'answers/refusal.md']
    const { code, stdout, stderr } = await there(['generate', ...suite, ...mock, '--json'])
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 3, error: { name: 'answer_unusable' } })
    expect(stderr).toContain('the model refused')
  })

  it('writes the script where --out asks for it', async () => {
    const { code } = await there(['generate', ...suite, '--out', 'made/tests.py'])
    expect(code).toBe(0)
    expect(await readFile(join(folder.path, 'made', 'tests.py'), 'utf8')).toContain('def test_calc_001')
  })

  it('starts and leaves with --detach; the runs commands see it', async () => {
    const { code, stdout } = await there(['run', 'samples/test_slow.py', '--detach', '--json'])
    const { runId } = documentOf(stdout)
    expect(code).toBe(0)
    expect((await there(['runs', 'list', '--kind', 'execute', '--json'])).stdout).toContain(runId)
    const shown = await there(['runs', 'show', runId.slice(0, -1), '--json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({ run: { id: runId, kind: 'execute' }, failures: [] })
    expect((await there(['runs', 'cancel', runId])).stderr).toContain(runId)
    const followed = await there(['runs', 'logs', '-f', runId])
    expect(followed.stderr).toContain(`${runId} cancelled`)
  })

  it('asks doctor and config of the server', async () => {
    const { stdout } = await there(['doctor', '--json'])
    expect(stdout).toContain('"name":"pytest"')
    expect((await there(['config', 'show', '--json'])).stdout).toContain('"llm.mode"')
  })

  it('combines on the server in the form of this machine', async () => {
    await writeFile(join(folder.path, 'model.txt'), 'size: 1, 2\nkind: x, y\nplace: p, q\n')
    const remote = JSON.parse((await there(['combine', 'model.txt', '--json', '--seed', '1'])).stdout) as object[]
    const local = JSON.parse((await cli(['combine', 'model.txt', '--json'], { cwd: folder.path })).stdout) as object[]
    expect(remote[0]).toEqual({ size: expect.any(Number), kind: expect.any(String), place: expect.any(String) })
    expect(remote).toHaveLength(local.length)
  })
})

describe('what a server does not do', () => {
  it.each([
    [['worker'], /takes no --server/u],
    [['trial'], /takes no --server/u],
    [['store', 'check'], /takes no --server/u],
    [['pipeline', ...suite, '--sandbox', 'off'], /--sandbox cannot be given/u],
    [['pipeline', ...suite, '--http-api-key', 'k-123456'], /--http-api-key cannot be given/u],
    [['pipeline', ...suite, '--dry-run'], /--dry-run/u],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await there(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
  })

  it('is not done here in silence where the environment names the server', async () => {
    const { code, stderr } = await cli(['trial', '--tasks', '1'], { env: { GREENLOOP_SERVER: server.url } })
    expect([code, stderr]).toEqual([2, expect.stringContaining('GREENLOOP_SERVER=')])
    expect((await cli(['explain', 'GL0101'], { env: { GREENLOOP_SERVER: server.url } })).code).toBe(0)
    expect((await cli(['run', 'x', '--detach'])).stderr).toContain('--detach wants a server')
  })
})

describe('a server that does not answer as wished', () => {
  it('refuses a wrong token, and is named where nobody answers', async () => {
    const wrong = await there(['runs', 'list'], { GREENLOOP_TOKEN: 'x'.repeat(40) })
    expect([wrong.code, wrong.stderr]).toEqual([3, expect.stringMatching(/GL130[12]/u)])
    expect(wrong.stderr).not.toContain('x'.repeat(40))
    const none = await cli(['runs', 'list', '--server', 'http://127.0.0.1:9'], { cwd: folder.path })
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('GL1314')])
  })

  it('takes the token that a server has left beside its own store', async () => {
    const { code } = await cli(['runs', 'list', '--server', server.url], {
      cwd: folder.path,
      env: { GREENLOOP_STORE: folder.store },
    })
    expect(code).toBe(0)
  })
})

describe('a run that is followed', () => {
  it('is cancelled by Ctrl-C, and what came of it is shown', async () => {
    const started = startCli(['run', 'samples/test_slow.py', '--json', '--server', server.url], {
      cwd: folder.path,
      env: { GREENLOOP_TOKEN: token },
    })
    await until(() => started.stderr().includes('PASS'))
    started.kill('SIGINT')
    const { code, stdout } = await started.ended
    expect(code).toBe(130)
    const { runId } = documentOf(stdout)
    const { stdout: shown } = await there(['runs', 'show', runId, '--json'])
    expect(JSON.parse(shown)).toMatchObject({ run: { state: 'cancelled' } })
  })

  it('outlives its server: followed on when it is back, told where it is when it stays away', async () => {
    await using own = await servedFolder()
    await writeFile(
      join(own.path, 'samples', 'test_slow.py'),
      await readFile(join(folder.path, 'samples', 'test_slow.py')),
    )
    const first = await startServer(own)
    const options = { cwd: own.path, env: { GREENLOOP_STORE: own.store } }
    const follow = (patience: string) =>
      startCli(['run', 'samples/test_slow.py', '--json', '--server', first.url], {
        ...options,
        env: { ...options.env, GREENLOOP_SERVER_PATIENCE: patience },
      })
    const patient = follow('60')
    const hasty = follow('1')
    await until(() => patient.stderr().includes('PASS') && hasty.stderr().includes('run '))
    first.started.kill('SIGKILL')
    const gone = await hasty.ended
    expect(gone.code).toBe(3)
    expect(gone.stderr).toMatch(/greenloop runs show \S+ --server/u)
    await until(() => patient.stderr().includes('trying again'))
    await using _again = await startServer(own, ['--port', new URL(first.url).port])
    const { code, stdout, stderr } = await patient.ended
    expect([code, stderr.includes('the server answers again')]).toEqual([0, true])
    expect(documentOf(stdout).summary.total).toBe(24)
  })
})

async function until(holds: () => boolean): Promise<void> {
  for (let look = 0; !holds(); look++) {
    if (look > 400) throw new Error('it did not come to pass')
    await new Promise((done) => setTimeout(done, 50))
  }
}
