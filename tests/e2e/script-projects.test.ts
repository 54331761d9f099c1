import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, root, temporary } from './cli.ts'

interface Document {
  readonly verdict: string
  readonly summary: { readonly passed: number; readonly failed: number }
  readonly problems: readonly { readonly kind: string; readonly message: string }[]
}

interface Project {
  readonly framework: 'vitest' | 'node'
  readonly files: Readonly<Record<string, string>>
  /** Packages that the project has installed, as links to those of this repository. */
  readonly installed?: readonly string[]
}

/** Runs a project with the real command line and returns the document it prints. */
async function run({ framework, files, installed = [] }: Project): Promise<Document> {
  await using folder = await temporary()
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), text)
  }
  for (const name of installed) {
    await mkdir(join(folder.path, 'node_modules'), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(folder.path, 'node_modules', name))
  }
  const { stdout } = await cli(['run', '.', '--framework', framework, '--json'], { cwd: folder.path })
  return JSON.parse(stdout) as Document
}

const configured = {
  'vitest.config.ts': `import { defineConfig } from 'vitest/config'
export default defineConfig({
  resolve: { alias: { '@lib': new URL('./lib', import.meta.url).pathname } },
  test: { globals: true, setupFiles: ['./setup.ts'], include: ['spec/*.ts'] },
})
`,
  'setup.ts': 'globalThis.ready = true\n',
  'lib/half.ts': 'export const half = (value: number) => value / 2\n',
  'spec/half.ts': `import { half } from '@lib/half'
it('uses what the project set up', () => {
  expect([half(4), globalThis.ready]).toEqual([2, true])
})
`,
}

describe('the configuration of a vitest project', () => {
  it.each([
    ['that has vitest installed', ['vitest', 'vite']],
    ['that has not', []],
  ])('counts in a project %s', async (_what, installed) => {
    const { verdict, summary, problems } = await run({ framework: 'vitest', files: configured, installed })
    expect(problems).toEqual([])
    expect(summary).toMatchObject({ passed: 1, failed: 0 })
    expect(verdict).toBe('passed')
  })
})

const late = "throw new Error('too late')"

describe('what breaks outside every test', () => {
  it.each<[what: string, framework: Project['framework'], source: string]>([
    ['afterAll of a suite', 'vitest', `describe('s', () => { afterAll(() => { ${late} }); it('ok', () => {}) })`],
    ['afterAll of a file', 'vitest', `afterAll(() => { ${late} }); it('ok', () => {})`],
    [
      'a lost promise',
      'vitest',
      `it('ok', async () => { void (async () => { ${late} })(); await new Promise(setImmediate) })`,
    ],
    ['after of a suite', 'node', `describe('s', () => { after(() => { ${late} }); it('ok', () => {}) })`],
    ['after of a file', 'node', `after(() => { ${late} }); it('ok', () => {})`],
    ['a timer behind the tests', 'node', `it('ok', () => {}); setTimeout(() => { ${late} }, 100)`],
  ])('%s (%s) makes the run red and is told', async (_what, framework, source) => {
    const [names, from] = framework === 'node' ? ['after', 'node:test'] : ['afterAll', 'vitest']
    const text = `import { describe, it, ${names} } from '${from}'\n${source}\n`
    const { verdict, summary, problems } = await run({ framework, files: { 'a.test.mjs': text } })
    expect(problems).toContainEqual(
      expect.objectContaining({ kind: 'suite_error', message: expect.stringContaining('too late') }),
    )
    expect(summary.passed).toBe(1)
    expect(verdict).toBe('failed')
  })
})
