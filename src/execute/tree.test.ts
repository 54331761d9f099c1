import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readTree } from './tree.ts'

async function withTree<T>(paths: readonly string[], action: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'greenloop-tree-'))
  try {
    for (const path of paths) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), path)
    }
    return await action(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

describe('reading a project', () => {
  it('copies sources, shows dependencies and leaves caches and histories out', async () => {
    const paths = [
      'a.py',
      'pkg/b.py',
      '.git/config',
      'pkg/.mypy_cache/b.json',
      'node_modules/x/index.js',
      'env/pyvenv.cfg',
    ]
    await withTree(paths, async (root) => {
      const tree = await readTree(root, [])
      expect(tree).toMatchObject({ folders: ['pkg'], files: ['a.py', 'pkg/b.py'], shallow: false })
      expect([...tree.shown].sort()).toEqual(['env', 'node_modules'])
    })
  })

  it('keeps links as links and leaves pipes out', async () => {
    await withTree(['a.py'], async (root) => {
      await symlink('a.py', join(root, 'link.py'))
      await symlink('/etc', join(root, 'outside'))
      execFileSync('mkfifo', [join(root, 'pipe')])
      const tree = await readTree(root, [])
      expect(tree.files).toEqual(['a.py'])
      expect([...tree.links].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
        { path: 'link.py', target: 'a.py' },
        { path: 'outside', target: '/etc' },
      ])
    })
  })

  it('shows the folders of a project that is too large, but for those that lead to files laid over it', async () => {
    await withTree(['top.py', 'data/huge.bin', 'tests/unit/test_a.py', 'tests/data/x'], async (root) => {
      await truncate(join(root, 'data/huge.bin'), 600 * 1024 * 1024)
      const tree = await readTree(root, ['tests/unit/test_new.py'])
      expect(tree).toMatchObject({ shallow: true, folders: ['tests', 'tests/unit'] })
      expect([...tree.shown].sort()).toEqual(['data', 'tests/data'])
      expect([...tree.files].sort()).toEqual(['tests/unit/test_a.py', 'top.py'])
    })
  })
})
