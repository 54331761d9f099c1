import { access, mkdir, mkdtemp, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { controlFolder } from './git-repository.ts'
import { canary, findText, listen, openHost, writeTrap } from './git.fixture.ts'
import type { GitHost } from './git.fixture.ts'

const { signal } = new AbortController()
const text = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('utf8')
let host: GitHost
beforeEach(async () => (host = await openHost()))
afterEach(() => host.close())

const newCommit = (parent: string, changes: Parameters<typeof change>[0]) => change(changes, parent)
function change(files: Readonly<Record<string, string | undefined>>, parent: string) {
  const changes = Object.entries(files).map(([path, content]) => ({ path, content }))
  return { parent, changes, message: 'Repair the sum', trailers: { 'Greenloop-Run': 'r1/1' } }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

describe('reading', () => {
  test('fetch gives each branch with its commit, and forgets those that the host has lost', async () => {
    const repository = await host.open()
    expect(await repository.fetch(signal)).toEqual(new Map())
    const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    const side = host.commitOnHost('feature/x', [{ path: 'b.txt', content: 'b' }])
    host.onHost('tag', 'v1', 'main')
    expect(await repository.fetch(signal)).toEqual(
      new Map([
        ['feature/x', side],
        ['main', main],
      ]),
    )
    host.onHost('update-ref', '-d', 'refs/heads/feature/x')
    // A branch where a folder of branches was: pruned before the new one comes.
    host.onHost('update-ref', 'refs/heads/feature', main)
    expect([...(await repository.fetch(signal)).keys()]).toEqual(['feature', 'main'])
  })

  test('remoteHead asks the host, for exactly that branch', async () => {
    const repository = await host.open()
    const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    host.onHost('update-ref', 'refs/heads/other/refs/heads/lost', main)
    expect(await repository.remoteHead('main', signal)).toBe(main)
    expect(await repository.remoteHead('lost', signal)).toBeUndefined()
  })

  test('files and read give modes, sizes and bytes, whatever the names are', async () => {
    const names = ['a b.txt', 'line\nfeed', 'tab\tname', 'ünï/ßtraße.txt', '*.txt', ':(top)x']
    const binary = Buffer.from([0, 255, 10, 13, 0])
    const main = host.commitOnHost('main', [
      ...names.map((path) => ({ path, content: path })),
      { path: 'run.sh', mode: '100755', content: binary },
      { path: 'link', mode: '120000', content: '/etc/passwd' },
      { path: 'sub', mode: '160000' },
    ])
    const repository = await host.open()
    await repository.fetch(signal)
    const files = await repository.files(main, signal)
    expect(files.map(({ path }) => path).sort()).toEqual([...names, 'run.sh', 'link', 'sub'].sort())
    expect(files.find(({ path }) => path === 'run.sh')).toMatchObject({ mode: '100755', size: 5 })
    expect(files.find(({ path }) => path === 'sub')).toMatchObject({ mode: '160000', size: 0 })
    for (const name of names) expect(text(await repository.read(main, name, 100, signal))).toBe(name)
    expect(Buffer.from((await repository.read(main, 'run.sh', 5, signal)) ?? [])).toEqual(binary)
    expect(await repository.read(main, 'run.sh', 4, signal)).toBeUndefined()
    expect(await repository.read(main, 'link', 100, signal)).toBeUndefined()
    expect(await repository.read(main, 'ünï', 100, signal)).toBeUndefined()
    expect(await repository.read(main, 'nowhere', 100, signal)).toBeUndefined()
  })

  test('only whole ids are taken for commits', async () => {
    const repository = await host.open()
    for (const id of ['main', '--output=/tmp/x', 'HEAD', '', `${'a'.repeat(40)}\n`]) {
      await expect(repository.files(id, signal)).rejects.toMatchObject({ code: 'git_refused' })
    }
    await expect(repository.files('a'.repeat(40), signal)).rejects.toMatchObject({ code: 'git_failed' })
  })

  test.each([
    [404, 'not here', 'forge_not_found'],
    [200, '<html>\n<body>\nSign in\n', 'forge_garbled'],
    [502, 'bad gateway', 'forge_unavailable'],
    [429, 'slow down', 'forge_unavailable'],
  ])('an answer %i (%j) is %s', async (status, body, code) => {
    const repository = await host.open()
    host.interfere((_, response) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end(body)
      return true
    })
    await expect(repository.fetch(signal)).rejects.toMatchObject({ code })
    await expect(repository.remoteHead('main', signal)).rejects.toMatchObject({ code })
  })

  test('an abort throws its reason', async () => {
    const repository = await host.open()
    const reason = new Error('enough')
    host.interfere(() => true)
    const stop = new AbortController()
    const fetching = repository.fetch(stop.signal)
    stop.abort(reason)
    await expect(fetching).rejects.toBe(reason)
    await expect(repository.fetch(AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})

describe('commit', () => {
  test('adds, changes and removes files, keeps modes, and tells it in diff, changedPaths and log', async () => {
    const main = host.commitOnHost('main', [
      { path: 'src/sum.py', content: 'a - b\n' },
      { path: 'run.sh', mode: '100755', content: 'echo\n' },
      { path: 'old.txt', content: 'old\n' },
    ])
    const repository = await host.open()
    await repository.fetch(signal)
    const binary = new Uint8Array([0, 1, 2, 250])
    const sha = await repository.commit(
      {
        parent: main,
        changes: [
          { path: 'src/sum.py', content: 'a + b\n' },
          { path: 'run.sh', content: 'echo hello\n' },
          { path: 'old.txt' },
          { path: 'new/data.bin', content: binary, mode: '100755' },
        ],
        message: 'Repair the sum\n\nReviewed-by: a forged trailer\n',
        trailers: { 'Greenloop-Run': 'r1/1' },
      },
      signal,
    )
    const files = await repository.files(sha, signal)
    expect(files.map(({ mode, path }) => `${mode} ${path}`)).toEqual([
      '100755 new/data.bin',
      '100755 run.sh',
      '100644 src/sum.py',
    ])
    expect(Buffer.from((await repository.read(sha, 'new/data.bin', 9, signal)) ?? [])).toEqual(Buffer.from(binary))
    expect(await repository.changedPaths(main, sha, signal)).toEqual([
      'new/data.bin',
      'old.txt',
      'run.sh',
      'src/sum.py',
    ])
    const diff = await repository.diff(main, sha, 10_000, signal)
    expect(diff).toContain('--- a/src/sum.py\n+++ b/src/sum.py\n@@ -1 +1 @@\n-a - b\n+a + b\n')
    const short = await repository.diff(main, sha, 100, signal)
    expect(short.length).toBeLessThanOrEqual(100)
    expect(diff.startsWith(short) && short.endsWith('\n')).toBe(true)
    expect(await repository.log(sha, main, signal)).toEqual([
      { sha, parents: [main], subject: 'Repair the sum', trailers: { 'Greenloop-Run': 'r1/1' } },
    ])
  })

  test('the same input gives the same commit, in another control repository too', async () => {
    const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    const shas = await Promise.all(
      ['one.git', 'two.git'].map(async (name) => {
        const repository = await host.open({ folder: join(host.folder, name) })
        await repository.fetch(signal)
        return repository.commit(newCommit(main, { 'a.txt': 'b' }), signal)
      }),
    )
    expect(shas[0]).toBe(shas[1])
  })

  test('refuses every path that leads anywhere else, and writes nothing', async () => {
    const outside = join(host.folder, 'outside')
    await mkdir(outside)
    const main = host.commitOnHost('main', [
      { path: 'file', content: 'x' },
      { path: 'folder/x', content: 'x' },
      { path: 'link', mode: '120000', content: outside },
      { path: 'sub', mode: '160000' },
    ])
    const repository = await host.open()
    await repository.fetch(signal)
    const paths = [
      ...['../x', 'a/../../x', '/x', './x', 'a//b', 'a/', '', 'C:/x', '.git/config', '.GIT/config', 'a/.Git/x'],
      ...['.git./config', '.git /config', 'git~1/config', '.git::$INDEX_ALLOCATION/config', '.g\u200cit/config'],
      ...['a\nb', 'a\0b', 'a\\b', 'x'.repeat(300), 'link/x', 'link', 'sub/x', 'sub', 'file/x', 'folder'],
    ]
    for (const path of paths) {
      await expect(repository.commit(newCommit(main, { [path]: 'y' }), signal), path).rejects.toMatchObject({
        code: 'git_refused',
      })
    }
    expect(await readdir(outside)).toEqual([])
    const both = newCommit(main, { 'new/a': 'x', new: 'y' })
    await expect(repository.commit(both, signal)).rejects.toMatchObject({ code: 'git_refused' })
  })

  test('refuses a commit that changes nothing and trailers of several lines', async () => {
    const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    const repository = await host.open()
    await repository.fetch(signal)
    const refusal = { code: 'git_refused', message: 'nothing changes' }
    await expect(repository.commit(newCommit(main, { 'a.txt': 'a' }), signal)).rejects.toMatchObject(refusal)
    await expect(repository.commit(newCommit(main, {}), signal)).rejects.toMatchObject(refusal)
    const forged = { ...newCommit(main, { 'a.txt': 'b' }), trailers: { 'Greenloop-Run': 'r1/1\nSigned-off-by: x' } }
    await expect(repository.commit(forged, signal)).rejects.toMatchObject({ code: 'git_refused' })
  })
})

describe('checkout', () => {
  test('writes plain files alone and names what it leaves out', async () => {
    const big = Buffer.alloc(300_000, 'big\n')
    const main = host.commitOnHost('main', [
      { path: 'src/a.txt', content: 'a' },
      { path: 'big', content: big },
      { path: 'empty', content: '' },
      { path: 'run.sh', mode: '100755', content: '#!/bin/sh\n' },
      { path: 'README', content: 'upper' },
      { path: 'readme', content: 'lower' },
      { path: 'Src2/x', content: 'x' },
      { path: 'src2', content: 'file where a folder is' },
      { path: 'link', mode: '120000', content: '/etc/passwd' },
      { path: 'sub', mode: '160000' },
      { path: 'line\nfeed', content: 'x' },
    ])
    const repository = await host.open()
    await repository.fetch(signal)
    const folder = await mkdtemp(join(host.folder, 'work-'))
    const { leftOut } = await repository.checkout(main, folder, signal)
    expect([...leftOut].sort()).toEqual(['line\nfeed', 'link', 'readme', 'src2', 'sub'])
    expect((await readdir(folder, { recursive: true })).sort()).toEqual(
      ['README', 'Src2', 'Src2/x', 'big', 'empty', 'run.sh', 'src', 'src/a.txt'].sort(),
    )
    expect(await readFile(join(folder, 'big'))).toEqual(big)
    expect((await stat(join(folder, 'run.sh'))).mode & 0o111).not.toBe(0)
    expect((await stat(join(folder, 'empty'))).mode & 0o111).toBe(0)
    await expect(repository.checkout(main, folder, signal)).rejects.toMatchObject({ code: 'git_refused' })
  })
})

describe('hostile repositories run nothing', () => {
  test.each(['before it is opened', 'while it is open'])(
    'hooks, monitors, filters, drivers and helpers that get into the control repository %s',
    async (when) => {
      const mark = join(host.folder, 'mark')
      const main = host.commitOnHost('main', [
        { path: '.gitattributes', content: '* filter=evil diff=evil text eol=crlf\n' },
        { path: 'a.txt', content: 'a\n' },
      ])
      const before = await host.open()
      await before.fetch(signal)
      await plant(mark, when === 'before it is opened')
      const repository = when === 'while it is open' ? before : await host.open()
      await repository.fetch(signal)
      const sha = await repository.commit(newCommit(main, { 'a.txt': 'b\n' }), signal)
      expect(text(await repository.read(sha, 'a.txt', 10, signal))).toBe('b\n')
      expect(await repository.diff(main, sha, 10_000, signal)).toContain('-a\n+b\n')
      await repository.log(sha, main, signal)
      const work = await mkdtemp(join(host.folder, 'work-'))
      await repository.checkout(sha, work, signal)
      expect(await readFile(join(work, 'a.txt'), 'utf8')).toBe('b\n')
      await repository.push({ sha, branch: 'greenloop/fix', expected: undefined }, signal)
      expect(await repository.remoteHead('greenloop/fix', signal)).toBe(sha)
      host.interfere((_, response) => {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
        return true
      })
      await expect(repository.fetch(signal)).rejects.toMatchObject({ code: 'git_auth_failed' })
      expect(await exists(mark)).toBe(false)
    },
  )

  async function plant(mark: string, rewritesAddress: boolean): Promise<void> {
    const trap = join(host.folder, 'trap.sh')
    await writeTrap(trap, mark)
    const folder = join(host.folder, 'control', 'project.git')
    const hooks = ['pre-push', 'post-commit', 'reference-transaction', 'post-index-change', 'pre-auto-gc']
    for (const name of hooks) await writeTrap(join(folder, 'hooks', name), mark)
    const evil = [
      `[core]\n\tbare = true\n\tfsmonitor = ${trap}\n\thooksPath = ${join(folder, 'hooks')}\n\tsshCommand = ${trap}`,
      `\taskPass = ${trap}\n[filter "evil"]\n\tclean = ${trap}\n\tsmudge = ${trap}\n\trequired = true`,
      `[diff]\n\texternal = ${trap}\n[diff "evil"]\n\ttextconv = ${trap}\n\tcommand = ${trap}`,
      `[credential]\n\thelper = ${trap}\n[gpg]\n\tprogram = ${trap}\n[commit]\n\tgpgSign = true`,
      `[log]\n\tshowSignature = true\n[push]\n\tgpgSign = if-asked`,
      rewritesAddress ? `[url "http://127.0.0.1:1/"]\n\tinsteadOf = ${new URL(host.url).origin}/` : '',
    ].join('\n')
    await writeFile(join(folder, 'config'), evil)
    await mkdir(join(folder, 'info'), { recursive: true })
    await writeFile(join(folder, 'info', 'attributes'), '* filter=evil diff=evil\n')
    await writeFile(join(folder, 'greenloop', 'home', '.gitconfig'), evil)
  }

  test('the environment of this process has no say', async () => {
    const mark = join(host.folder, 'mark')
    const trap = join(host.folder, 'trap.sh')
    await writeTrap(trap, mark)
    const planted = {
      GIT_SSH_COMMAND: trap,
      GIT_EXTERNAL_DIFF: trap,
      GIT_TRACE_CURL: join(host.folder, 'trace'),
      GIT_CONFIG_PARAMETERS: `'url.http://127.0.0.1:1/.insteadOf=${new URL(host.url).origin}/'`,
      HOME: join(host.folder, 'home'),
    }
    const before = { ...process.env }
    Object.assign(process.env, planted)
    try {
      const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a\n' }])
      const repository = await host.open()
      await repository.fetch(signal)
      const sha = await repository.commit(newCommit(main, { 'a.txt': 'b\n' }), signal)
      await repository.diff(main, sha, 1000, signal)
    } finally {
      for (const name of Object.keys(planted)) delete process.env[name]
      Object.assign(process.env, before)
    }
    expect(await exists(mark)).toBe(false)
    expect(await exists(join(host.folder, 'trace'))).toBe(false)
  })

  test('a tree with .GIT in it is neither written to disk nor built upon', async () => {
    const blob = host.withInput(['hash-object', '-w', '--stdin'], 'x')
    const inner = host.withInput(['mktree'], `100644 blob ${blob}\tconfig\n`)
    const tree = host.withInput(['mktree'], `100644 blob ${blob}\ta.txt\n040000 tree ${inner}\t.GIT\n`)
    const sha = host.onHost('commit-tree', tree, '-m', 'evil')
    host.onHost('update-ref', 'refs/heads/main', sha)
    const repository = await host.open()
    await repository.fetch(signal)
    const work = await mkdtemp(join(host.folder, 'work-'))
    expect(await repository.checkout(sha, work, signal)).toEqual({ leftOut: ['.GIT/config'] })
    expect(await readdir(work)).toEqual(['a.txt'])
    await expect(repository.commit(newCommit(sha, { 'a.txt': 'b' }), signal)).rejects.toMatchObject({
      code: 'git_failed',
    })
  })
})

describe('the token', () => {
  test('is found in no file, command or error', async () => {
    const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    const repository = await host.open()
    await repository.fetch(signal)
    const changed = newCommit(main, { 'a.txt': 'b' })
    const sha = await repository.commit({ ...changed, message: `Use ${canary}` }, signal)
    expect((await repository.log(sha, main, signal))[0]?.subject).toMatch(/^Use \[redacted/)
    await repository.push({ sha, branch: 'greenloop/fix', expected: undefined }, signal)
    host.interfere((request, response) => {
      const { authorization = '' } = request.headers
      response.writeHead(500, { 'content-type': 'text/plain' }).end(`${authorization} ${canary}`)
      return true
    })
    const failed: Error = await repository.fetch(signal).then(
      () => new Error('it went well'),
      (error: Error) => error,
    )
    expect(failed).toMatchObject({ code: 'forge_unavailable' })
    const said = JSON.stringify([failed.message, failed.stack, host.commands])
    for (const form of [canary, Buffer.from(`oauth2:${canary}`).toString('base64')]) {
      expect(await findText(join(host.folder, 'control'), form)).toEqual([])
      expect(said).not.toContain(form)
    }
    expect(host.commands.some((line) => /^git fetch .* \(\d+ ms, exit 0\)$/.test(line))).toBe(true)
  })

  test('does not follow a redirect to another address', async () => {
    const seen: unknown[] = []
    const other = await listen((request, response) => {
      seen.push(request.headers)
      response.writeHead(404).end()
    })
    host.interfere((request, response) => {
      response.writeHead(302, { location: `${other.url}${request.url}` }).end()
      return true
    })
    try {
      const repository = await host.open()
      await expect(repository.fetch(signal)).rejects.toMatchObject({
        code: 'git_failed',
        why: expect.stringContaining('never sent on'),
      })
      expect(seen).toEqual([])
    } finally {
      await new Promise((resolve) => other.server.close(resolve))
    }
  })

  test('that is refused is git_auth_failed, at once', async () => {
    const repository = await host.open({ token: 'glpat-WrongWrongWrong12345' })
    await expect(repository.fetch(signal)).rejects.toMatchObject({ code: 'git_auth_failed' })
    expect(host.commands.filter((line) => line.startsWith('git fetch'))).toHaveLength(1)
    host.interfere((_, response) => {
      response.writeHead(403).end()
      return true
    })
    await expect(repository.remoteHead('main', signal)).rejects.toMatchObject({ code: 'git_auth_failed' })
  })

  test.each([
    'http://gitlab.example.com/a.git',
    'https://u:p@gitlab.example.com/a.git',
    'file:///etc',
    'ext::sh',
    '/x',
  ])('never goes to %s', async (url) => {
    await expect(host.open({ url })).rejects.toMatchObject({ code: 'git_refused' })
  })
})

describe('opening', () => {
  test('clears locks and packs that a killed git has left, and leaves those that may be in use', async () => {
    host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    await (await host.open()).fetch(signal)
    const folder = join(host.folder, 'control', 'project.git')
    const old = ['packed-refs.lock', 'refs/remotes/origin/main.lock', 'objects/pack/tmp_pack_old']
    const fresh = ['HEAD.lock', 'objects/pack/tmp_pack_fresh']
    for (const name of [...old, ...fresh]) await writeFile(join(folder, name), '')
    const longAgo = new Date(Date.now() - 7_200_000)
    for (const name of old) await utimes(join(folder, name), longAgo, longAgo)
    await (await host.open()).fetch(signal)
    for (const name of old) expect(await exists(join(folder, name)), name).toBe(false)
    for (const name of fresh) expect(await exists(join(folder, name)), name).toBe(true)
  })

  test('says so where git is missing or too old to know the rules', async () => {
    const bin = join(host.folder, 'bin')
    await mkdir(bin)
    await expect(host.open({ path: bin })).rejects.toMatchObject({ code: 'git_failed', help: 'apt-get install git' })
    await writeFile(join(bin, 'git'), '#!/bin/sh\necho git version 2.30.2\n', { mode: 0o755 })
    await expect(host.open({ path: `${bin}:/bin` })).rejects.toMatchObject({
      code: 'git_failed',
      message: 'git version 2.30.2 is too old: 2.32 is needed',
    })
  })

  test('two of the same repository at once share it', async () => {
    const main = host.commitOnHost('main', [{ path: 'a.txt', content: 'a' }])
    const both = await Promise.all([host.open(), host.open()])
    expect(await Promise.all(both.map((each) => each.fetch(signal)))).toEqual(both.map(() => new Map([['main', main]])))
  })
})

describe('controlFolder', () => {
  test('keeps projects apart and below the folder', () => {
    expect(controlFolder('/w', 'https://gitlab.example.com/tools/qa/calc.git')).toBe(
      '/w/gitlab.example.com/tools/qa/calc.git',
    )
    expect(controlFolder('/w', 'http://127.0.0.1:8080/a/b')).toBe('/w/127.0.0.1_8080/a/b.git')
    const hostile = ['https://h/a/%2e%2e%2f/b', 'https://h/a.git/b', 'https://h/.git/b', 'file:///x/y z', 'https://h/']
    const folders = hostile.map((url) => controlFolder('/w', url))
    expect(new Set(folders).size).toBe(hostile.length)
    for (const folder of folders) {
      expect(folder).toMatch(/^\/w(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)+\.git$/)
      expect(dirname(folder)).not.toMatch(/\.git(?:\/|$)/)
    }
  })
})
