import type { GuardCode, GuardFinding } from '../domain/repair.ts'
import type { TreeFile } from '../domain/repository.ts'
import type { PatchedFile } from './apply.ts'
import { blocking } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { foldPath, isProtected } from './guard-protected.ts'
import { shadowedModule } from './guard-shadow.ts'

const longestPath = 1_000
/** Letters of these scripts look like Latin ones. */
const alike = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]/u
const advice: Partial<Record<GuardCode, string>> = {
  protected_test: 'is a test, its data or its settings, and must stay as it is. Repair the code that it tests.',
  protected_ci: 'belongs to the pipeline and must stay as it is. Repair the code that the pipeline checks.',
  protected_settings:
    'is a setting of linters, coverage, types or the package and must stay as it is. Repair the code.',
  protected_lock: 'is a lock file and must stay as it is.',
  protected_git: 'belongs to git or to code ownership and must stay as it is.',
  denied: 'is denied by the configuration.',
}

/** Findings about where the files of a patch lie. */
export function pathFindings(input: GuardInput): GuardFinding[] {
  const tree = treeOf(input.tree)
  return input.files.flatMap((file) => {
    const { path } = file
    const fault = pathFault(path)
    const code = isProtected(path, input.rules, input.ciPaths)
    const findings = code === undefined ? [] : [blocking(code, path, advice[code] ?? 'is protected.')]
    if (fault !== undefined) return [blocking('path_outside', path, fault), ...findings]
    const link = linkOn(path, tree)
    if (link !== undefined) findings.push(blocking('path_link', path, `${link} is a symbolic link or submodule.`))
    return [...findings, ...entryFindings(file, tree, input.rules.maxNewFiles)]
  })
}

interface Tree {
  readonly files: ReadonlyMap<string, TreeFile>
  /** By folded path, for file systems that do not tell case. */
  readonly folded: ReadonlyMap<string, TreeFile>
  readonly folders: ReadonlySet<string>
}

function treeOf(list: readonly TreeFile[]): Tree {
  const folders = new Set<string>()
  for (const { path } of list) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  return {
    files: new Map(list.map((file) => [file.path, file])),
    folded: new Map(list.map((file) => [foldPath(file.path), file])),
    folders,
  }
}

/** What is not ordinary about a path, in words. */
function pathFault(path: string): string | undefined {
  if (path === '' || path.length > longestPath) return 'is no path of a file.'
  if (/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(path)) return 'has characters that are not seen.'
  if (path.startsWith('/') || path.startsWith('~') || /^[A-Za-z]:/.test(path))
    return 'is absolute; paths are relative to the root of the project.'
  if (path.includes('\\')) return 'has backslashes; paths have forward slashes.'
  const names = path.split('/')
  if (names.some((name) => name === '..' || name === '.' || name === '')) return 'leads up or has empty parts.'
  if (names.some((name) => Buffer.byteLength(name) > 255 || /^ | $/.test(name)))
    return 'has a part that is no ordinary name.'
  return undefined
}

const isLink = (file: TreeFile | undefined): boolean => file?.mode === '120000' || file?.mode === '160000'

/** The part of a path, or the path itself, that is a link. */
function linkOn(path: string, tree: Tree): string | undefined {
  const names = path.split('/')
  const prefixes = names.map((_, index) => names.slice(0, index + 1).join('/'))
  return prefixes.find((prefix) => isLink(tree.files.get(prefix)) || isLink(tree.folded.get(foldPath(prefix))))
}

function entryFindings(file: PatchedFile, tree: Tree, maxNewFiles: number): GuardFinding[] {
  const { path, before, after } = file
  const entry = tree.files.get(path)
  const findings: GuardFinding[] = []
  if (entry === undefined) {
    const collision = collisionOf(path, tree)
    if (collision !== undefined) findings.push(blocking('path_outside', path, collision))
    if (maxNewFiles === 0 || before !== undefined)
      findings.push(blocking('path_unknown', path, 'is not in the project, and new files are not allowed.'))
  } else if (!isLink(entry) && (before === undefined || isBroken(before, entry.size)))
    findings.push(blocking('path_binary', path, 'is no text in UTF-8, or too large to be read.'))
  if (after.includes('\0') || before?.includes('\0') === true)
    findings.push(blocking('path_binary', path, 'is not text.'))
  return findings
}

/** Whether bytes were lost when a file was read as text: it has replacement characters, and another size. */
const isBroken = (text: string, size: number): boolean =>
  text.includes('\ufffd') && ![size, size - 3].includes(Buffer.byteLength(text))

function collisionOf(path: string, tree: Tree): string | undefined {
  const twin = tree.folded.get(foldPath(path))
  if (twin !== undefined) return `differs from ${twin.path} only in how it is written.`
  if (tree.folders.has(path)) return 'is a folder of the project.'
  const names = path.split('/')
  const parent = names.map((_, index) => names.slice(0, index).join('/')).find((prefix) => tree.files.has(prefix))
  if (parent !== undefined) return `lies below ${parent}, which is a file.`
  const module = shadowedModule(path, (each) => tree.files.has(each))
  if (module !== undefined) return `takes the place of \`${module}\`, which everything else imports. Name it otherwise.`
  const words = path.match(/\p{L}{1,300}/gu) ?? []
  const mixed = words.some((word) => /[A-Za-z]/.test(word) && alike.test(word))
  return mixed ? 'mixes alphabets whose letters look alike in one word.' : undefined
}
