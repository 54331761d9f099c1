import { faultAt, field, grammarFault, nodesOfType, parts, walk } from './syntax.ts'
import type { SyntaxFault, SyntaxNode } from './syntax.ts'

const functions = new Set([
  'arrow_function',
  'function_declaration',
  'function_expression',
  'generator_function',
  'generator_function_declaration',
  'method_definition',
])
const loops = new Set(['for_statement', 'for_in_statement', 'while_statement', 'do_statement'])

/** Names that a pattern binds: `a`, `{ a, b: [c] }`, `...rest`. */
function patternNames(node: SyntaxNode): string[] {
  if (node.type === 'identifier' || node.type === 'shorthand_property_identifier_pattern') return [node.text]
  if (node.type === 'assignment_pattern' || node.type === 'object_assignment_pattern') {
    const left = field(node, 'left')
    return left === undefined ? [] : patternNames(left)
  }
  if (node.type === 'pair_pattern') {
    const value = field(node, 'value')
    return value === undefined ? [] : patternNames(value)
  }
  return node.type.endsWith('pattern') ? parts(node).flatMap(patternNames) : []
}

/** Names that an import statement binds, without types. */
export function importedNames(statement: SyntaxNode): string[] {
  if (statement.children.some((child) => child?.type === 'type')) return []
  const names: string[] = []
  const clause = parts(statement).find((part) => part.type === 'import_clause')
  for (const part of clause === undefined ? [] : parts(clause)) {
    if (part.type === 'identifier') names.push(part.text)
    else if (part.type === 'namespace_import') names.push(part.firstNamedChild?.text ?? '')
    else names.push(...parts(part).map((one) => (field(one, 'alias') ?? field(one, 'name'))?.text ?? ''))
  }
  return names
}

/** Names that a statement binds for its whole block with `const`, `let`, `class` or `import`. */
export function boundNames(statement: SyntaxNode): string[] {
  if (statement.type === 'import_statement') return importedNames(statement)
  if (statement.type === 'export_statement') {
    const inner = field(statement, 'declaration')
    return inner === undefined ? [] : boundNames(inner)
  }
  if (statement.type === 'class_declaration') return [field(statement, 'name')?.text ?? '']
  if (statement.type !== 'lexical_declaration') return []
  return parts(statement).flatMap((declarator) => {
    const name = field(declarator, 'name')
    return name === undefined ? [] : patternNames(name)
  })
}

function redeclared(block: SyntaxNode): SyntaxFault | undefined {
  const seen = new Set<string>()
  for (const statement of parts(block)) {
    for (const name of boundNames(statement)) {
      if (seen.has(name)) return faultAt(statement, `'${name}' has already been declared`)
      seen.add(name)
    }
  }
  return undefined
}

function enclosing(node: SyntaxNode): SyntaxNode | undefined {
  for (let up = node.parent; up !== null; up = up.parent) if (functions.has(up.type)) return up
  return undefined
}

/** What JavaScript says against a node in these surroundings. `ancestors` are types, outermost first. */
function misplaced(type: string, node: SyntaxNode, ancestors: readonly string[]): string | undefined {
  const scope = ancestors.findLastIndex((one) => functions.has(one))
  if (type === 'return_statement') return scope < 0 ? "'return' outside function" : undefined
  if (type === 'await_expression') {
    const owner = enclosing(node)
    const fits = owner === undefined || owner.children.some((child) => child?.type === 'async')
    return fits ? undefined : "'await' outside async function"
  }
  if (type === 'import_statement') return ancestors.at(-1) === 'program' ? undefined : "'import' inside a block"
  const inside = ancestors.slice(scope + 1)
  if (field(node, 'label') !== undefined || inside.some((one) => loops.has(one))) return undefined
  if (type === 'continue_statement') return "'continue' outside loop"
  return inside.includes('switch_statement') ? undefined : "'break' outside loop or switch"
}

const placed = new Set([
  'return_statement',
  'await_expression',
  'import_statement',
  'break_statement',
  'continue_statement',
])

/** The first place at which JavaScript or TypeScript would refuse `root`, as far as the tree tells. */
export function scriptFault(root: SyntaxNode): SyntaxFault | undefined {
  const broken = grammarFault(root)
  if (broken !== undefined) return broken
  let fault: SyntaxFault | undefined
  walk(root, (type, cursor, ancestors) => {
    if (fault !== undefined) return
    if (type === 'program' || type === 'statement_block') fault = redeclared(cursor.currentNode)
    // `typeof import` and the keyword itself carry the same type but no name.
    else if (placed.has(type) && cursor.nodeIsNamed) {
      const message = misplaced(type, cursor.currentNode, ancestors)
      if (message !== undefined) fault = faultAt(cursor.currentNode, message)
    }
  })
  return fault ?? constFault(root)
}

function constFault(root: SyntaxNode): SyntaxFault | undefined {
  const bare = nodesOfType(root, ['lexical_declaration']).find(
    (node) =>
      node.firstChild?.type === 'const' &&
      node.parent?.type !== 'ambient_declaration' &&
      parts(node).some((part) => part.type === 'variable_declarator' && field(part, 'value') === undefined),
  )
  return bare === undefined ? undefined : faultAt(bare, 'missing initializer in const declaration')
}
