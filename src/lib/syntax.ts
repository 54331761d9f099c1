import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as TreeSitter from '@vscode/tree-sitter-wasm'
import type { Language, Node, TreeCursor } from '@vscode/tree-sitter-wasm'

/** Grammars that are at hand. `tsx` is TypeScript with JSX; `javascript` knows JSX by itself. */
export type Grammar = 'python' | 'javascript' | 'typescript' | 'tsx'

/** A node of a syntax tree; valid only inside the callback of {@link withTree}. Indices count UTF-16 units. */
export type SyntaxNode = Node

/** Where and why a text does not parse. Lines and columns count from 1. */
export interface SyntaxFault {
  readonly line: number
  readonly column: number
  readonly message: string
}

/** Longest text that is parsed, in characters; a longer one counts as unreadable. */
export const maxParsedLength = 400_000
// Recovery from errors can become quadratic on hostile text; an ordinary file takes a few milliseconds.
const parseLimitMs = 1_000

const require = createRequire(import.meta.url)
const library = require('@vscode/tree-sitter-wasm') as typeof TreeSitter
const folder = dirname(require.resolve('@vscode/tree-sitter-wasm'))
// Grammars load while this module is imported, so that everything that parses stays synchronous.
await library.Parser.init()
const load = (name: Grammar): Promise<Language> => library.Language.load(join(folder, `tree-sitter-${name}.wasm`))
const [python, javascript, typescript, tsx] = await Promise.all([
  load('python'),
  load('javascript'),
  load('typescript'),
  load('tsx'),
])
const languages: Readonly<Record<Grammar, Language>> = { python, javascript, typescript, tsx }

/** The grammars of TypeScript cannot read `typeof import('x')` as a type argument; a name as long takes its place. */
const readable = (code: string, grammar: Grammar): string =>
  grammar === 'typescript' || grammar === 'tsx'
    ? code.replaceAll(/\btypeof import\((["'])[^"'\n]*\1\)/g, (type) => 'T'.padEnd(type.length))
    : code

/** Parses `code`, hands the root to `read`, and frees the tree. `undefined` for a text too long or too costly to parse. */
export function withTree<T>(code: string, grammar: Grammar, read: (root: SyntaxNode) => T): T | undefined {
  if (code.length > maxParsedLength) return undefined
  const parser = new library.Parser()
  try {
    const deadline = performance.now() + parseLimitMs
    const progressCallback = (): boolean => performance.now() > deadline
    const tree = parser.setLanguage(languages[grammar]).parse(readable(code, grammar), null, { progressCallback })
    if (tree === null) return undefined
    try {
      return read(tree.rootNode)
    } finally {
      tree.delete()
    }
  } finally {
    parser.delete()
  }
}

/** The named children of a node without comments. */
export function parts(node: SyntaxNode): SyntaxNode[] {
  const kept: SyntaxNode[] = []
  for (const child of node.namedChildren) if (child !== null && child.type !== 'comment') kept.push(child)
  return kept
}

/** The named child in a field, such as `name` or `body`. */
export function field(node: SyntaxNode, name: string): SyntaxNode | undefined {
  return node.childForFieldName(name) ?? undefined
}

/** All nodes of the given types below a node, in the order of the text. */
export function nodesOfType(node: SyntaxNode, types: readonly string[]): SyntaxNode[] {
  return node.descendantsOfType([...types]).filter((found) => found !== null)
}

/** Goes through every node below `root`, in the order of the text. `ancestors` are types, outermost first. */
export function walk(
  root: SyntaxNode,
  enter: (type: string, cursor: TreeCursor, ancestors: readonly string[]) => void,
) {
  const cursor = root.walk()
  const ancestors: string[] = []
  try {
    do {
      const type = cursor.nodeType
      enter(type, cursor, ancestors)
      if (cursor.gotoFirstChild()) ancestors.push(type)
      else if (!next(cursor, ancestors)) return
    } while (ancestors.length > 0)
  } finally {
    cursor.delete()
  }
}

/** Goes to what comes after a node and all below it; false at the end. */
function next(cursor: TreeCursor, ancestors: string[]): boolean {
  while (!cursor.gotoNextSibling()) {
    if (!cursor.gotoParent()) return false
    ancestors.pop()
  }
  return true
}

/** A fault at the beginning of a node. */
export function faultAt(node: SyntaxNode, message: string): SyntaxFault {
  return { line: node.startPosition.row + 1, column: node.startPosition.column + 1, message }
}

/** The first place that the grammar itself could not read, or `undefined` when it could read all. */
export function grammarFault(root: SyntaxNode): SyntaxFault | undefined {
  if (!root.hasError) return undefined
  let node = root
  // Down to the first child that holds the error; bounded by the depth of the tree.
  for (;;) {
    if (node.isMissing) return faultAt(node, `${node.type} is missing`)
    if (node.isError) return faultAt(node, 'invalid syntax')
    const next = node.children.find((child) => child !== null && (child.hasError || child.isError || child.isMissing))
    if (next === undefined || next === null) return faultAt(node, 'invalid syntax')
    node = next
  }
}
