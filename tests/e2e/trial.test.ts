import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TaskStatistics } from '../../src/domain/task.ts'
import { cli, root, startCli, temporary } from './cli.ts'

interface Document {
  readonly status: string
  readonly exitCode: number
  readonly verdict?: string
  readonly reason?: string
  readonly statistics: TaskStatistics
}

async function at() {
  const folder = await temporary()
  const store = join(folder.path, '.greenloop', 'greenloop.db')
  const options = { cwd: folder.path, env: { GREENLOOP_STORE: store } }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await cli([...args, '--json'], options)
    return { code, stderr, document: JSON.parse(stdout) as Document }
  }
  return { path: folder.path, store, options, run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

describe('greenloop trial', () => {
  it('shows what each outcome looks like', async () => {
    await using place = await at()
    const { code, document } = await place.run('trial', join(root, 'examples', 'trial.yaml'))
    expect(code).toBe(1)
    expect(document).toMatchObject({ status: 'finished', verdict: 'failed' })
    expect(document.statistics).toMatchObject({ total: 6, succeeded: 3, failed: 1, timeout: 1, error: 1, retries: 6 })
  })

  it('is green when every task succeeds, be it late', async () => {
    await using place = await at()
    const options = ['--tasks', '300', '--error-rate', '0.2', '--max-attempts', '9', '--concurrency', '50']
    const { code, document } = await place.run('trial', ...options)
    expect(code).toBe(0)
    expect(document.statistics).toMatchObject({ total: 300, succeeded: 300 })
    expect(document.statistics.retries).toBeGreaterThan(20)
  })

  it('stops at --max-failures, cancels the rest and says why', async () => {
    await using place = await at()
    const options = ['--tasks', '500', '--failure-rate', '0.5', '--max-failures', '5', '--concurrency', '2']
    const { code, document } = await place.run('trial', ...options, '--delay', '0.01')
    expect(code).toBe(1)
    expect(document.reason).toContain('5')
    const { total, failed, succeeded, cancelled } = document.statistics
    expect(total).toBe(500)
    expect(failed + succeeded + cancelled).toBe(500)
    expect(failed).toBeLessThanOrEqual(6)
    expect(cancelled).toBeGreaterThan(450)
  })

  it('goes on after kill -9 where it stood', async () => {
    await using place = await at()
    const args = ['trial', '--tasks', '400', '--delay', '0.02', '--concurrency', '4', '--run-id', 'killed']
    const started = startCli(args, place.options)
    const done = async (): Promise<number> => {
      const { stdout } = await cli(['runs', 'show', 'killed', '--json'], place.options)
      const shown = JSON.parse(stdout) as { counts?: { succeeded: number } }
      return shown.counts?.succeeded ?? 0
    }
    let before = 0
    while (before < 40) before = await done()
    started.kill('SIGKILL')
    await started.ended
    const kept = await done()
    const { code, document } = await place.run('runs', 'resume', 'killed')
    expect(code).toBe(0)
    expect(kept).toBeGreaterThanOrEqual(before)
    expect(kept).toBeLessThan(400)
    expect(document.statistics).toMatchObject({ total: 400, succeeded: 400, attempts: 400 })
  })

  it('ends as cancelled at Ctrl-C, and is over then', async () => {
    await using place = await at()
    const args = ['trial', '--tasks', '2000', '--delay', '0.05', '--run-id', 'interrupted', '--json']
    const started = startCli(args, place.options)
    while (!(await cli(['runs', 'list', '--json'], place.options)).stdout.includes('interrupted')) continue
    started.kill('SIGINT')
    const { code, stdout } = await started.ended
    expect(code).toBe(130)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'cancelled' })
    const again = await cli(['runs', 'resume', 'interrupted'], place.options)
    expect(again.code).toBe(3)
    expect(again.stderr).toContain('is over: cancelled')
  })

  it('refuses a manifest with every problem and its line', async () => {
    await using place = await at()
    await writeFile(join(place.path, 'bad.yaml'), 'tasks: -1\nexecution:\n  concurrency: 0\n')
    const { code, stderr } = await cli(['trial', 'bad.yaml'], place.options)
    expect(code).toBe(2)
    expect(stderr).toContain('bad.yaml:1')
    expect(stderr).toContain('bad.yaml:3')
  })
})

describe('the store', () => {
  it('is backed up and restored; what was there is kept', async () => {
    await using place = await at()
    await place.run('trial', '--tasks', '3', '--run-id', 'first')
    expect((await cli(['store', 'backup', 'copy.db'], place.options)).code).toBe(0)
    await place.run('trial', '--tasks', '3', '--run-id', 'second')
    await writeFile(place.store, 'this is no database')
    const damaged = await cli(['runs', 'list'], place.options)
    expect(damaged.code).toBe(3)
    expect(damaged.stderr).toContain('GL1002')
    expect(damaged.stderr).toContain('store restore')
    const restored = await cli(['store', 'restore', 'copy.db', '--json'], place.options)
    expect(restored.code).toBe(0)
    const { kept } = JSON.parse(restored.stdout) as { kept: string }
    expect(await readFile(kept, 'utf8')).toBe('this is no database')
    const listed = JSON.parse((await cli(['runs', 'list', '--json'], place.options)).stdout) as {
      runs: { id: string }[]
    }
    expect(listed.runs.map(({ id }) => id)).toEqual(['first'])
    expect((await cli(['store', 'check'], place.options)).stderr).toContain('sound')
  })

  it('does not keep tests from running where it cannot be written', async () => {
    await using place = await at()
    await writeFile(join(place.path, 'file'), '')
    await writeFile(join(place.path, 'test_good.py'), 'def test_good(): pass\n')
    const options = { ...place.options, env: { GREENLOOP_STORE: join(place.path, 'file', 'runs.db') } }
    const { code, stderr } = await cli(['run', 'test_good.py'], options)
    expect(code).toBe(0)
    expect(stderr).toContain('not recorded')
  })

  it('is refused when it is damaged, before a test runs, with the steps that mend it', async () => {
    await using place = await at()
    await writeFile(join(place.path, 'runs.db'), 'garbage '.repeat(2000))
    await writeFile(join(place.path, 'test_good.py'), 'def test_good(): pass\n')
    const { code, stderr } = await cli(['run', 'test_good.py', '--store', 'runs.db'], place.options)
    expect(code).toBe(3)
    expect(stderr).toContain('GL1002')
    expect((await readFile(join(place.path, 'runs.db'), 'utf8')).startsWith('garbage')).toBe(true)
    expect((await cli(['run', 'test_good.py', '--store', 'off'], place.options)).code).toBe(0)
  })
})
