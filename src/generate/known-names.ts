import { importedNames as pythonImports } from './extract-python.ts'
import { importedNames as scriptImports } from '../lib/syntax-script.ts'
import { nodesOfType } from '../lib/syntax.ts'
import type { SyntaxNode } from '../lib/syntax.ts'

const standardModules =
  'asyncio copy itertools json logging math os random re shutil subprocess sys tempfile time unittest'
const mocks = 'AsyncMock MagicMock Mock PropertyMock mock_open patch'

/** Names in Python tests whose import is beyond doubt, with the line that brings them. */
export const pythonImportLines: ReadonlyMap<string, string> = new Map([
  ['pytest', 'import pytest'],
  ...standardModules.split(' ').map((name) => [name, `import ${name}`] as const),
  ...mocks.split(' ').map((name) => [name, `from unittest.mock import ${name}`] as const),
  ['Path', 'from pathlib import Path'],
  ['Decimal', 'from decimal import Decimal'],
])

/** What vitest exports and tests use. */
export const vitestNames = 'afterAll afterEach assert beforeAll beforeEach describe expect it suite test vi'.split(' ')
/** What `node:test` exports and tests use. */
export const nodeTestNames = 'after afterEach before beforeEach describe it mock suite test'.split(' ')

/** Names that a tree uses without binding them anywhere, among the given ones. */
export function unboundNames(root: SyntaxNode, candidates: Iterable<string>): string[] {
  const wanted = new Set(candidates)
  const used = new Set<string>()
  const bound = new Set<string>()
  for (const node of nodesOfType(root, ['identifier', 'shorthand_property_identifier_pattern'])) {
    const name = node.text
    if (!wanted.has(name)) continue
    if (binds(node)) bound.add(name)
    else if (!isAside(node)) used.add(name)
  }
  for (const statement of nodesOfType(root, ['import_statement', 'import_from_statement'])) {
    const names = statement.childForFieldName('source') === null ? pythonImports(statement) : scriptImports(statement)
    for (const name of names) bound.add(name)
  }
  if (nodesOfType(root, ['wildcard_import']).length > 0) return []
  return [...wanted].filter((name) => used.has(name) && !bound.has(name))
}

const bindingParents =
  /^(?:parameters|lambda_parameters|default_parameter|typed_parameter|typed_default_parameter|required_parameter|formal_parameters|as_pattern_target|array_pattern|pattern_list|tuple_pattern|global_statement|import_specifier|import_clause|namespace_import)$/

/** Whether an identifier stands where a name is bound. */
function binds(node: SyntaxNode): boolean {
  const { parent } = node
  if (parent === null) return false
  if (node.type !== 'identifier' || bindingParents.test(parent.type)) return true
  const target = /^(?:assignment|for_statement|for_in_clause|for_in_statement)$/.test(parent.type) ? 'left' : 'name'
  const declares = /definition$|declaration$|declarator$|^assignment$|^for_/.test(parent.type)
  return declares && parent.childForFieldName(target)?.id === node.id
}

/** Whether an identifier is an attribute or the name of an argument. */
function isAside(node: SyntaxNode): boolean {
  const { parent } = node
  if (parent === null) return false
  const name = { attribute: 'attribute', keyword_argument: 'name' }[parent.type]
  if (name !== undefined) return parent.childForFieldName(name)?.id === node.id
  return /^(?:dotted_name|aliased_import)$/.test(parent.type)
}
