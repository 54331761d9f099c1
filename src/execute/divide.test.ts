import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divide, halve } from './divide.ts'
import { listTestFiles } from './test-files.ts'

async function withFiles<T>(files: Readonly<Record<string, string>>, action: (cwd: string) => Promise<T>): Promise<T> {
  const cwd = await mkdtemp(join(tmpdir(), 'greenloop-divide-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, path)), { recursive: true })
      await writeFile(join(cwd, path), text)
    }
    return await action(cwd)
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

const three = { 'tests/test_a.py': '', 'tests/deep/test_b.py': '', 'tests/c_test.py': '', 'tests/helper.py': '' }

describe('dividing tests', () => {
  it('divides by files where nothing speaks against the usual names', async () => {
    await withFiles({ ...three, 'venv/test_x.py': '', 'build/test_y.py': '' }, async (cwd) => {
      const selections = await divide({ cwd, framework: 'pytest', paths: [] }, 2)
      expect(selections).toEqual([
        { kind: 'paths', paths: ['tests/c_test.py', 'tests/test_a.py'] },
        { kind: 'paths', paths: ['tests/deep/test_b.py'] },
      ])
    })
  })

  it.each([
    ['names other files', { 'pyproject.toml': '[tool.pytest.ini_options]\npython_files = "check_*.py"\n' }],
    ['leaves files out', { 'conftest.py': 'collect_ignore = ["tests/deep"]\n' }],
  ])('leaves it to the plugin where the project %s', async (_what, settings) => {
    await withFiles({ ...three, ...settings }, async (cwd) => {
      const selections = await divide({ cwd, framework: 'pytest', paths: ['tests'] }, 2)
      expect(selections.map((select) => 'shard' in select && select.shard)).toEqual([
        { index: 0, of: 2 },
        { index: 1, of: 2 },
      ])
    })
  })

  it('divides files that are named one by one, whatever the settings say', async () => {
    await withFiles({ 'a.py': '', 'b.py': '', 'pytest.ini': '[pytest]\npython_files = x.py' }, async (cwd) => {
      const selections = await divide({ cwd, framework: 'pytest', paths: ['a.py::one', 'b.py', 'a.py::two'] }, 2)
      expect(selections).toEqual([
        { kind: 'paths', paths: ['a.py::one', 'a.py::two'] },
        { kind: 'paths', paths: ['b.py'] },
      ])
    })
  })

  it('does not divide for one worker', async () => {
    expect(await divide({ cwd: '/', framework: 'pytest', paths: ['x'] }, 1)).toEqual([{ kind: 'paths', paths: ['x'] }])
  })

  it.each([
    ['vitest', ['a.test.ts', 'b.spec.jsx']],
    ['node', ['a.test.ts', 'c-test.mjs', 'test.js']],
  ] as const)('knows the names of %s', async (framework, expected) => {
    const files = { 'a.test.ts': '', 'b.spec.jsx': '', 'c-test.mjs': '', 'test.js': '', 'src.ts': '' }
    await withFiles(files, async (cwd) => {
      expect(await listTestFiles({ cwd, framework, paths: [] })).toEqual(expected)
    })
  })
})

describe('halving', () => {
  const ids = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(9)).map(([file, n]) => `${file}.py::t${n}`))

  it('keeps everything, keeps files whole and makes both halves smaller', () => {
    fc.assert(
      fc.property(ids, (given) => {
        const halves = halve(given)
        const files = new Set(given.map((id) => id.split('::')[0]))
        if (halves === undefined) {
          expect(files.size).toBeLessThan(2)
          return
        }
        const [left, right] = halves
        expect([...left, ...right].sort()).toEqual(given.toSorted())
        expect(Math.min(left.length, right.length)).toBeGreaterThan(0)
        const leftFiles = new Set(left.map((id) => id.split('::')[0]))
        expect(right.some((id) => leftFiles.has(id.split('::')[0]))).toBe(false)
      }),
    )
  })
})
