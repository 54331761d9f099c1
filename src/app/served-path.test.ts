import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { servedPath } from './served-path.ts'

let folder = ''
let root = ''

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'greenloop-served-')))
  root = join(folder, 'root')
  await mkdir(join(root, 'sub'), { recursive: true })
  await mkdir(join(folder, 'root-beside'))
  await writeFile(join(root, 'sub', 'a.json'), '{}')
  await writeFile(join(folder, 'secret'), 's')
  await symlink('../secret', join(root, 'out'))
  await symlink('..', join(root, 'up'))
  await symlink('../root-beside', join(root, 'beside'))
  await symlink('sub', join(root, 'inside'))
  await symlink('../not-there', join(root, 'nowhere'))
  await symlink('circle', join(root, 'circle'))
})

afterAll(() => rm(folder, { recursive: true }))

describe('servedPath', () => {
  it('gives real paths of what is there and of what is to be made', async () => {
    expect(await servedPath(root, 'sub/a.json')).toBe(join(root, 'sub', 'a.json'))
    expect(await servedPath(root, './inside//a.json')).toBe(join(root, 'sub', 'a.json'))
    expect(await servedPath(root, 'inside/new/b.json')).toBe(join(root, 'sub', 'new', 'b.json'))
    expect(await servedPath(root, '.')).toBe(root)
    expect(await servedPath(root, 'sub/..a')).toBe(join(root, 'sub', '..a'))
  })

  it.each([
    ['../secret', '`..`'],
    ['sub/../../secret', '`..`'],
    ['/etc/passwd', 'absolute'],
    ['a\0.json', 'control'],
    ['..\\secret', 'Windows'],
    ['C:/x', 'Windows'],
    ['out', 'leads out'],
    ['up/secret', 'leads out'],
    ['up/new', 'leads out'],
    ['beside/x', 'leads out'],
    ['nowhere', 'nowhere'],
    ['nowhere/x', 'nowhere'],
    ['circle', 'circle'],
    ['a/'.repeat(3000), 'longer'],
    ['a'.repeat(300), 'too long'],
  ])('refuses %j', async (path, why) => {
    await expect(servedPath(root, path)).rejects.toMatchObject({
      code: 'path_refused',
      message: expect.stringContaining(why),
    })
  })
})
