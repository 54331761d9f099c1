import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { combine } from '../../src/index.ts'
import { cli, temporary } from './cli.ts'

const model = `# what a shop runs on
OS: linux, mac, windows
Browser: chrome, firefox, safari, edge
Memory: 4, 8, 16
Locale: en, zh, ru

IF [OS] = "linux" THEN [Browser] <> "safari" AND [Browser] <> "edge";
IF [Browser] = "safari" THEN [OS] = "mac";
`

async function at() {
  const folder = await temporary()
  await writeFile(join(folder.path, 'shop.pict'), model)
  const run = (...args: string[]) => cli(['combine', 'shop.pict', ...args], { cwd: folder.path })
  return { path: folder.path, run, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
}

describe('greenloop combine', () => {
  it('prints few rows as tab-separated text, and the same ones from the cache', async () => {
    await using place = await at()
    const first = await place.run()
    expect(first.code).toBe(0)
    const lines = first.stdout.trimEnd().split('\n')
    expect(lines[0]).toBe('OS\tBrowser\tMemory\tLocale')
    expect(lines.length - 1).toBeLessThanOrEqual(14)
    const second = await place.run()
    expect(second.stdout).toBe(first.stdout)
    expect(second.stderr).toContain('from the cache')
    expect((await place.run('--no-cache')).stdout).toBe(first.stdout)
  })

  it('makes itself anew when a file of the cache is broken', async () => {
    await using place = await at()
    const { stdout } = await place.run('--cache', 'kept')
    const [name = ''] = (await import('node:fs')).readdirSync(join(place.path, 'kept'))
    await writeFile(join(place.path, 'kept', name), '{"broken')
    const again = await place.run('--cache', 'kept')
    expect(again.stdout).toBe(stdout)
    expect(again.stderr).not.toContain('from the cache')
  })

  it('proves its own rows in each form, and finds what a part of them lacks', async () => {
    await using place = await at()
    for (const file of ['rows.csv', 'rows.md', 'rows.json', 'rows.txt']) {
      expect((await place.run('--out', file)).code).toBe(0)
      const proof = await place.run('--verify', file)
      expect(proof.code, file).toBe(0)
      expect(proof.stdout).toContain('strength 2: complete')
    }
    const rows = (await readFile(join(place.path, 'rows.csv'), 'utf8')).split('\n').slice(0, 4).join('\n')
    await writeFile(join(place.path, 'part.csv'), `${rows}\nlinux,safari,4,en\n`)
    const proof = await place.run('--verify', 'part.csv')
    expect(proof.code).toBe(5)
    expect(proof.stdout).toContain('1 row refused')
    expect(proof.stdout).toContain('missing: ')
  })

  it('keeps given rows and fills their gaps', async () => {
    await using place = await at()
    await writeFile(join(place.path, 'seeds.csv'), 'Locale,OS\nru,mac\nzh,linux\n')
    const { stdout } = await place.run('--seeds', 'seeds.csv', '--format', 'csv')
    const [, first, second] = stdout.split('\n')
    expect(first).toMatch(/^mac,\w+,\d+,ru$/)
    expect(second).toMatch(/^linux,\w+,\d+,zh$/)
  })

  it('writes a page that needs nothing else', async () => {
    await using place = await at()
    await place.run('--out', 'page.html')
    const page = await readFile(join(place.path, 'page.html'), 'utf8')
    expect(page).toContain('<polyline')
    expect(page).toContain('<td>windows</td>')
    expect(page).not.toMatch(/(?:src|href)=/)
  })

  it('names the combination that fails', async () => {
    await using place = await at()
    const { stdout } = await place.run('--format', 'csv')
    const [head = '', ...rows] = stdout.trimEnd().split('\n')
    const results = rows.map((row) => `${row},${/^mac,.*,zh$/.test(row) ? 'fail' : 'pass'}`)
    await writeFile(join(place.path, 'results.csv'), [`${head},result`, ...results, ''].join('\n'))
    const named = await place.run('--results', 'results.csv')
    expect(named.code).toBe(0)
    expect(named.stdout).toContain('* 1. OS = mac, Locale = zh')
  })

  it('says which constraints clash, and where', async () => {
    await using place = await at()
    const clash =
      'A: 1, 2\nB: 3, 4\nIF [A] = 1 THEN [B] = 3;\nIF [A] = 2 THEN [B] = 3;\n[A] = 1 OR [A] = 2;\n[B] <> 3;\n'
    await writeFile(join(place.path, 'clash.pict'), clash)
    const { code, stderr } = await cli(['combine', 'clash.pict'], { cwd: place.path })
    expect(code).toBe(2)
    expect(stderr).toContain('3 constraints clash')
    expect(stderr).toContain('clash.pict:6')
    expect(stderr).not.toContain('clash.pict:5')
  })
})

describe('combine as a function', () => {
  it('takes objects and gives values as they were written', async () => {
    const { cases, rows, lowerBound } = await combine({
      parameters: { debug: [true, false], level: [1, 2, 3], name: ['a', null] },
      constraints: ['IF [debug] = "true" THEN [level] > 1'],
    })
    expect(rows.length).toBe(cases.length)
    expect(lowerBound).toBeLessThanOrEqual(rows.length)
    expect(cases.every(({ debug, level }) => debug === false || Number(level) > 1)).toBe(true)
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(['a', null]))
  })

  it('takes a text in the PICT language', async () => {
    const { cases } = await combine('A: 1, 2\nB: x, y\n', { strength: 2 })
    expect(cases).toHaveLength(4)
  })
})
