import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cli, temporary } from './cli.ts'

interface Document {
  readonly verdict: string
  readonly summary: { readonly total: number; readonly passed: number; readonly failed: number }
  readonly failures: readonly { readonly id: string; readonly outcome: string }[]
  readonly problems: readonly { readonly kind: string; readonly message: string }[]
}

/** Runs these files with the real command line and returns the document it prints. */
async function run(framework: string, files: Readonly<Record<string, string>>): Promise<Document> {
  await using folder = await temporary()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text)
  const args = ['run', '.', '--framework', framework, '--test-timeout', '1', '--json']
  const { stdout } = await cli(args, { cwd: folder.path })
  return JSON.parse(stdout) as Document
}

/** `test` stands for the function that the framework calls so. */
function script(framework: string, body: string): string {
  return `import { test } from '${framework === 'node' ? 'node:test' : 'vitest'}'\n${body}\n`
}

const hang = "test('hangs', () => { for (;;); })\ntest('behind', () => {})"
const fine = "test('fine', () => {})"
const bad = "test('bad', () => { throw new Error('no') })"

describe.each(['node', 'vitest'])('files behind a %s test that spoils its process', (framework) => {
  it('are run when a test never gives back control, and so are the tests behind it', async () => {
    const files = { 'a.test.mjs': hang, 'b.test.mjs': fine, 'c.test.mjs': bad, 'd.test.mjs': fine }
    const sources = Object.entries(files).map(([name, body]) => [name, script(framework, body)])
    const { summary, failures } = await run(framework, Object.fromEntries(sources))
    expect(summary).toMatchObject({ total: 5, passed: 3, failed: 2 })
    expect(failures.map(({ id, outcome }) => `${outcome} ${id}`).toSorted()).toEqual([
      'failed c.test.mjs > bad',
      'timed_out a.test.mjs > hangs',
    ])
  })

  it('a file that ends its process while it is loaded is named, and the run is not green', async () => {
    const files = { 'a.test.mjs': fine, 'b.test.mjs': `process.reallyExit(0)\n${bad}` }
    const sources = Object.entries(files).map(([name, body]) => [name, script(framework, body)])
    const { verdict, problems } = await run(framework, Object.fromEntries(sources))
    expect(verdict).toBe('incomplete')
    expect(problems).toContainEqual(
      expect.objectContaining({ kind: 'results_lost', message: expect.stringContaining('b.test.mjs') }),
    )
  })
})

describe('a file of node tests', () => {
  it('without any test is no loss', async () => {
    const { verdict, problems } = await run('node', {
      'a.test.mjs': script('node', fine),
      'empty.test.mjs': 'export {}\n',
      'empty.test.cjs': '',
    })
    expect(problems).toEqual([])
    expect(verdict).toBe('passed')
  })

  it('that calls process.exit(0) while it is loaded does not look like an empty one', async () => {
    const exit = `process.exit(0)\n${bad}`
    const { verdict } = await run('node', { 'a.test.mjs': script('node', fine), 'b.test.mjs': script('node', exit) })
    expect(verdict).toBe('incomplete')
  })
})
