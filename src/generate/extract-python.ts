import { field, parts } from '../lib/syntax.ts'
import type { SyntaxNode } from '../lib/syntax.ts'
import type { Contents, FoundTest } from './extract-contents.ts'

/** Statements whose bodies are collected as if they stood at the level above. */
const transparent = new Set([
  'if_statement',
  'try_statement',
  'with_statement',
  'else_clause',
  'except_clause',
  'block',
])

/** A definition with what stands around it. */
export interface Definition {
  readonly node: SyntaxNode
  readonly decorators: readonly SyntaxNode[]
  readonly name: string
}

/** A function or class, with or without decorators; `undefined` for any other statement. */
function definition(statement: SyntaxNode): Definition | undefined {
  const node = statement.type === 'decorated_definition' ? field(statement, 'definition') : statement
  if (node === undefined || !/^(?:function|class)_definition$/.test(node.type)) return undefined
  const decorators = parts(statement).filter((part) => part.type === 'decorator')
  return { node, decorators, name: field(node, 'name')?.text ?? '' }
}

/** Whether a statement is `if __name__ == '__main__'`. */
export const isMainGuard = (statement: SyntaxNode): boolean =>
  statement.type === 'if_statement' && /__name__/.test(field(statement, 'condition')?.text ?? '')

/** The test functions and methods that pytest collects from a module, in order; a later one replaces its namesake. */
export function collected(root: SyntaxNode): { readonly name: string; readonly definition: Definition }[] {
  const found: { name: string; definition: Definition }[] = []
  const visit = (block: SyntaxNode, prefix: string, unittest: boolean): void => {
    for (const statement of parts(block)) {
      const made = definition(statement)
      if (made === undefined) {
        if (transparent.has(statement.type) && !isMainGuard(statement)) visit(statement, prefix, unittest)
      } else if (made.node.type === 'class_definition') visitClass(made, prefix)
      else if (isTest(made, unittest)) found.push({ name: prefix + made.name, definition: made })
    }
  }
  const visitClass = ({ node, name }: Definition, prefix: string): void => {
    const body = field(node, 'body')
    const unittest = /TestCase\b/.test(field(node, 'superclasses')?.text ?? '')
    if (body === undefined || !(unittest || (name.startsWith('Test') && !hasInit(body)))) return
    visit(body, `${prefix}${name}::`, unittest)
  }
  visit(root, '', false)
  return found
}

const isTest = ({ node, decorators, name }: Definition, unittest: boolean): boolean =>
  node.type === 'function_definition' &&
  name.startsWith('test') &&
  (unittest || !decorators.some((decorator) => /^@[\w.]*\bfixture\b/.test(decorator.text)))

const hasInit = (body: SyntaxNode): boolean => parts(body).some((part) => definition(part)?.name === '__init__')

/** Reads the contents of a Python module that parses. */
export function readPython(root: SyntaxNode): Contents {
  const tests = new Map<string, FoundTest>()
  for (const { name, definition } of collected(root)) {
    tests.delete(name)
    const line = definition.node.startPosition.row + 1
    tests.set(name, { name, line, endLine: definition.node.endPosition.row + 1 })
  }
  const [defined, imported, modules]: [string[], string[], string[]] = [[], [], []]
  const visit = (block: SyntaxNode): void => {
    for (const statement of parts(block)) {
      if (statement.type === 'import_statement' || statement.type === 'import_from_statement') {
        imported.push(...importedNames(statement))
        modules.push(...importedModules(statement))
      } else if (transparent.has(statement.type)) visit(statement)
      else defined.push(...definedNames(statement))
    }
  }
  visit(root)
  return { tests: [...tests.values()], defined, imported, modules }
}

/** Names that an import binds; `import a.b` binds `a`. */
export function importedNames(statement: SyntaxNode): string[] {
  return statement.childrenForFieldName('name').flatMap((name) => {
    if (name === null) return []
    if (name.type === 'aliased_import') return [field(name, 'alias')?.text ?? '']
    return [statement.type === 'import_statement' ? (name.text.split('.')[0] ?? '') : name.text]
  })
}

function importedModules(statement: SyntaxNode): string[] {
  const from = field(statement, 'module_name')
  if (from !== undefined) return [from.text]
  return statement
    .childrenForFieldName('name')
    .map((name) => (name?.type === 'aliased_import' ? (field(name, 'name')?.text ?? '') : (name?.text ?? '')))
}

function definedNames(statement: SyntaxNode): string[] {
  const made = definition(statement)
  if (made !== undefined) return [made.name]
  if (statement.type !== 'expression_statement') return []
  const left = statement.firstNamedChild?.type === 'assignment' ? field(statement.firstNamedChild, 'left') : undefined
  if (left === undefined) return []
  return left.type === 'identifier'
    ? [left.text]
    : parts(left).flatMap((part) => (part.type === 'identifier' ? part.text : []))
}
