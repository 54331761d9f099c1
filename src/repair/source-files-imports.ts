import type { PathIndex } from './diagnosis-paths.ts'

/** Finds the tracked files that a file imports. */
type ImportReader = (path: string, content: string, index: PathIndex) => readonly string[]

/** Modules of one file that are looked for, at most. */
const maxImports = 60
const scriptEndings = ['', '.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.vue', '.svelte', '.json']
const scriptIndexes = ['/index.ts', '/index.tsx', '/index.js', '/index.mjs', '/index.jsx']

/**
 * Tracked files that a file of Python, JavaScript, TypeScript or Java imports. Reads statements line by line, since a file
 * that breaks a pipeline may not parse.
 */
export function importsOf(path: string, content: string, index: PathIndex): readonly string[] {
  const reader = readers[/\.(\w+)$/.exec(path)?.[1] ?? '']
  if (reader === undefined) return []
  return [...new Set(reader(path, content, index))].filter((found) => found !== path).slice(0, maxImports)
}

const script: ImportReader = (path, content, index) => {
  const specifiers = [...content.matchAll(/(?:\bfrom|\bimport|\brequire\(|\bimport\()\s{0,4}(["'])([^"'\n]{1,300})\1/g)]
  return specifiers.slice(0, maxImports).flatMap((match) => {
    const base = scriptBase(path, match[2] ?? '')
    if (base === undefined) return []
    // Sources of TypeScript name the files that they become.
    const bases = [
      base,
      base.replace(/\.([mc]?)jsx?$/, '.$1ts'),
      base.replace(/\.jsx?$/, '.tsx'),
      base.replace(/\.jsx?$/, ''),
    ]
    const candidates = [...bases, ...scriptEndings.map((end) => base + end), ...scriptIndexes.map((end) => base + end)]
    return first(candidates, index)
  })
}

/** Path that a specifier means, without ending; `undefined` for a package. `@/` and `~/` mostly stand for `src/`. */
function scriptBase(path: string, specifier: string): string | undefined {
  const clean = specifier.replace(/[?#].*$/, '')
  if (/^\.{1,2}(?:\/|$)/.test(clean)) return joined(folderOf(path), clean)
  return /^[@~]\//.test(clean) ? `src/${clean.slice(2)}` : undefined
}

const python: ImportReader = (path, content, index) => {
  const modules: string[] = []
  for (const match of content.matchAll(
    /^[ \t]{0,40}from[ \t]+(\.{0,10})([\w.]{0,200})[ \t]+import[ \t]+\(?([\w, \t*]{0,1000})/gm,
  )) {
    const [, dots = '', module = '', names = ''] = match
    const base = pythonBase(path, dots, module)
    modules.push(...names.split(',').map((name) => joined(base, name.trim().split(/\s/)[0] ?? '')), base)
  }
  for (const match of content.matchAll(/^[ \t]{0,40}import[ \t]+([\w., \t]{1,1000})/gm)) {
    modules.push(...(match[1] ?? '').split(',').map((name) => (name.trim().split(/\s/)[0] ?? '').replaceAll('.', '/')))
  }
  return modules
    .filter((module) => module !== '')
    .slice(0, 4 * maxImports)
    .flatMap((module) => pythonFile(path, module, index))
}

function pythonBase(path: string, dots: string, module: string): string {
  const inner = module.replaceAll('.', '/')
  return dots === '' ? inner : joined(folderOf(path), `${'../'.repeat(dots.length - 1)}${inner}`)
}

/** A module stands at the root, beside its importer, or below some folder of sources. */
function pythonFile(path: string, module: string, index: PathIndex): readonly string[] {
  const beside = joined(folderOf(path), module)
  const candidates = [module, beside].flatMap((base) => [`${base}.py`, `${base}/__init__.py`])
  return first([...candidates, ...(module.includes('/') ? [] : [`src/${module}.py`])], index)
}

const java: ImportReader = (_path, content, index) =>
  [...content.matchAll(/^import (?:static )?([\w.]{1,300})/gm)]
    .slice(0, maxImports)
    .flatMap((match) => first([`${(match[1] ?? '').replaceAll('.', '/')}.java`], index))

const readers: Readonly<Record<string, ImportReader>> = {
  ...Object.fromEntries('js jsx mjs cjs ts tsx mts cts vue svelte'.split(' ').map((ending) => [ending, script])),
  py: python,
  pyi: python,
  java,
}

/** What a test file tests, going by its name: `test_sum.py` and `sum_test.go` test `sum`. */
export function subjectsOf(path: string, index: PathIndex): readonly string[] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const subject = name
    .replace(/^test_(?=.)/, '')
    .replace(/[._](?:test|spec)(?=\.\w{1,5}$)/, '')
    .replace(/(?<=\w)Tests?(?=\.(?:java|kt|php|cs|scala)$)/, '')
  if (subject === name) return []
  const beside = joined(folderOf(path), subject)
  return [...new Set([...index.find(beside), ...index.find(subject)])].filter((found) => found !== path).slice(0, 2)
}

function first(candidates: readonly string[], index: PathIndex): readonly string[] {
  for (const candidate of candidates) {
    const found = candidate === '' ? undefined : index.find(candidate)[0]
    if (found !== undefined && `/${found}`.endsWith(`/${candidate}`)) return [found]
  }
  return []
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** Joins folder and relative path; steps above the root end there. */
function joined(folder: string, relative: string): string {
  const parts: string[] = folder === '' ? [] : folder.split('/')
  for (const part of relative.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}
