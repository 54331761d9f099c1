import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { policySchema } from '../../src/domain/policy.ts'
import { root, temporary } from './cli.ts'

const example = join(root, 'examples', 'tasks.mjs')
const page = join(root, 'docs', 'engine.md')

describe('examples/tasks.mjs', () => {
  it('runs in a project that has Greenloop installed', async () => {
    await using project = await projectFolder()
    await copyFile(example, join(project.path, 'tasks.mjs'))
    const lines = (await run(project.path, 'tasks.mjs')).split('\n')
    expect(lines.at(-1)).toBe('11 of 12 succeeded, 1 failed, 3 retries, 1100 tokens')
    expect(lines[0]).toBe('order-0: succeeded after 2 of 3 attempts: 0')
    expect(lines[7]).toBe('order-7: failed after 1 of 3 attempts: order 7 does not add up')
    expect(lines[11]).toBe('order-11: succeeded after 1 of 3 attempts: 121')
    expect(lines).toHaveLength(13)
  })
})

describe('docs/engine.md', () => {
  it('shows that example as it is', async () => {
    expect(await readFile(page, 'utf8')).toContain(await readFile(example, 'utf8'))
  })

  it('has each key of the policy with its default, and no other', async () => {
    const text = await readFile(page, 'utf8')
    const section = text.slice(text.indexOf('## Policy'), text.indexOf('## Results'))
    const rows = [...section.matchAll(/^\| `([\w.]+)` +\| [\w ]*\| ([^|]+) \|/gm)].map(([, key, value = '']) => [
      key,
      value.trim().replaceAll('`', ''),
    ])
    expect(rows).toEqual(defaultsOf(z.toJSONSchema(policySchema, { io: 'input' }) as Schema, ''))
  })

  it('holds programs that run', async () => {
    await using project = await projectFolder()
    const programs = [...(await readFile(page, 'utf8')).matchAll(/^```js\n(.*?)^```/gms)].map(([, code = '']) => code)
    expect(programs.length).toBeGreaterThanOrEqual(5)
    const printed = await Promise.all(
      programs.map(async (code, index) => {
        await writeFile(join(project.path, `${index}.mjs`), code)
        return run(project.path, `${index}.mjs`)
      }),
    )
    expect(printed.slice(1)).toEqual([
      'that is enough 100 true',
      'paused 4 4\nover 40',
      'tea costs 5 3',
      'there was one at once',
      '120 119',
    ])
  })
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly default?: unknown
}

/** Keys without keys of their own, with their defaults in words. */
function defaultsOf(schema: Schema, path: string): readonly (readonly [string, string])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => {
    if (inner.properties !== undefined) return defaultsOf(inner, `${path}${key}.`)
    const value = JSON.stringify(inner.default ?? 'none')
    return [[path + key, value.replaceAll(/["[\]]/g, '').replaceAll(',', ', ')] as const]
  })
}

async function run(cwd: string, file: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd })
  return stdout.trimEnd()
}

/** A project in which a package of the name is the sources of this one: Node runs no TypeScript below node_modules. */
async function projectFolder(): ReturnType<typeof temporary> {
  const folder = await temporary()
  const place = join(folder.path, 'node_modules', 'greenloop')
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }))
  await writeFile(join(place, 'index.js'), `export * from '${pathToFileURL(join(root, 'src', 'index.ts')).href}'\n`)
  return folder
}
