import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Framework } from '../domain/suite.ts'

const patterns: Readonly<Record<Framework, RegExp>> = {
  pytest: /^(?:test_.*|.*_test)\.py$/,
  vitest: /\.(?:test|spec)\.[cm]?[jt]sx?$/,
  node: /(?:^test(?:[-.].*)?|[._-]test|\.spec)\.[cm]?[jt]s$/,
}
/** Folders that no framework looks into. */
const passedOver = /^(?:\..*|node_modules|venv|build|dist|__pycache__|CVS|_darcs|.*\.egg|\{arch\}|artifacts|coverage)$/
/** Settings that change which files hold tests, so that the names alone do not tell. */
const decidesOtherwise: Readonly<Record<Framework, RegExp>> = {
  pytest: /python_files|testpaths|norecursedirs|doctest|collect_ignore|pytest_collect|--ignore|--deselect/,
  vitest: /include|exclude|workspace|projects|dir\b/,
  node: /(?!)/,
}
const settingsFiles: Readonly<Record<Framework, readonly string[]>> = {
  pytest: ['pytest.ini', '.pytest.ini', 'pytest.toml', 'pyproject.toml', 'tox.ini', 'setup.cfg', 'conftest.py'],
  vitest: ['vitest.config.ts', 'vitest.config.js', 'vitest.config.mts', 'vite.config.ts', 'vite.config.js'],
  node: [],
}
const maxFiles = 20_000
const maxDepth = 32

/** Where test files are looked for. */
export interface Search {
  readonly cwd: string
  readonly framework: Framework
  /** Files, folders and ids as they stand in the request; empty stands for the working folder. */
  readonly paths: readonly string[]
}

/** The file that a path of a request means: the part before the first `::` or ` > `. */
export function fileOf(path: string): string {
  return path.split(/::| > /, 1)[0] ?? path
}

/** Replaces folders by the test files in them, each file once; files and ids stay as they are. */
export async function listTestFiles({ cwd, framework, paths }: Search): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const path of paths.length === 0 ? ['.'] : paths) {
    if (await isFolder(join(cwd, path))) await walk({ cwd, framework, found }, path === '.' ? '' : path, 0)
    else found.add(path)
  }
  return [...found]
}

/**
 * Whether the files that {@link listTestFiles} gives are surely those the framework would choose: all are named one by
 * one, or nothing in the project's settings speaks against it.
 */
export async function isSurelyComplete({ cwd, framework, paths }: Search): Promise<boolean> {
  const folders = await Promise.all((paths.length === 0 ? ['.'] : paths).map((path) => isFolder(join(cwd, path))))
  if (!folders.includes(true)) return true
  const settings = await Promise.all(settingsFiles[framework].map((name) => readText(join(cwd, name))))
  return !settings.some((text) => decidesOtherwise[framework].test(text))
}

interface Walk {
  readonly cwd: string
  readonly framework: Framework
  readonly found: Set<string>
}

async function walk(to: Walk, folder: string, depth: number): Promise<void> {
  const entries = await readdir(join(to.cwd, folder), { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = folder === '' ? entry.name : `${folder.replace(/\/$/, '')}/${entry.name}`
    if (to.found.size >= maxFiles) return
    if (entry.isDirectory() && depth < maxDepth && !passedOver.test(entry.name)) await walk(to, path, depth + 1)
    if (entry.isFile() && patterns[to.framework].test(entry.name)) to.found.add(path)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

async function readText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}
