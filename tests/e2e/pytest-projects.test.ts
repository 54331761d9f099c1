import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createPytestRunner } from '../../src/runners/pytest.ts'
import { cli, temporary } from './cli.ts'

interface Document {
  readonly verdict: string
  readonly summary: { readonly passed: number; readonly failed: number; readonly flaky: number }
  readonly failures: readonly { readonly id: string; readonly outcome: string; readonly message: string }[]
  readonly problems: readonly { readonly kind: string; readonly message: string }[]
}

const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }
const info = await createPytestRunner()
  .probe({ cwd: import.meta.dirname, env }, new AbortController().signal)
  .catch(() => undefined)
if (info === undefined) console.warn('pytest projects are skipped: no pytest here (python3 -m pip install pytest)')

/** Runs these files with the real command line and returns the document it prints. */
async function run(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Document> {
  await using folder = await temporary()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  const { stdout } = await cli(['run', '.', '--json', ...args], { cwd: folder.path })
  return JSON.parse(stdout) as Document
}

const fine = 'def test_fine(): pass\n'

describe.skipIf(info === undefined)('a pytest project', () => {
  it('whose file calls sys.exit(0) while it is imported is red, and the other files run', async () => {
    const { verdict, summary, problems } = await run({ 'test_a.py': 'import sys\nsys.exit(0)\n', 'test_b.py': fine })
    expect(verdict).toBe('failed')
    expect(summary.passed).toBe(1)
    expect(problems).toMatchObject([
      { kind: 'collection_error', message: expect.stringContaining('sys.exit(0) was called') },
    ])
  })

  it('whose test ends the session is told by what', async () => {
    const ends = 'import pytest\ndef test_ends(): pytest.exit("enough", returncode=0)\n'
    const { failures, summary } = await run({ 'test_a.py': ends + fine })
    expect(failures).toMatchObject([{ outcome: 'errored', message: 'Exit ended the session: enough' }])
    expect(summary.passed).toBe(1)
  })
})

const measured = {
  'pytest.ini': '[pytest]\naddopts = --cov=pkg --cov-fail-under=100\n',
  'pkg/__init__.py': 'def half(value):\n    if value:\n        return 1\n    return 2\n',
  'test_a.py': 'from pkg import half\ndef test_a(): assert half(1) == 1\n',
  'test_b.py': 'from pkg import half\ndef test_b(): assert half(0) == 2\n',
}

describe.skipIf(info?.plugins['cov'] === undefined)('a project with pytest-cov and a limit in its options', () => {
  it('is divided among processes that do not take each other for a lack of coverage, and says so', async () => {
    const { verdict, problems } = await run(measured, '--workers', '2')
    expect(problems).toMatchObject([{ kind: 'note', message: expect.stringContaining('(100 %) was not checked') }])
    expect(verdict).toBe('passed')
  })

  it('does not turn red over the coverage of a retry', async () => {
    const flaky =
      'import os\ndef test_flaky():\n    if not os.path.exists("m"):\n        open("m", "w")\n        assert 0\n'
    const { verdict, summary } = await run({ ...measured, 'test_c.py': flaky }, '--retries', '1')
    expect(summary).toMatchObject({ passed: 2, flaky: 1 })
    expect(verdict).toBe('passed')
  })

  it('is red below the limit, and the reason is told', async () => {
    const { 'test_b.py': _, ...half } = measured
    const { verdict, problems } = await run(half)
    expect(verdict).toBe('failed')
    expect(problems).toContainEqual(expect.objectContaining({ message: expect.stringContaining('was not reached') }))
  })
})
