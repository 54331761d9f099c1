import { withTree } from '../lib/syntax.ts'
import { field, parts } from '../lib/syntax.ts'
import type { SyntaxNode } from '../lib/syntax.ts'
import { collected, isMainGuard } from './extract-python.ts'
import { pythonImportLines, unboundNames } from './known-names.ts'
import type { MendRule } from './mend.ts'
import { applyEdits, removal } from './mend-edits.ts'
import { repeated } from './static-check-findings.ts'

const starts = /^(?:sys\.exit\(\s*)?(?:pytest|unittest)\.main\(/

/** Takes out what starts a runner from within: the runner is started from outside. */
const withoutMain: MendRule = (code) =>
  withTree(code, 'python', (root) => {
    const extra = parts(root).filter((statement) => isMainGuard(statement) || starts.test(statement.text))
    if (extra.length === 0) return undefined
    const rest = applyEdits(
      code,
      extra.map((statement) => removal(code, statement)),
    )
    return { code: `${rest.trimEnd()}\n`, note: 'dropped what starts the runner from within' }
  })

/** Gives later namesakes a number, because pytest silently drops all but the last. */
const distinctNames: MendRule = (code) =>
  withTree(code, 'python', (root) => {
    const tests = collected(root)
    const taken = new Set(tests.map((test) => test.name))
    const edits = repeated(tests, ({ name }) => name).flatMap(({ name, definition }) => {
      let number = 2
      while (taken.has(`${name}_${number}`)) number++
      taken.add(`${name}_${number}`)
      const node = field(definition.node, 'name')
      return node === undefined ? [] : [{ start: node.endIndex, end: node.endIndex, text: `_${number}` }]
    })
    if (edits.length === 0) return undefined
    return { code: applyEdits(code, edits), note: `numbered ${edits.length} tests of the same name` }
  })

/** Assertions at the top level run at import and are no test; they become one where the module has none. */
const wrappedAsserts: MendRule = (code) =>
  withTree(code, 'python', (root) => {
    if (collected(root).length > 0) return undefined
    const statements = parts(root)
    const first = statements.find((statement) => statement.type === 'assert_statement')
    if (first === undefined) return undefined
    const from = blockStart(statements, first)
    const tail = statements.filter((statement) => statement.startIndex >= from.startIndex)
    if (tail.some((statement) => /definition$|^import|^future/.test(statement.type))) return undefined
    if (tail.some((statement) => hasLongText(statement))) return undefined
    const body = code
      .slice(from.startIndex)
      .trimEnd()
      .replaceAll(/^(?=.)/gm, '    ')
    const before = code.slice(0, from.startIndex).trimEnd()
    const text = `${before}${before === '' ? '' : '\n\n\n'}def test_assertions():\n${body}\n`
    return { code: text, note: 'made a test of assertions at the top level' }
  })

/** The first of the plain statements that lead up to an assertion. */
function blockStart(statements: readonly SyntaxNode[], assert: SyntaxNode): SyntaxNode {
  const index = statements.indexOf(assert)
  const before = statements.slice(0, index).findLastIndex((one) => /definition$|^import|^future/.test(one.type))
  return statements[before + 1] ?? assert
}

/** Whether a text over several lines would change its value when it is indented. */
const hasLongText = (statement: SyntaxNode): boolean =>
  statement.descendantsOfType('string').some((text) => text !== null && text.startPosition.row !== text.endPosition.row)

/** Adds imports that are beyond doubt: `pytest`, the standard library, `unittest.mock`. */
const missingImports: MendRule = (code) =>
  withTree(code, 'python', (root) => {
    const names = unboundNames(root, pythonImportLines.keys())
    if (names.length === 0) return undefined
    const lines = names.map((name) => pythonImportLines.get(name) ?? '')
    const at = importPlace(root)
    const next = `${code.slice(0, at)}${at > 0 && code[at - 1] !== '\n' ? '\n' : ''}${lines.join('\n')}\n${code.slice(at)}`
    return { code: next, note: `imported ${names.join(', ')}` }
  })

/** Index after the docstring and the imports from `__future__`, at the beginning of a line. */
function importPlace(root: SyntaxNode): number {
  let place = 0
  for (const statement of parts(root)) {
    const text = statement.type === 'expression_statement' && statement.firstNamedChild?.type === 'string'
    if (!text && statement.type !== 'future_import_statement') return place === 0 ? statement.startIndex : place
    place = statement.endIndex
    const line = /^[ \t]*(?:#[^\n]*)?\n/.exec(root.text.slice(place))?.[0].length
    place += line ?? 0
  }
  return place
}

/** Rules for Python, in the order in which they are applied. */
export const pythonRules: readonly MendRule[] = [withoutMain, wrappedAsserts, distinctNames, missingImports]
