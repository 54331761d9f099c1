import { boundNames, importedNames } from '../lib/syntax-script.ts'
import { field, parts } from '../lib/syntax.ts'
import type { SyntaxNode } from '../lib/syntax.ts'
import type { Contents } from './extract-contents.ts'

/** A call that registers a test or a group. `modifiers` are what follows the name: `only`, `skip`, `each`. */
export interface TestCall {
  readonly kind: 'test' | 'group'
  readonly name: string
  readonly modifiers: readonly string[]
  readonly call: SyntaxNode
  /** The function that is called when the test runs. */
  readonly body: SyntaxNode
}

const testNames = ['test', 'it', 'specify', 'fit', 'xit', 'xtest']
const groupNames = ['describe', 'suite', 'context', 'fdescribe', 'xdescribe']
const bodies = /^(?:arrow_function|function_expression|identifier|member_expression|call_expression)$/

/** Names under which tests and groups are registered in a file: the usual ones and those it makes itself. */
function registrars(root: SyntaxNode): Map<string, 'test' | 'group'> {
  const known = new Map<string, 'test' | 'group'>()
  for (const name of testNames) known.set(name, 'test')
  for (const name of groupNames) known.set(name, 'group')
  for (const statement of parts(root)) {
    if (statement.type === 'import_statement') addImported(statement, known)
    // `const myTest = test.extend({})`
    for (const declarator of statement.type === 'lexical_declaration' ? parts(statement) : []) {
      const made = /^(\w+)\.extend\b/.exec(field(declarator, 'value')?.text ?? '')?.[1]
      const kind = made === undefined ? undefined : known.get(made)
      const name = field(declarator, 'name')?.text
      if (kind !== undefined && name !== undefined) known.set(name, kind)
    }
  }
  return known
}

function addImported(statement: SyntaxNode, known: Map<string, 'test' | 'group'>): void {
  const source = field(statement, 'source')?.text.slice(1, -1) ?? ''
  if (!/^(?:node:test|vitest|bun:test|@jest\/globals|@playwright\/test)$/.test(source)) return
  const clause = parts(statement).find((part) => part.type === 'import_clause')
  for (const part of clause === undefined ? [] : parts(clause)) {
    if (part.type === 'identifier') known.set(part.text, 'test')
    for (const specifier of part.type === 'named_imports' ? parts(part) : []) {
      const kind = known.get(field(specifier, 'name')?.text ?? '')
      const alias = field(specifier, 'alias')?.text
      if (kind !== undefined && alias !== undefined) known.set(alias, kind)
    }
  }
}

/** `test.only.each` -> ['test', 'only', 'each']; `undefined` where the callee is not made of names and calls. */
function calleeNames(callee: SyntaxNode): string[] | undefined {
  if (callee.type === 'identifier') return [callee.text]
  if (callee.type === 'member_expression') {
    const [object, property] = [field(callee, 'object'), field(callee, 'property')]
    const before = object === undefined ? undefined : calleeNames(object)
    return before === undefined || property === undefined ? undefined : [...before, property.text]
  }
  const inner = callee.type === 'call_expression' ? field(callee, 'function') : undefined
  return inner === undefined ? undefined : calleeNames(inner)
}

function testCall(call: SyntaxNode, known: ReadonlyMap<string, 'test' | 'group'>): TestCall | undefined {
  const [callee, list] = [field(call, 'function'), field(call, 'arguments')]
  const [root, ...modifiers] = (callee === undefined ? undefined : calleeNames(callee)) ?? []
  const kind = root === undefined ? undefined : known.get(root)
  if (kind === undefined || list?.type !== 'arguments') return undefined
  const given = parts(list)
  const body = given.slice(1).find((argument) => bodies.test(argument.type)) ?? given[0]
  if (body === undefined || !bodies.test(body.type)) return undefined
  // `test.each(rows)` by itself registers nothing; neither does `test.extend({})`.
  if (
    /^(?:each|for|extend|beforeEach|afterEach|before|after)$/.test(modifiers.at(-1) ?? '') &&
    callee?.type === 'member_expression'
  )
    return undefined
  const group = modifiers.find((name) => name === 'describe' || name === 'suite')
  const [first] = given
  const name = first === undefined || first === body ? (field(body, 'name')?.text ?? '') : titleOf(first)
  return {
    kind: group === undefined ? kind : 'group',
    name,
    modifiers: root?.startsWith('x') ? ['skip', ...modifiers] : modifiers,
    call,
    body,
  }
}

const titleOf = (node: SyntaxNode): string =>
  /^(?:string|template_string)$/.test(node.type) ? node.text.slice(1, -1) : node.text.slice(0, 80)

const maxDepth = 200

/** The tests that vitest or Node's runner would register, with the groups around them joined by ` > `. */
export function registered(root: SyntaxNode): TestCall[] {
  const known = registrars(root)
  const found: TestCall[] = []
  const visit = (node: SyntaxNode, prefix: string, depth: number): void => {
    if (depth > maxDepth) return
    const made = node.type === 'call_expression' ? testCall(node, known) : undefined
    if (made?.kind === 'test') {
      if (!made.modifiers.includes('todo')) found.push({ ...made, name: prefix + made.name })
      return
    }
    const inner = made === undefined ? prefix : `${prefix}${made.name} > `
    for (const child of parts(node)) visit(child, inner, depth + 1)
  }
  visit(root, '', 0)
  return found
}

/** Reads the contents of a JavaScript or TypeScript module that parses. */
export function readScript(root: SyntaxNode): Contents {
  const tests = registered(root).map(({ name, call }) => ({
    name,
    line: call.startPosition.row + 1,
    endLine: call.endPosition.row + 1,
  }))
  const [defined, imported, modules]: [string[], string[], string[]] = [[], [], []]
  for (const statement of parts(root)) {
    if (statement.type === 'import_statement') {
      imported.push(...importedNames(statement))
      modules.push(field(statement, 'source')?.text.slice(1, -1) ?? '')
    } else if (statement.type === 'lexical_declaration' && /=\s*(?:await\s+import|require)\(/.test(statement.text)) {
      imported.push(...boundNames(statement))
      modules.push(/(?:import|require)\(\s*['"]([^'"]*)/.exec(statement.text)?.[1] ?? '')
    } else defined.push(...declaredNames(statement))
  }
  return { tests, defined, imported, modules }
}

function declaredNames(statement: SyntaxNode): string[] {
  const inner = statement.type === 'export_statement' ? (field(statement, 'declaration') ?? statement) : statement
  if (/^(?:generator_)?function_declaration$/.test(inner.type)) return [field(inner, 'name')?.text ?? '']
  return boundNames(inner)
}
