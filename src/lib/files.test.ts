import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, link, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exists, listFiles, makeFolders, readSafely, writeAllAtomic, writeAtomic } from './files.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'greenloop-files-'))
})
afterEach(async () => {
  await chmod(folder, 0o755)
  await rm(folder, { recursive: true })
})

describe('makeFolders', () => {
  it('makes every folder of a path, and is content with what is there', async () => {
    await makeFolders(join(folder, 'a', 'b', 'c'))
    await makeFolders(join(folder, 'a', 'b'))
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c'])
  })

  it('refuses a path below a file', async () => {
    await writeFile(join(folder, 'a'), '')
    await expect(makeFolders(join(folder, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(makeFolders(join(folder, 'a'))).rejects.toMatchObject({ code: 'EEXIST' })
  })

  it.skipIf(!existsSync('/proc/self'))('gives up where a file system denies every folder', async () => {
    await expect(makeFolders('/proc/greenloop/nowhere')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('writeAtomic', () => {
  it('writes a file, replaces it, and leaves no temporary file', async () => {
    await writeAtomic(join(folder, 'a.txt'), 'one')
    await writeAtomic(join(folder, 'a.txt'), Buffer.from('two'))
    expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('two')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  it('writes none of several files when one of them cannot be written', async () => {
    const files = [
      { path: join(folder, 'a.txt'), data: 'a' },
      { path: join(folder, 'missing', 'b.txt'), data: 'b' },
    ]
    await expect(writeAllAtomic(files)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(folder)).toEqual([])
  })

  it('replaces a symbolic link instead of writing through it', async () => {
    await writeFile(join(folder, 'outside'), 'untouched')
    await symlink(join(folder, 'outside'), join(folder, 'link'))
    await writeAtomic(join(folder, 'link'), 'inside')
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('untouched')
  })
})

describe('readSafely', () => {
  it('reads a plain file', async () => {
    await writeFile(join(folder, 'a'), 'text')
    expect(await readSafely(join(folder, 'a'), 10)).toEqual({ kind: 'file', data: Buffer.from('text') })
  })

  it('refuses links, pipes, folders, hard links, large and missing files without waiting', async () => {
    await writeFile(join(folder, 'plain'), 'text')
    await symlink('plain', join(folder, 'link'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await writeFile(join(folder, 'one'), 'x')
    await link(join(folder, 'one'), join(folder, 'two'))
    const names = ['link', 'pipe', '.', 'two', 'plain', 'missing']
    const results = await Promise.all(names.map((name) => readSafely(join(folder, name), 3)))
    expect(results.map((result) => result.kind === 'refused' && result.reason)).toEqual([
      'a symbolic link',
      'not a plain file',
      'not a plain file',
      'has several names (hard links)',
      'larger than 3 bytes',
      'not there',
    ])
  })
})

describe('listFiles', () => {
  it('lists files below a folder in order and names what it passes over', async () => {
    await mkdir(join(folder, 'b', 'c'), { recursive: true })
    for (const name of ['z.log', 'b/y.log', 'b/c/x.log', '.hidden']) await writeFile(join(folder, name), '')
    await symlink('/etc', join(folder, 'etc'))
    expect(await listFiles(folder, { maxFiles: 100, maxDepth: 2 })).toEqual({
      files: ['b/y.log', 'z.log'],
      omitted: expect.arrayContaining([
        { path: 'etc', reason: 'not a plain file' },
        { path: 'b/c', reason: 'deeper than 2 folders' },
      ]),
    })
  })

  it('stops at the limit of files and says so', async () => {
    for (const name of ['a', 'b', 'c']) await writeFile(join(folder, name), '')
    const listing = await listFiles(folder, { maxFiles: 2, maxDepth: 2 })
    expect(listing.files).toHaveLength(2)
    expect(listing.omitted[0]?.reason).toContain('more than 2')
  })
})

describe('exists', () => {
  it('sees files, broken links and nothing', async () => {
    await symlink('nowhere', join(folder, 'broken'))
    const names = ['.', 'broken', 'missing', 'missing/deeper']
    expect(await Promise.all(names.map((name) => exists(join(folder, name))))).toEqual([true, true, false, false])
  })
})
