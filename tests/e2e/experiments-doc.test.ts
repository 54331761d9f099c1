import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { patchSchema } from '../../src/domain/patch.ts'
import { parseGate } from '../../src/experiment/gate-parse.ts'
import { cli, root, temporary } from './cli.ts'

const page = await readFile(join(root, 'docs', 'experiments.md'), 'utf8')
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text)

/** The three files of the page, in a folder. */
async function writeFiles(folder: string): Promise<void> {
  for (const text of blocks('yaml')) {
    const name = /^# (\w+\.yaml)$/m.exec(text)?.[1]
    if (name !== undefined) await writeFile(join(folder, name), text)
  }
}

/** There is no judge here, and nothing to go easy on. */
async function withoutWaiting(folder: string): Promise<void> {
  const env = join(folder, 'env.yaml')
  await writeFile(env, (await readFile(env, 'utf8')).replace('per_minute: 300', 'per_minute: 300000'))
  const plan = join(folder, 'test_plan.yaml')
  await writeFile(plan, (await readFile(plan, 'utf8')).replace(/\{ type: judge, [^}]*\}/, '{ type: is_json }'))
}

describe('docs/experiments.md', () => {
  it('shows files that make a plan', async () => {
    await using folder = await temporary()
    await writeFiles(folder.path)
    const { code, stdout, stderr } = await cli(['experiment', 'plan', 'test_plan.yaml', '--json'], { cwd: folder.path })
    expect(stderr).not.toContain('error')
    expect(code).toBe(0)
    // A conversation and a question, each with the nine pairs of language and audience, and all of tone among them.
    expect(JSON.parse(stdout)).toMatchObject({
      title: 'support-bot',
      estimate: { cases: 18, variants: 2, trials: 108, calls: 162 },
    })
  })

  it('shows patches that can be read', () => {
    const [text = ''] = blocks('yaml').filter((block) => block.includes('op: append'))
    const { variants } = parse(text) as { variants: { patches: unknown[] }[] }
    const ops = variants.flatMap(({ patches }) => patches.map((patch) => patchSchema.parse(patch).op))
    expect(ops).toEqual(['append', 'set'])
  })

  it('shows gates that can be read', () => {
    const section = page.slice(page.indexOf('**Gates**'), page.indexOf('**Failing combinations**'))
    const gates = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, gate = '']) => gate)
    expect(gates).toHaveLength(7)
    for (const gate of gates) expect(parseGate(gate).text).toBe(gate)
  })

  it('shows a program that runs', async () => {
    await using folder = await temporary()
    await writeFiles(folder.path)
    await withoutWaiting(folder.path)
    const installed = join(folder.path, 'node_modules', 'greenloop')
    await mkdir(installed, { recursive: true })
    await writeFile(join(installed, 'package.json'), '{"name":"greenloop","type":"module","exports":"./index.js"}')
    const source = pathToFileURL(join(root, 'src', 'index.ts')).href
    await writeFile(join(installed, 'index.js'), `export * from ${JSON.stringify(source)}\n`)
    const [program = ''] = blocks('js')
    await writeFile(
      join(folder.path, 'program.mjs'),
      `${program}\nconsole.log(results.length, JSON.stringify(winners))`,
    )
    const env = { PATH: process.env['PATH'] ?? '', LLM_API_KEY: 'key' }
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder.path, env })
    expect(stdout.trim()).toBe('108 {}')
  })
})
