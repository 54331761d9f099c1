import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseFiles } from './source-files.ts'
import type { FileChoice } from './source-files.ts'

type Tree = Readonly<Record<string, string>>

const choose = (tree: Tree, mentions: FileChoice['mentions'], change: Partial<FileChoice> = {}) =>
  chooseFiles({
    mentions,
    changed: [],
    tracked: Object.keys(tree),
    maxChars: 40_000,
    read: (path) => Promise.resolve(Object.hasOwn(tree, path) ? tree[path] : undefined),
    ...change,
  })
const told = async (...given: Parameters<typeof choose>) =>
  (await choose(...given)).map(({ path, reason }) => `${reason} ${path}`)

describe('files for the prompt', () => {
  test('are those mentioned, what they import, those changed, and tests as tests', async () => {
    const tree = {
      'calc/__init__.py': '',
      'calc/core.py': 'from .numbers import whole\nfrom calc import rounding\nimport os, json\n',
      'calc/numbers.py': 'def whole(): ...\n',
      'calc/rounding.py': '',
      'tests/test_core.py': 'from calc.core import add\n',
      'setup.py': '',
      'docs/a.md': 'text',
    }
    const mentions = [
      { path: 'tests/test_core.py', line: 1 },
      { path: 'calc/core.py', line: 2 },
    ]
    expect(await told(tree, mentions, { changed: ['docs/a.md', 'calc/core.py'] })).toEqual([
      'mentioned calc/core.py',
      'test tests/test_core.py',
      'imported calc/numbers.py',
      'imported calc/rounding.py',
      'imported calc/__init__.py',
      'changed docs/a.md',
    ])
  })
  test('follow imports of scripts, with the endings that TypeScript hides', async () => {
    const tree = {
      'web/src/cart.ts': [
        "import { total } from './price.js'",
        "import type { Item } from '../types'",
        "export * from './views/index.mjs'",
        "import x from 'lodash'",
        "const y = require('./plain')",
        'const z = await import(`./dynamic`)',
        "import settings from '@/settings.ts'",
      ].join('\n'),
      'web/src/price.ts': '',
      'web/types/index.ts': '',
      'web/src/views/index.mts': '',
      'web/src/plain.cjs': '',
      'web/src/settings.ts': '',
      'other/price.ts': '',
    }
    expect(await told(tree, [{ path: 'web/src/cart.ts', line: 1 }])).toEqual([
      'mentioned web/src/cart.ts',
      'imported web/src/price.ts',
      'imported web/types/index.ts',
      'imported web/src/views/index.mts',
      'imported web/src/plain.cjs',
      'imported web/src/settings.ts',
    ])
  })
  test('are found by the name of the test where nothing is imported', async () => {
    const tree = {
      'price/price.go': 'package price',
      'price/price_test.go': 'package price',
      'src/main/java/tools/Price.java': '',
      'src/test/java/tools/PriceTest.java': 'package tools;',
    }
    expect(
      await told(tree, [{ path: 'price/price_test.go', line: 7 }, { path: 'src/test/java/tools/PriceTest.java' }]),
    ).toEqual([
      'test price/price_test.go',
      'imported price/price.go',
      'imported src/main/java/tools/Price.java',
      'test src/test/java/tools/PriceTest.java',
    ])
  })
  test('do not hold lock files, binary ones, or what cannot be read', async () => {
    const tree = { 'package-lock.json': '{}', 'a.py': 'a\0b', 'b.py': 'b' }
    const mentions = ['package-lock.json', 'a.py', 'b.py', 'c.py', '../x.py'].map((path) => ({ path }))
    expect(await told(tree, mentions, { changed: ['package-lock.json'] })).toEqual(['mentioned b.py'])
  })
})

describe('a file that is too long', () => {
  const lines = Array.from({ length: 5_000 }, (_, at) => `line ${at + 1}`)

  test('keeps its beginning and what surrounds the lines that are named', async () => {
    const [file] = await choose(
      { 'a.py': lines.join('\n') },
      [
        { path: 'a.py', line: 3_000 },
        { path: 'a.py', line: 4_900 },
      ],
      { maxChars: 3_000 },
    )
    expect(file?.cut).toBe(true)
    expect(file?.content).toMatch(/^line 1\nline 2\n/)
    expect(file?.content).toMatch(/… \d+ lines left out …\n/)
    for (const line of [2_990, 3_010, 4_890, 4_910]) expect(file?.content.split('\n')).toContain(`line ${line}`)
  })
  test('leaves room for others', async () => {
    const files = await choose(
      { 'a.py': lines.join('\n'), 'b.py': 'b = 1\n' },
      [{ path: 'a.py', line: 3 }, { path: 'b.py' }],
      { maxChars: 3_000 },
    )
    expect(files.map(({ path, cut }) => [path, cut])).toEqual([
      ['a.py', true],
      ['b.py', false],
    ])
  })
})

test('contents together stay within their room, and are whole unless they are said to be cut', async () => {
  const name = fc.constantFrom('a.py', 'b/c.ts', 'tests/test_a.py', 'd.js', 'e/f.go')
  const tree = fc.dictionary(
    name,
    fc.string({ unit: fc.constantFrom('a', '\n', "import './d'", ' ', 'é'), maxLength: 4_000 }),
  )
  const mentions = fc.array(fc.record({ path: name, line: fc.nat(500) }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(tree, mentions, fc.nat(6_000), async (tree, mentions, maxChars) => {
      const files = await choose(tree, mentions, { maxChars, changed: Object.keys(tree) })
      expect(files.reduce((sum, { content }) => sum + content.length, 0)).toBeLessThanOrEqual(maxChars)
      expect(new Set(files.map(({ path }) => path)).size).toBe(files.length)
      for (const { path, content, cut } of files) if (!cut) expect(content).toBe(tree[path])
    }),
    { numRuns: 200 },
  )
})
