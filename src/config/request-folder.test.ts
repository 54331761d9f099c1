import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseRequest } from './request-file.ts'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'greenloop-folder-'))
  const files = [
    'here/test_h.py',
    'shop/pyproject.toml',
    'shop/tests/a/test_a.py',
    'shop/tests/b/test_b.py',
    'x/test_x.py',
  ]
  for (const file of files) {
    await mkdir(join(root, file, '..'), { recursive: true })
    await writeFile(join(root, file), '')
  }
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function settle(tests: readonly string[]): Promise<{ cwd: string; tests: readonly string[]; told: string[] }> {
  const { request, warnings } = await parseRequest(JSON.stringify({ tests }), { cwd: join(root, 'here') })
  return { cwd: request.cwd, tests: request.tests, told: warnings.map(({ message }) => message) }
}

describe('tests outside the working folder', () => {
  it('make the project around them the working folder, and say so', async () => {
    const { cwd, tests, told } = await settle(['../shop/tests/a/test_a.py::test_one[../x]', join(root, 'shop/tests/b')])
    expect(cwd).toBe(join(root, 'shop'))
    expect(tests).toEqual(['tests/a/test_a.py::test_one[../x]', 'tests/b'])
    expect(told).toEqual([expect.stringContaining(join(root, 'shop'))])
  })

  it('of a folder that is no project make the folder around them all the working folder', async () => {
    expect(await settle(['../x/test_x.py'])).toMatchObject({ cwd: join(root, 'x'), tests: ['test_x.py'] })
    expect(await settle(['../x', 'test_h.py'])).toMatchObject({ cwd: root, tests: ['x', 'here/test_h.py'] })
  })

  it('change nothing where they lie inside, or are not there', async () => {
    for (const tests of [['test_h.py'], [join(root, 'here')], ['../nowhere.py'], []]) {
      expect(await settle(tests)).toEqual({ cwd: join(root, 'here'), tests, told: [] })
    }
  })
})
