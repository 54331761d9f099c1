import type { GuardFinding } from '../domain/repair.ts'
import { field, nodesOfType, withTree } from '../lib/syntax.ts'
import type { PatchedFile } from './apply.ts'
import { warning } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { languageOf } from './guard-language.ts'
import { grammarOf } from './guard-syntax.ts'

const definitions = [
  'function_definition',
  'class_definition',
  'function_declaration',
  'generator_function_declaration',
  'class_declaration',
  'abstract_class_declaration',
  'method_definition',
  'interface_declaration',
  'type_alias_declaration',
  'enum_declaration',
]
const filesRead = 2_000
const charactersRead = 10_000_000
const namesLooked = 20

/** Tells about functions, classes and types that a patch removes while their names still stand somewhere. */
export function symbolFindings(input: GuardInput): GuardFinding[] {
  const gone = input.files.flatMap((file) => removedNames(file).map((name) => ({ path: file.path, name })))
  if (gone.length === 0) return []
  const uses = usesOf(new Set(gone.map(({ name }) => name)), input)
  return gone.flatMap(({ path, name }) => {
    const user = uses.get(name)
    return user === undefined ? [] : [warning('deleted_symbol', path, `removes \`${name}\`, which ${user} names.`)]
  })
}

function removedNames({ path, before, after }: PatchedFile): string[] {
  if (before === undefined || grammarOf(path) === undefined) return []
  const old = [...(namesOf(path, before, false) ?? [])]
  const now = old.length === 0 ? undefined : namesOf(path, after, true)
  return now === undefined ? [] : old.filter((name) => !now.has(name)).slice(0, namesLooked)
}

/** Names that a text defines or, with `imports`, has from elsewhere. */
function namesOf(path: string, text: string, imports: boolean): Set<string> | undefined {
  const grammar = grammarOf(path)
  if (grammar === undefined) return undefined
  return withTree(text, grammar, (root) => {
    const nodes = nodesOfType(root, definitions)
    const functions = nodesOfType(root, ['variable_declarator']).filter((node) =>
      ['arrow_function', 'function_expression', 'class'].includes(field(node, 'value')?.type ?? ''),
    )
    const statements = imports ? nodesOfType(root, ['import_statement', 'import_from_statement']) : []
    const imported = statements.flatMap(({ text }) => text.match(/[\w$]+/g) ?? [])
    const names = [...[...nodes, ...functions].map((node) => field(node, 'name')?.text ?? ''), ...imported]
    return new Set(
      names.filter((name) => /^[\w$]{2,100}$/.test(name) && name !== 'constructor' && !name.startsWith('__')),
    )
  })
}

/** For each name a file that holds it: first those of the patch as they end, then others of the project. */
function usesOf(names: ReadonlySet<string>, { files, tree, read }: GuardInput): Map<string, string> {
  const uses = new Map<string, string>()
  const look = (path: string, text: string): void => {
    for (const [word] of text.matchAll(/[\w$]+/g)) if (names.has(word) && !uses.has(word)) uses.set(word, path)
  }
  const patched = new Map(files.map(({ path, after }) => [path, after]))
  for (const [path, text] of patched) look(path, text)
  let left = charactersRead
  const others =
    read === undefined
      ? []
      : tree.filter(({ path, mode }) => mode.startsWith('100') && isCode(path) && !patched.has(path))
  for (const { path, size } of others.slice(0, filesRead)) {
    if (uses.size === names.size || left < size) break
    const text = read?.(path) ?? ''
    left -= text.length
    look(path, text)
  }
  return uses
}

const isCode = (path: string): boolean => ['python', 'script'].includes(languageOf(path, ''))
