import { spawn } from 'node:child_process'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Repository } from '../domain/repository.ts'
import { canary, openHost } from './git.fixture.ts'
import type { GitHost } from './git.fixture.ts'

const { signal } = new AbortController()
const branch = 'greenloop/fix'
let host: GitHost
let main: string
let repository: Repository
beforeEach(async () => {
  host = await openHost()
  main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
  repository = await host.open()
  await repository.fetch(signal)
})
afterEach(() => host.close())

const commitOf = (parent: string, content: string) => ({
  parent,
  changes: [{ path: 'a.txt', content }],
  message: 'Repair',
  trailers: { 'Greenloop-Run': 'r1/1' },
})
const commit = (content: string, parent = main): Promise<string> => repository.commit(commitOf(parent, content), signal)
const headOnHost = (name = branch): string =>
  host.onHost('for-each-ref', '--format=%(objectname)', `refs/heads/${name}`)
const pushes = (): string[] => host.requests.filter((line) => line.startsWith('POST') && line.includes('receive-pack'))

describe('push', () => {
  test('makes a branch, moves it on, and does nothing where the commit is there already', async () => {
    const one = await commit('b')
    await repository.push({ sha: one, branch, expected: undefined }, signal)
    expect(headOnHost()).toBe(one)
    const two = await commit('c', one)
    await repository.push({ sha: two, branch, expected: one }, signal)
    expect(headOnHost()).toBe(two)
    expect(pushes()).toHaveLength(2)
    await repository.push({ sha: two, branch, expected: one }, signal)
    await repository.push({ sha: two, branch, expected: undefined }, signal)
    expect(pushes()).toHaveLength(2)
  })

  test('never goes to any other branch', async () => {
    const sha = await commit('b')
    const names = [
      ...['main', 'greenloop', 'greenloop/', 'greenloop/../main', 'greenloop/a..b', 'greenloop/x.lock', 'greenloop/-x'],
      ...[
        'greenloop/a b',
        'greenloop/a:main',
        'greenloop/a\nb',
        'refs/heads/greenloop/x',
        '+greenloop/x',
        'greenloop//x',
      ],
      ...['greenloop/@{1}', 'greenloop/x.', 'greenloop/.x', 'Greenloop/x', '--force', ''],
    ]
    for (const name of names) {
      await expect(repository.push({ sha, branch: name, expected: undefined }, signal), name).rejects.toMatchObject({
        code: 'git_refused',
      })
    }
    expect(pushes()).toEqual([])
    expect(host.onHost('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })

  test('never throws away what is expected on the branch', async () => {
    const one = await commit('b')
    await repository.push({ sha: one, branch, expected: undefined }, signal)
    const beside = await commit('c')
    await expect(repository.push({ sha: beside, branch, expected: one }, signal)).rejects.toMatchObject({
      code: 'git_refused',
    })
    expect(headOnHost()).toBe(one)
    const tree = host.onHost('rev-parse', `${main}^{tree}`)
    await expect(repository.push({ sha: tree, branch, expected: undefined }, signal)).rejects.toMatchObject({
      code: 'git_refused',
    })
  })

  test('leaves the commit of somebody else alone, whenever it comes', async () => {
    const one = await commit('b')
    await repository.push({ sha: one, branch, expected: undefined }, signal)
    const two = await commit('c', one)
    const theirs = host.commitOnHost(branch, [{ path: 'theirs.txt', content: 'x' }])
    await expect(repository.push({ sha: two, branch, expected: one }, signal)).rejects.toMatchObject({
      code: 'repair_conflict',
    })
    expect(headOnHost()).toBe(theirs)
    await expect(repository.push({ sha: two, branch, expected: undefined }, signal)).rejects.toMatchObject({
      code: 'repair_conflict',
    })
  })

  test.each(['GET', 'POST'])('notices a commit that comes between looking and the %s of the push', async (method) => {
    const one = await commit('b')
    await repository.push({ sha: one, branch, expected: undefined }, signal)
    const two = await commit('c', one)
    let theirs = ''
    host.interfere((request) => {
      const isPush = request.method === method && request.url?.includes('receive-pack') === true
      if (isPush && theirs === '') theirs = host.commitOnHost(branch, [{ path: 'theirs.txt', content: 'x' }])
      return false
    })
    await expect(repository.push({ sha: two, branch, expected: one }, signal)).rejects.toMatchObject({
      code: 'repair_conflict',
    })
    expect(theirs).not.toBe('')
    expect(headOnHost()).toBe(theirs)
  })

  test('that was deleted by somebody is not brought back', async () => {
    const one = await commit('b')
    await repository.push({ sha: one, branch, expected: undefined }, signal)
    host.onHost('update-ref', '-d', `refs/heads/${branch}`)
    const two = await commit('c', one)
    await expect(repository.push({ sha: two, branch, expected: one }, signal)).rejects.toMatchObject({
      code: 'repair_conflict',
      message: expect.stringContaining('is gone'),
    })
    expect(headOnHost()).toBe('')
  })

  test('notices that the host moved the branch as soon as it had it', async () => {
    const hook = `#!/bin/sh\ngit update-ref refs/heads/${branch} ${main}\n`
    await writeFile(join(host.bare, 'hooks', 'post-receive'), hook, { mode: 0o755 })
    const sha = await commit('b')
    await expect(repository.push({ sha, branch, expected: undefined }, signal)).rejects.toMatchObject({
      code: 'repair_conflict',
    })
  })

  test('quotes the host where it declines', async () => {
    const hook = `#!/bin/sh\necho "GitLab: You are not allowed to push code to protected branches on this project." >&2\nexit 1\n`
    await writeFile(join(host.bare, 'hooks', 'pre-receive'), hook, { mode: 0o755 })
    const sha = await commit('b')
    await expect(repository.push({ sha, branch, expected: undefined }, signal)).rejects.toMatchObject({
      code: 'git_refused',
      message: expect.stringContaining('not allowed to push code to protected branches'),
    })
    expect(pushes()).toHaveLength(1)
  })

  test('tries again over a host that is out for a moment, and gives up after all attempts', async () => {
    const sha = await commit('b')
    let refused = 0
    const refuse = (times: number) =>
      host.interfere((request, response) => {
        if (request.method !== 'POST' || !request.url?.includes('receive-pack') || refused >= times) return false
        refused++
        response.writeHead(503).end()
        return true
      })
    refuse(2)
    await repository.push({ sha, branch, expected: undefined }, signal)
    expect(refused).toBe(2)
    expect(headOnHost()).toBe(sha)
    refused = 0
    refuse(100)
    const next = await commit('c', sha)
    await expect(repository.push({ sha: next, branch, expected: sha }, signal)).rejects.toMatchObject({
      code: 'forge_unavailable',
    })
    expect(refused).toBe(3)
  })

  test.each(['half of it', 'all of it'])('whose answer is lost, %s, leaves one commit', async (share) => {
    const sha = await commit('b')
    host.interfere((request, response) => {
      if (request.method !== 'POST' || request.url?.includes('receive-pack') !== true) return false
      response.end = () => {
        if (share === 'half of it') response.write('00')
        setImmediate(() => response.destroy())
        return response
      }
      return false
    })
    await repository.push({ sha, branch, expected: undefined }, signal)
    expect(headOnHost()).toBe(sha)
    expect(host.onHost('rev-list', '--count', branch)).toBe('2')
    // Where nothing came back on an old connection, git's HTTP library itself asks once more.
    expect(pushes().length).toBeLessThanOrEqual(share === 'half of it' ? 1 : 2)
  })
})

describe('a process that is killed', () => {
  test.each(['hash-object', 'commit-tree', 'push'])(
    'after git %s leaves the next one to the same end',
    async (command) => {
      expect(await dieAfter(command)).toBe('SIGKILL')
      const own = join(host.folder, 'control', 'project.git', 'greenloop')
      const before = await readdir(own)
      expect(before).toContain('lock')
      expect(before.some((name) => name.startsWith('commit-'))).toBe(command !== 'push')

      const again = await host.open()
      await again.fetch(signal)
      const sha = await again.commit(commitOf(main, 'b'), signal)
      await again.push({ sha, branch, expected: undefined }, signal)
      expect(await again.log(sha, main, signal)).toHaveLength(1)
      expect(headOnHost()).toBe(sha)
      expect(host.onHost('rev-list', '--count', branch)).toBe('2')
      expect(pushes()).toHaveLength(1)
      expect(await readdir(own)).toEqual(['home'])
    },
  )
})

/** Another process does what a run does, and is killed while it holds the lock. Gives the signal that ended it. */
function dieAfter(command: string): Promise<NodeJS.Signals | null> {
  const config = {
    folder: join(host.folder, 'control', 'project.git'),
    url: host.url,
    token: canary,
    author: { name: 'Greenloop', email: 'greenloop@example.invalid' },
    retry: { intervalMs: 1, maxAttempts: 3 },
    path: '/usr/local/bin:/usr/bin:/bin',
  }
  const script = `
    import { openRepository } from ${JSON.stringify(new URL('git-repository.ts', import.meta.url).href)}
    import { systemClock } from ${JSON.stringify(new URL('../lib/clock.ts', import.meta.url).href)}
    const onCommand = (line) => line.startsWith('git ${command} ') && process.kill(process.pid, 'SIGKILL')
    const { signal } = new AbortController()
    const config = ${JSON.stringify(config)}
    const repository = await openRepository({ ...config, clock: systemClock, random: () => 0, onCommand })
    const sha = await repository.commit(${JSON.stringify(commitOf(main, 'b'))}, signal)
    await repository.push({ sha, branch: '${branch}', expected: undefined }, signal)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  return new Promise((resolve) => child.once('exit', (_, by) => resolve(by)))
}
