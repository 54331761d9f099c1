import type { ScriptFinding } from '../domain/generation.ts'
import type { Framework } from '../domain/suite.ts'
import { field, nodesOfType, parts } from '../lib/syntax.ts'
import type { SyntaxNode } from '../lib/syntax.ts'
import { registered } from './extract-script.ts'
import type { TestCall } from './extract-script.ts'
import { nodeTestNames, unboundNames, vitestNames } from './known-names.ts'
import { finding, foreignHost, repeated } from './static-check-findings.ts'

const asserting = /^(?:expect\w*|assert\w*|t\.assert|should|chai|\w+\.should)\b/
const ending = /^(?:process\.(?:exit|abort|kill|reallyExit)|Deno\.exit)$/
const calling = /^(?:fetch|axios|got|request|https?\.(?:get|request))\b/
const literal = /^(?:true|false|null|undefined|number|string|template_string|array|object|unary_expression|regex)$/

/** Findings in a JavaScript or TypeScript test module that parses. */
export function checkJavaScript(root: SyntaxNode, framework?: Framework): ScriptFinding[] {
  const tests = registered(root)
  return [
    ...repeated(tests, ({ name }) => name)
      .filter(({ name }) => !name.includes('${') && !/%[sdifjo#]|\$\w/.test(name))
      .map(({ name, call }) =>
        finding(call, ['warning', 'duplicate_test'], { message: `two tests are called ${name}`, test: name }),
      ),
    ...tests.flatMap(checkTest),
    ...nodesOfType(root, ['call_expression']).flatMap(checkCall),
    ...missingImports(root, framework),
  ]
}

function checkTest({ name: test, modifiers, call, body }: TestCall): ScriptFinding[] {
  const found: ScriptFinding[] = []
  const calls = nodesOfType(body, ['call_expression'])
  if (modifiers.includes('skip') || modifiers.includes('fails'))
    found.push(finding(call, ['warning', 'skipped'], { message: `${test} never counts`, test }))
  if (modifiers.includes('only'))
    found.push(
      finding(call, ['warning', 'only'], { message: `only ${test} and its like run; other tests are left out`, test }),
    )
  for (const one of calls.filter(isConstant)) {
    const message = `this assertion does not depend on the target: ${one.text.slice(0, 60)}`
    found.push(finding(one, ['warning', 'constant_assertion'], { message, test }))
  }
  const named = /identifier$|^member/.test(body.type)
  if (!named && !calls.some((one) => asserting.test(calleeOf(one))))
    found.push(finding(call, ['warning', 'no_assertion'], { message: `${test} asserts nothing`, test }))
  return found
}

const calleeOf = (call: SyntaxNode): string => field(call, 'function')?.text ?? ''
const argumentsOf = (call: SyntaxNode): SyntaxNode[] => {
  const list = field(call, 'arguments')
  return list === undefined ? [] : parts(list)
}

/** `expect(true).toBe(true)`, `assert(true)`, `assert.equal(1, 1)`, `expect(x).toBe(x)`. */
function isConstant(call: SyntaxNode): boolean {
  const callee = calleeOf(call)
  const given = argumentsOf(call)
  if (/^assert(?:\.\w+)?$/.test(callee))
    return given.length > 0 && given.slice(0, 2).every(isLiteral) && callee !== 'assert.fail'
  const subject = field(call, 'function')
  if (subject?.type !== 'member_expression' || !callee.startsWith('expect(')) return false
  const [expectCall] = nodesOfType(subject, ['call_expression']).filter((one) => calleeOf(one) === 'expect')
  const [actual] = expectCall === undefined ? [] : argumentsOf(expectCall)
  if (actual === undefined) return false
  const [expected] = given
  return isLiteral(actual) && (expected === undefined || isLiteral(expected))
    ? true
    : actual.type === 'identifier' && actual.text === expected?.text && !callee.includes('.not.')
}

const isLiteral = (node: SyntaxNode): boolean =>
  literal.test(node.type) &&
  nodesOfType(node, ['identifier', 'call_expression', 'shorthand_property_identifier']).length === 0

function checkCall(call: SyntaxNode): ScriptFinding[] {
  const callee = calleeOf(call)
  if (ending.test(callee))
    return [finding(call, ['error', 'forbidden_call'], { message: `${callee} ends the runner and loses its results` })]
  const host = calling.test(callee) ? foreignHost(field(call, 'arguments')?.text ?? '') : undefined
  return host === undefined
    ? []
    : [finding(call, ['warning', 'network'], { message: `calls ${host}; a test reaches no foreign host` })]
}

function missingImports(root: SyntaxNode, framework?: Framework): ScriptFinding[] {
  const names = framework === 'node' ? [...nodeTestNames, 'assert'] : framework === 'vitest' ? vitestNames : []
  return unboundNames(root, names).map((name) =>
    finding(
      nodesOfType(root, ['identifier']).find((node) => node.text === name) ?? root,
      ['warning', 'missing_import'],
      {
        message: `${name} is used but never imported`,
      },
    ),
  )
}
