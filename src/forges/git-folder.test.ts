import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collectFolder } from './git-folder.ts'

const caps = { maxFiles: 10, maxFileBytes: 1000, maxTotalBytes: 2000 }
let root: string
let folder: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-folder-'))
  folder = join(root, 'work')
  await mkdir(folder)
})
afterEach(() => rm(root, { recursive: true, force: true }))

const paths = (collected: Awaited<ReturnType<typeof collectFolder>>): string[] =>
  collected.files.map(({ path }) => path)

test('plain files come with their bytes and their executable bit', async () => {
  await mkdir(join(folder, 'src', 'deep'), { recursive: true })
  await writeFile(join(folder, 'src', 'deep', 'a.bin'), new Uint8Array([0, 255]))
  await writeFile(join(folder, '.hidden'), 'x')
  await writeFile(join(folder, 'run.sh'), '#!/bin/sh\n')
  await chmod(join(folder, 'run.sh'), 0o755)
  expect(await collectFolder(folder)).toEqual({
    files: [
      { path: '.hidden', content: Buffer.from('x'), mode: '100644' },
      { path: 'run.sh', content: Buffer.from('#!/bin/sh\n'), mode: '100755' },
      { path: 'src/deep/a.bin', content: Buffer.from([0, 255]), mode: '100644' },
    ],
    leftOut: [],
  })
})

test("git's own folders are passed over, in any spelling and at any depth", async () => {
  for (const name of ['.git', '.GIT', 'sub/.git', 'git~1']) {
    await mkdir(join(folder, name), { recursive: true })
    await writeFile(join(folder, name, 'config'), 'x')
  }
  await writeFile(join(folder, 'sub', 'kept'), 'x')
  const collected = await collectFolder(folder)
  expect(paths(collected)).toEqual(['sub/kept'])
  expect(collected.leftOut).toEqual([])
})

test('links, pipes, files with several names, large ones and unsafe names are left out and named', async () => {
  const secret = join(root, 'secret')
  await mkdir(join(root, 'outside'))
  await writeFile(join(root, 'outside', 'file'), 'secret')
  await writeFile(secret, 'secret')
  await symlink(secret, join(folder, 'link'))
  await symlink(join(root, 'outside'), join(folder, 'folder-link'))
  await link(secret, join(folder, 'hard'))
  await writeFile(join(folder, 'big'), Buffer.alloc(1001))
  await writeFile(join(folder, 'line\nfeed'), 'x')
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const collected = await collectFolder(folder, caps)
  expect(collected.files).toEqual([])
  expect([...collected.leftOut].sort()).toEqual([
    'big: larger than 1000 bytes',
    'folder-link: a symbolic link',
    'hard: has several names (hard links)',
    'line\nfeed: holds control characters',
    'link: a symbolic link',
    'pipe: not a plain file',
  ])
})

test('more files or bytes than allowed are refused as a whole', async () => {
  for (let index = 0; index < 3; index++) await writeFile(join(folder, `${index}`), Buffer.alloc(900))
  await expect(collectFolder(folder, caps)).rejects.toMatchObject({ code: 'git_refused' })
  await expect(collectFolder(folder, { ...caps, maxFiles: 2, maxTotalBytes: 9000 })).rejects.toMatchObject({
    code: 'git_refused',
  })
  expect(paths(await collectFolder(folder, { ...caps, maxTotalBytes: 2700 }))).toEqual(['0', '1', '2'])
})

test('a folder that is exchanged for a link while it is read gives nothing of the other side', async () => {
  for (const [name, content] of Object.entries({ outside: 'secret', own: 'own' })) {
    await mkdir(join(root, name))
    for (let index = 0; index < 8; index++) await writeFile(join(root, name, `${index}`), content)
  }
  await symlink(join(root, 'outside'), join(root, 'link'))
  const script = `
    const { renameSync } = require('node:fs')
    process.chdir(process.argv[1])
    for (;;) for (const name of ['own', 'link']) {
      renameSync(name, 'work/sub')
      renameSync('work/sub', name)
    }
  `
  const swapping = spawn(process.execPath, ['-e', script, root], { stdio: 'inherit' })
  const ended = once(swapping, 'exit')
  try {
    let seen = 0
    for (let round = 0; round < 20_000 && seen < 20; round++) {
      const { files } = await collectFolder(folder, caps)
      for (const file of files) expect(Buffer.from(file.content ?? '').toString()).toBe('own')
      if (files.length > 0) seen++
    }
    expect(seen).toBe(20)
  } finally {
    swapping.kill('SIGKILL')
    await ended
  }
})
