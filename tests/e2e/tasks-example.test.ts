import { execFile } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { root, temporary } from './cli.ts'

describe('examples/tasks.mjs', () => {
  it('runs in a project that has Greenloop installed', async () => {
    await using folder = await temporary()
    await copyFile(join(root, 'examples', 'tasks.mjs'), join(folder.path, 'tasks.mjs'))
    await install(folder.path)
    const { stdout } = await promisify(execFile)(process.execPath, ['tasks.mjs'], { cwd: folder.path })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.at(-1)).toBe('11 of 12 succeeded, 1 failed, 3 retries, 1100 tokens')
    expect(lines[0]).toBe('order-0: succeeded after 2 of 3 attempts: 0')
    expect(lines[7]).toBe('order-7: failed after 1 of 3 attempts: order 7 does not add up')
    expect(lines[11]).toBe('order-11: succeeded after 1 of 3 attempts: 121')
    expect(lines).toHaveLength(13)
  })
})

/** Puts a package of the name in place that is the sources of this project: Node runs no TypeScript below node_modules. */
async function install(folder: string): Promise<void> {
  const place = join(folder, 'node_modules', 'greenloop')
  await mkdir(place, { recursive: true })
  await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module', exports: './index.js' }))
  await writeFile(join(place, 'index.js'), `export * from '${pathToFileURL(join(root, 'src', 'index.ts')).href}'\n`)
}
