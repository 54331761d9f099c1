import type { TreeCursor } from '@vscode/tree-sitter-wasm'
import { argumentFault, literalFault, parameterFault, statementFault } from './syntax-python-rules.ts'
import { faultAt, field, grammarFault, parts, walk } from './syntax.ts'
import type { SyntaxFault, SyntaxNode } from './syntax.ts'

/** Column of a line's first character as CPython counts it: with tabs to the next multiple of 8, and with tabs as 1. */
interface Indent {
  readonly wide: number
  readonly narrow: number
}

const noIndent: Indent = { wide: 0, narrow: 0 }

function indentOf(line: string): Indent {
  let wide = 0
  let narrow = 0
  for (const char of line) {
    if (char === '\t') wide = (Math.floor(wide / 8) + 1) * 8
    else if (char === '\f') wide = narrow = -1
    else if (char !== ' ') break
    else wide++
    narrow++
  }
  return { wide, narrow }
}

const clauses = new Set(['elif_clause', 'else_clause', 'except_clause', 'except_group_clause', 'finally_clause'])

/** Whether a node begins its line; only then does its indentation matter. */
const beginsLine = (node: SyntaxNode, lines: readonly string[]): boolean =>
  (lines[node.startPosition.row] ?? '').slice(0, node.startPosition.column).trim() === ''

function blockFault(block: SyntaxNode, lines: readonly string[]): SyntaxFault | undefined {
  const statements = parts(block)
  const [first] = statements
  if (first === undefined) return block.type === 'block' ? faultAt(block, 'expected an indented block') : undefined
  const indent = (node: SyntaxNode): Indent => indentOf(lines[node.startPosition.row] ?? '')
  const owner = block.type === 'block' && block.parent !== null ? block.parent : undefined
  const own = beginsLine(first, lines) ? indent(first) : undefined
  if (owner === undefined && own !== undefined && own.wide > 0) return faultAt(first, 'unexpected indent')
  if (owner !== undefined && own !== undefined) {
    const outer = indent(owner)
    if (own.wide <= outer.wide) return faultAt(first, 'expected an indented block')
    if (own.narrow <= outer.narrow) return faultAt(first, 'inconsistent use of tabs and spaces')
  }
  const level = own ?? noIndent
  for (const statement of statements.slice(1)) {
    if (!beginsLine(statement, lines)) continue
    const found = indent(statement)
    if (own === undefined || found.wide !== level.wide) return faultAt(statement, 'unindent does not match')
    if (found.narrow !== level.narrow) return faultAt(statement, 'inconsistent use of tabs and spaces')
  }
  return undefined
}

function clauseFault(node: SyntaxNode, lines: readonly string[]): SyntaxFault | undefined {
  if (node.parent === null || !beginsLine(node, lines)) return undefined
  const [own, outer] = [node, node.parent].map((one) => indentOf(lines[one.startPosition.row] ?? ''))
  return own?.wide === outer?.wide ? undefined : faultAt(node, 'unindent does not match')
}

const functions = new Set(['function_definition', 'lambda'])

/** Why a statement may not stand in these surroundings. */
function scopeFault(type: string, node: SyntaxNode, ancestors: readonly string[]): string | undefined {
  const scope = ancestors.findLastIndex((one) => functions.has(one) || one === 'class_definition')
  const inFunction = scope >= 0 && functions.has(ancestors[scope] ?? '')
  if (type === 'return_statement' && !inFunction) return "'return' outside function"
  if (type === 'yield' && !inFunction) return "'yield' outside function"
  if (type === 'await' && !inFunction) return "'await' outside function"
  if (type === 'nonlocal_statement' && scope < 0) return 'nonlocal declaration not allowed at module level'
  if (type === 'wildcard_import' && scope >= 0) return 'import * only allowed at module level'
  if (type === 'break_statement' || type === 'continue_statement') {
    const loops = ancestors.slice(scope + 1).some((one) => one === 'for_statement' || one === 'while_statement')
    return loops ? undefined : `'${type.slice(0, -10)}' outside loop`
  }
  if (type === 'await') {
    const owner = enclosing(node, functions)
    if (owner !== undefined && !isAsync(owner)) return "'await' outside async function"
  }
  if (type === 'async') {
    const owner = node.parent
    if (owner === null || owner.type === 'function_definition' || owner.type === 'for_in_clause') return undefined
    const around = enclosing(owner, functions)
    return around !== undefined && isAsync(around) ? undefined : "'async' outside async function"
  }
  return undefined
}

function enclosing(node: SyntaxNode, types: ReadonlySet<string>): SyntaxNode | undefined {
  for (let up = node.parent; up !== null; up = up.parent) if (types.has(up.type)) return up
  return undefined
}

const isAsync = (node: SyntaxNode): boolean => node.firstChild?.type === 'async'

const scoped = new Set([
  'return_statement',
  'yield',
  'await',
  'async',
  'nonlocal_statement',
  'wildcard_import',
  'break_statement',
  'continue_statement',
])

const rules: Readonly<Record<string, (node: SyntaxNode) => string | undefined>> = {
  argument_list: argumentFault,
  call: (node) =>
    field(node, 'arguments')?.type === 'generator_expression' ? argumentFault(node.namedChild(1) ?? node) : undefined,
  parameters: parameterFault,
  lambda_parameters: parameterFault,
  decorated_definition: (node) => {
    const [first, last] = [parts(node).at(0), field(node, 'definition')].map((one) => one?.startPosition.column)
    return first === last ? undefined : 'unexpected indent'
  },
  ...literalFault,
  ...statementFault,
}

/** The first place at which CPython would refuse `root`, as far as that can be told without CPython. */
export function pythonFault(root: SyntaxNode, code: string): SyntaxFault | undefined {
  const broken = grammarFault(root)
  if (broken !== undefined) return broken
  const lines = code.split('\n')
  const mayMisuseKeyword = /\b(?:async|await)\b/.test(code)
  let fault: SyntaxFault | undefined
  walk(root, (type: string, cursor: TreeCursor, ancestors) => {
    if (fault !== undefined) return
    const rule = rules[type]
    const node = (): SyntaxNode => cursor.currentNode
    if (type === 'block' || type === 'module') fault = blockFault(node(), lines)
    else if (clauses.has(type)) fault = clauseFault(node(), lines)
    else if (scoped.has(type)) fault = asFault(node(), scopeFault(type, node(), ancestors))
    else if (mayMisuseKeyword && type === 'identifier') fault = asFault(node(), keywordFault(node()))
    if (fault === undefined && rule !== undefined) fault = asFault(node(), rule(node()))
  })
  return fault
}

const keywordFault = (node: SyntaxNode): string | undefined =>
  node.text === 'async' || node.text === 'await' ? 'invalid syntax' : undefined

const asFault = (node: SyntaxNode, message: string | undefined): SyntaxFault | undefined =>
  message === undefined ? undefined : faultAt(node, message)
