import type { ScriptFinding } from '../domain/generation.ts'
import { field, nodesOfType, parts } from '../lib/syntax.ts'
import type { SyntaxNode } from '../lib/syntax.ts'
import { collected } from './extract-python.ts'
import type { Definition } from './extract-python.ts'
import { pythonImportLines, unboundNames } from './known-names.ts'
import { finding, foreignHost, repeated } from './static-check-findings.ts'

const assertingCall =
  /^(?:self\.(?:assert|fail)\w*|pytest\.(?:raises|warns|fail|deprecated_call)|[\w.]*\bassert\w*|[\w.]*\.(?:assert_\w+|should\w*)|raises|[\w.]*\b(?:check|verify|expect)\w*)$/
const skipping = /^(?:pytest\.(?:skip|xfail|importorskip)|self\.skipTest)$/
const skipMark = /^@(?:pytest\.mark\.(?:skip|xfail)\b|unittest\.(?:skip|expectedFailure)\b|skip\b)/
const ending = /^(?:os\._exit|os\.abort|pytest\.exit|os\.kill)$/
const leaving = /^(?:sys\.exit|exit|quit)$/
const calling = /^(?:requests|httpx|aiohttp|urllib\.request|urllib3|session|client)\b|urlopen$/

/** Findings in a Python test module that parses. */
export function checkPython(root: SyntaxNode): ScriptFinding[] {
  const tests = collected(root)
  return [
    ...repeated(tests, ({ name }) => name).map(({ name, definition }) =>
      finding(definition.node, ['warning', 'duplicate_test'], {
        message: `${name} is defined twice; only the last one runs`,
        test: name,
      }),
    ),
    ...tests.flatMap(({ name, definition }) => checkTest(name, definition)),
    ...checkCalls(root),
    ...missingImports(root),
  ]
}

function checkTest(test: string, { node, decorators }: Definition): ScriptFinding[] {
  const found: ScriptFinding[] = []
  const mark = decorators.find((decorator) => skipMark.test(decorator.text))
  if (mark !== undefined) found.push(finding(mark, ['warning', 'skipped'], { message: `${test} never counts`, test }))
  const asserts = nodesOfType(node, ['assert_statement'])
  for (const assert of asserts) {
    if (isConstant(assert)) {
      const message = `this assertion does not depend on the target: ${assert.text.slice(0, 60)}`
      found.push(finding(assert, ['warning', 'constant_assertion'], { message, test }))
    }
  }
  const calls = nodesOfType(node, ['call']).map((call) => calleeOf(call))
  const asserting = asserts.length > 0 || calls.some((callee) => assertingCall.test(callee))
  if (!asserting) found.push(finding(node, ['warning', 'no_assertion'], { message: `${test} asserts nothing`, test }))
  return found
}

const calleeOf = (call: SyntaxNode): string => field(call, 'function')?.text ?? ''

/** Literals only, or the same expression on both sides. */
function isConstant(assert: SyntaxNode): boolean {
  const [condition] = parts(assert)
  if (condition === undefined) return false
  if (/^(?:identifier|attribute|call|subscript)$/.test(condition.type)) return false
  const [left, right, ...more] = condition.type === 'comparison_operator' ? parts(condition) : []
  if (left !== undefined && left.text === right?.text && more.length === 0 && !left.text.includes('(')) return true
  return nodesOfType(condition, ['identifier', 'call', 'await']).length === 0
}

function checkCalls(root: SyntaxNode): ScriptFinding[] {
  return nodesOfType(root, ['call']).flatMap((call) => {
    const callee = calleeOf(call)
    if (ending.test(callee))
      return finding(call, ['error', 'forbidden_call'], { message: `${callee} ends the runner and loses its results` })
    if (leaving.test(callee))
      return finding(call, ['warning', 'forbidden_call'], { message: `${callee} leaves the test` })
    if (skipping.test(callee)) return finding(call, ['warning', 'skipped'], { message: `${callee} skips at run time` })
    const host = calling.test(callee) ? foreignHost(field(call, 'arguments')?.text ?? '') : undefined
    const message = `calls ${host}; a test reaches no foreign host`
    return host === undefined ? [] : finding(call, ['warning', 'network'], { message })
  })
}

const missingImports = (root: SyntaxNode): ScriptFinding[] =>
  unboundNames(root, pythonImportLines.keys()).map((name) =>
    finding(
      nodesOfType(root, ['identifier']).find((node) => node.text === name) ?? root,
      ['warning', 'missing_import'],
      {
        message: `${name} is used but never imported`,
      },
    ),
  )
