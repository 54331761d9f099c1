import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRunClient } from '../../src/client/run-client.ts'
import { labEnv } from '../support/repair-lab.ts'
import { cli, root, startCli } from './cli.ts'
import type { Started } from './cli.ts'

let folder: string
let host: Started
let told: { url: string; token: string; model: string }
let env: Record<string, string>

/** The first document that a command prints, while it goes on. */
async function printed<T>(command: Started, pattern: RegExp): Promise<T> {
  for (let look = 0; look < 600; look++) {
    const [line] = pattern.exec(command.stdout()) ?? []
    if (line !== undefined) return JSON.parse(line) as T
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing was printed: ${command.stderr()}`)
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'greenloop-repair-'))
  cpSync(join(root, 'examples', 'repair'), join(folder, 'examples', 'repair'), { recursive: true })
  const args = ['dev', 'gitlab', '--port', '0', '--model-port', '0']
  host = startCli(args, { cwd: folder, env: { PATH: labEnv.PATH } })
  told = await printed(host, /\{"url".*\}/)
  env = { PATH: labEnv.PATH, GITLAB_URL: told.url, LLM_BASE_URL: told.model, GREENLOOP_STORE: join(folder, 'runs.db') }
})

afterAll(async () => {
  host.kill('SIGTERM')
  await host.ended
  rmSync(folder, { recursive: true, force: true })
})

const config = ['--config', 'examples/repair/config.yaml']
const run = (...args: string[]) => cli(['repair', ...args], { cwd: folder, env })

interface MergeRequestJson {
  readonly title: string
  readonly state: string
}

async function api<T>(path: string): Promise<T> {
  const response = await fetch(`${told.url}/api/v4${path}`, { headers: { authorization: `Bearer ${told.token}` } })
  return (await response.json()) as T
}

describe('greenloop repair', () => {
  it('says that everything is there that is needed', async () => {
    const checked = await run('check', ...config)
    expect(checked.code, checked.stderr).toBe(0)
    const { checks } = JSON.parse(checked.stdout) as { checks: { name: string; status: string }[] }
    expect(checks.map(({ name }) => name)).toEqual([
      'configuration',
      'token',
      'project',
      'branch',
      'git',
      'pipeline',
      'model',
      'sandbox',
    ])
    expect(checks.filter(({ status }) => status === 'fail')).toEqual([])
  })

  it('watches the red pipeline and shows the failing assertion', async () => {
    const watched = await run('watch', ...config)
    expect(watched.code, watched.stderr).toBe(1)
    const { outcome, failing, log } = JSON.parse(watched.stdout) as {
      outcome: string
      failing: { name: string }[]
      log: string
    }
    expect(outcome).toBe('red')
    expect(failing.map(({ name }) => name)).toEqual(['unit'])
    expect(log).toContain('502 !== 503')
    expect(log).toContain('test/discount.test.js')
  })

  it('turns it green: branch, draft, red, patch, proof, green, one comment, no draft', async () => {
    const ended = await run('run', ...config, '--run-id', 'first')
    expect(ended.code, ended.stderr).toBe(0)
    const result = JSON.parse(ended.stdout) as {
      end: string
      branch: string
      rounds: { outcome: string; localProof: string }[]
    }
    expect(result).toMatchObject({ end: 'succeeded', branch: 'greenloop/main-first' })
    expect(result.rounds).toMatchObject([{ outcome: 'green' }])
    const requests = await api<MergeRequestJson[]>('/projects/demo%2Fbasket/merge_requests?state=all')
    expect(requests).toMatchObject([{ title: 'Repair the pipeline of main', state: 'opened' }])
    const notes = await api<{ body: string; system: boolean }[]>('/projects/demo%2Fbasket/merge_requests/1/notes')
    const [story, ...others] = notes.filter(({ system }) => !system)
    expect(others).toEqual([])
    expect(story?.body).toContain('the pipeline is green')
    expect(story?.body).toContain('Math.round')
    const files = readdirSync(join(folder, 'artifacts', 'first'), { recursive: true }).map(String)
    expect(files).toEqual(expect.arrayContaining(['operations.log', 'result.json', join('rounds', '1', 'prompt.md')]))
    for (const file of files.filter((name) => /\.(?:log|json|md|patch)$/.test(name)))
      expect(readFileSync(join(folder, 'artifacts', 'first', file), 'utf8')).not.toContain(told.token)
    const status = await run('status', 'first')
    expect(JSON.parse(status.stdout)).toMatchObject({ end: 'succeeded', standing: 'finished' })
    expect((await run('resume', 'first')).code).toBe(3)
  })

  it('is served to other programs, and its client ends as the run does', async () => {
    const service = startCli(['repair', 'serve', ...config, '--port', '0'], { cwd: folder, env })
    try {
      const { address } = await printed<{ address: string }>(service, /\{"address".*\}/)
      const client = createRunClient({ address })
      const wish = { idempotencyKey: 'from-elsewhere' }
      const never = new AbortController().signal
      const [one, other] = await Promise.all([client.start(wish, never), client.start(wish, never)])
      expect(one.id).toBe(other.id)
      client.close()
      const ended = await run('run', '--remote', address, '--run-id', 'from-elsewhere')
      expect(ended.code, ended.stderr).toBe(0)
      expect(JSON.parse(ended.stdout)).toMatchObject({ end: 'succeeded', exitCode: 0 })
      const again = await run('run', '--remote', address, '--run-id', 'from-elsewhere')
      expect(JSON.parse(again.stdout)).toMatchObject({ runId: (JSON.parse(ended.stdout) as { runId: string }).runId })
    } finally {
      service.kill('SIGTERM')
    }
    expect((await service.ended).code).toBe(0)
  })

  it('mends a plain repository without any GitLab, and leaves its working tree alone', async () => {
    const repository = join(folder, 'plain')
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8' }).trim()
    execFileSync('git', ['init', '--quiet', '--initial-branch=main', repository])
    for (const step of ['1-first-version', '2-discounts-in-percent']) {
      cpSync(join(root, 'examples', 'repair', 'projects', 'basket', step), repository, { recursive: true })
      git('add', '--all')
      git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '--quiet', '--message', step)
    }
    const before = git('rev-parse', 'HEAD')
    const ended = await run('run', ...config, '--repository', 'plain', '--run-id', 'local')
    expect(ended.code, ended.stderr).toBe(0)
    expect(JSON.parse(ended.stdout)).toMatchObject({
      end: 'succeeded',
      advice: expect.stringContaining('merge greenloop/main-local'),
    })
    expect(git('rev-parse', 'HEAD')).toBe(before)
    expect(git('status', '--porcelain')).toBe('')
    expect(git('diff', '--name-only', 'main', 'greenloop/main-local')).toBe('src/discount.js')
    expect(git('show', 'greenloop/main-local:src/discount.js')).toContain('Math.round')
  })
})
