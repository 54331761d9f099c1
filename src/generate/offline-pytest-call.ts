import type { Target } from '../domain/suite.ts'
import { calleeOf, constructOf, moduleBase, type Callee } from './offline-callee.ts'
import type { DraftRow, DraftTest } from './offline-draft.ts'
import { resultAsserts } from './offline-pytest-asserts.ts'
import { isPyError, isPyName, pyApprox, pyString, pyValue, pyVariable } from './render-python.ts'
import { uniqueNamer } from './slug.ts'

/** Columns of a parametrised test and the literals of each row. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly { readonly id: string | undefined; readonly values: readonly string[] }[]
}

/** A test function's inside: lines without indent, and what its signature needs. */
export interface Body {
  readonly lines: readonly string[]
  readonly table: Table | undefined
  readonly fixtures: readonly string[]
  /** Modules to import besides the target. */
  readonly imports: readonly string[]
}

/** Name under which a generated file knows the module under test. */
export function moduleAlias(target: Target): string {
  return pyVariable(moduleBase(target))
}

/** Why a call cannot be written in Python, or `undefined`. */
export function callGap(test: DraftTest, target: Target): string | undefined {
  const calls = [test.call ?? '', ...test.preparations.flatMap((step) => (step.kind === 'call' ? [step.call] : []))]
  const odd = calls.find((call) => {
    const { owner, path } = calleeOf(call, target)
    return ![...owner, ...path].every(isPyName)
  })
  if (odd !== undefined) return `\`${odd}\` is not the name of a function`
  const raised = test.rows.find((row) => row.expected.raises?.split('.').every(isPyName) === false)
  return raised === undefined ? undefined : `\`${raised.expected.raises}\` is not the name of an exception`
}

interface Variables {
  readonly args: readonly string[]
  readonly inputs: readonly { readonly key: string; readonly variable: string }[]
}

/** Body of a test that calls a function or a method. */
export function callBody(test: DraftTest, target: Target): Body {
  const alias = moduleAlias(target)
  const [row] = test.rows
  if (row === undefined) return { lines: [], table: undefined, fixtures: [], imports: [] }
  const variables = variablesOf(row, uniqueNamer([alias]))
  const callee = calleeOf(test.call ?? '', target)
  const expectedColumn = test.parametrised && 'returns' in row.expected
  const assigned = test.parametrised ? [] : assignments(row, variables)
  const arranged = [...assigned, ...instance(test, callee, alias), ...prepared(test, { callee, alias, target })]
  const called = `${functionName(callee, alias)}(${argumentList(variables)})`
  return {
    lines: [...arrangement(arranged, test.parametrised), ...acted(test, { alias, called, expectedColumn })],
    table: test.parametrised ? tableOf(test.rows, variables, expectedColumn) : undefined,
    fixtures: [],
    imports: row.expected.raises === undefined ? [] : errorImports(row.expected.raises),
  }
}

/** A commented section; nothing at all where it has no lines. */
export function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`# ${name}`, ...lines, '']
}

/** The first section; a parametrised test without other preparation says where its data is. */
export function arrangement(lines: readonly string[], parametrised: boolean): string[] {
  if (lines.length > 0) return section('Arrange', lines)
  return parametrised ? ['# Arrange: the parameters are the data', ''] : []
}

function variablesOf(row: DraftRow, unique: (name: string) => string): Variables {
  const safe = (name: string): string => unique(pyVariable(isPyError(name) ? `${name}_` : name))
  return {
    args: row.args.map((_, index) => safe(`arg_${index + 1}`)),
    inputs: Object.keys(row.inputs).map((key) => ({ key, variable: safe(key) })),
  }
}

function assignments(row: DraftRow, variables: Variables): string[] {
  return [
    ...variables.args.map((name, index) => `${name} = ${pyValue(row.args[index])}`),
    ...variables.inputs.map(({ key, variable }) => `${variable} = ${pyValue(row.inputs[key])}`),
  ]
}

function tableOf(rows: readonly DraftRow[], variables: Variables, expectedColumn: boolean): Table | undefined {
  const columns = [...variables.args, ...variables.inputs.map(({ variable }) => variable)]
  if (expectedColumn) columns.push('expected')
  if (columns.length === 0) columns.push('_row')
  return {
    columns,
    rows: rows.map((row, index) => {
      const values = [...row.args, ...variables.inputs.map(({ key }) => row.inputs[key])].map((value) => pyValue(value))
      const { returns, approx } = row.expected
      if (expectedColumn) values.push(approx === undefined ? pyValue(returns) : pyApprox(returns, approx))
      if (values.length === 0) values.push(String(index + 1))
      return { id: row.id, values }
    }),
  }
}

function argumentList({ args, inputs }: Variables): string {
  const named = inputs.filter(({ key }) => isPyName(key)).map(({ key, variable }) => `${key}=${variable}`)
  const odd = inputs.filter(({ key }) => !isPyName(key)).map(({ key, variable }) => `${pyString(key)}: ${variable}`)
  return [...args, ...named, ...(odd.length === 0 ? [] : [`**{${odd.join(', ')}}`])].join(', ')
}

function literalArguments(args: readonly unknown[], inputs: Readonly<Record<string, unknown>>): string {
  const named = Object.entries(inputs)
  return argumentList({
    args: args.map((value) => pyValue(value)),
    inputs: named.map(([key, value]) => ({ key, variable: pyValue(value) })),
  })
}

function functionName(callee: Callee, alias: string): string {
  return [callee.owner.length === 0 ? alias : 'subject', ...callee.path].join('.')
}

function instance(test: DraftTest, callee: Callee, alias: string): string[] {
  if (callee.owner.length === 0) return []
  const { args, inputs } = constructOf(test.construct)
  return [`subject = ${[alias, ...callee.owner].join('.')}(${literalArguments(args, inputs)})`]
}

function prepared(test: DraftTest, at: { callee: Callee; alias: string; target: Target }): string[] {
  return test.preparations.flatMap((step) => {
    if (step.kind !== 'call') return []
    const callee = calleeOf(step.call, at.target)
    const same = callee.owner.length > 0 && callee.owner.join('.') === at.callee.owner.join('.')
    const owner = same || callee.owner.length === 0 ? callee : { owner: [], path: [...callee.owner, ...callee.path] }
    return [`${functionName(owner, at.alias)}(${literalArguments(step.args, step.inputs)})`]
  })
}

function acted(test: DraftTest, at: { alias: string; called: string; expectedColumn: boolean }): string[] {
  const expected = test.rows[0]?.expected ?? {}
  if (expected.raises === undefined) {
    return [
      ...section('Act', [`result = ${at.called}`]),
      ...section('Assert', resultAsserts(expected, at.expectedColumn)),
    ]
  }
  const match = expected.match === undefined ? '' : `, match=${pyString(expected.match)}`
  return section('Act and assert', [
    `with pytest.raises(${errorName(expected.raises, at.alias)}${match}):`,
    `    ${at.called}`,
  ])
}

/** `ValueError` is Python's, `decimal.InvalidOperation` comes from its module, anything else from the target. */
function errorName(name: string, alias: string): string {
  if (isPyError(name)) return name
  if (name === 'Error') return 'Exception'
  return errorImports(name).length > 0 ? name : `${alias}.${name}`
}

function errorImports(name: string): string[] {
  const parts = name.split('.')
  return parts.length > 1 && /^\p{Ll}/u.test(name) ? [parts.slice(0, -1).join('.')] : []
}
