import type { Target } from '../domain/suite.ts'
import { calleeOf, constructOf, moduleBase, type Callee } from './offline-callee.ts'
import type { DraftRow, DraftTest } from './offline-draft.ts'
import { errorAsserts, valueAsserts, type AssertDialect } from './offline-javascript-asserts.ts'
import { camelCase, isJsName, jsString, jsValue, jsVariable } from './render-javascript.ts'
import { uniqueNamer } from './slug.ts'

/** A test function's inside and the columns of its table, where it is parametrised. */
export interface JsBody {
  readonly lines: readonly string[]
  readonly table: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] } | undefined
}

/** Name under which a generated file knows the module under test. */
export function jsModuleAlias(target: Target): string {
  return jsVariable(moduleBase(target))
}

/** Why a test cannot be written in JavaScript, or `undefined`. */
export function jsGap(test: DraftTest, target: Target): string | undefined {
  if (target.kind === 'http') {
    const bodied = test.rows.some(
      ({ request }) => request?.body !== undefined && ['GET', 'HEAD'].includes(request.method),
    )
    return bodied ? 'fetch sends no body with GET or HEAD' : undefined
  }
  const calls = [test.call ?? '', ...test.preparations.flatMap((step) => (step.kind === 'call' ? [step.call] : []))]
  const odd = calls.find((call) => {
    const { owner, path } = calleeOf(call, target)
    return ![...owner, ...path].every(isJsName)
  })
  return odd === undefined ? undefined : `\`${odd}\` is not the name of a function`
}

/** A commented section; nothing at all where it has no lines. */
export function section(name: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`// ${name}`, ...lines, '']
}

/** The first section; a parametrised test without other preparation says where its data is. */
export function arrangement(lines: readonly string[], parametrised: boolean): string[] {
  if (lines.length > 0) return section('Arrange', lines)
  return parametrised ? ['// Arrange: the row is the data', ''] : []
}

/** Body of a test that calls a function or a method. Named inputs are passed in their order. */
export function jsCallBody(test: DraftTest, target: Target, dialect: AssertDialect): JsBody {
  const alias = jsModuleAlias(target)
  const [row] = test.rows
  if (row === undefined) return { lines: [], table: undefined }
  const unique = uniqueNamer([alias, 'errorOf', 'near', 'id'])
  const names = [...row.args.map((_, index) => `arg_${index + 1}`), ...Object.keys(row.inputs)].map((name) =>
    unique(jsVariable(name)),
  )
  const valuesOf = ({ args, inputs }: DraftRow): unknown[] => [...args, ...Object.values(inputs)]
  const values = valuesOf(row)
  const callee = calleeOf(test.call ?? '', target)
  const columns = { expected: test.parametrised && 'returns' in row.expected, status: false }
  const arranged = [
    ...(test.parametrised ? [] : names.map((name, index) => `const ${name} = ${jsValue(values[index])}`)),
    ...instance(test, callee, alias),
    ...prepared(test, { callee, alias, target }),
  ]
  const called = callOf(callee, { alias, target, list: names.join(', ') })
  const raises = row.expected.raises !== undefined
  const act = raises ? `const error = await errorOf(() => ${called})` : `const result = await ${called}`
  const asserts = raises
    ? errorAsserts(row.expected, dialect)
    : valueAsserts(row.expected, 'result', { dialect, columns })
  return {
    lines: [...arrangement(arranged, test.parametrised), ...section('Act', [act]), ...section('Assert', asserts)],
    table: test.parametrised
      ? {
          columns: [...names, ...(columns.expected ? ['expected'] : [])],
          rows: test.rows.map((item) =>
            [...valuesOf(item), ...(columns.expected ? [item.expected.returns] : [])].map((value) => jsValue(value)),
          ),
        }
      : undefined,
  }
}

function instance(test: DraftTest, callee: Callee, alias: string): string[] {
  if (callee.owner.length === 0) return []
  const { args, inputs } = constructOf(test.construct)
  const list = [...args, ...Object.values(inputs)].map((value) => jsValue(value)).join(', ')
  return [`const subject = new ${[alias, ...callee.owner].join('.')}(${list})`]
}

function prepared(test: DraftTest, at: { callee: Callee; alias: string; target: Target }): string[] {
  return test.preparations.flatMap((step) => {
    if (step.kind !== 'call') return []
    const callee = calleeOf(step.call, at.target)
    const same = callee.owner.length > 0 && callee.owner.join('.') === at.callee.owner.join('.')
    const path = same || callee.owner.length === 0 ? callee : { owner: [], path: [...callee.owner, ...callee.path] }
    const list = [...step.args, ...Object.values(step.inputs)].map((value) => jsValue(value)).join(', ')
    return [`await ${callOf(path, { ...at, list })}`]
  })
}

/** A call; the snake_case names of a Python suite are looked for in camelCase first. */
function callOf(callee: Callee, at: { alias: string; target: Target; list: string }): string {
  const holder = [callee.owner.length === 0 ? at.alias : 'subject', ...callee.path.slice(0, -1)].join('.')
  const name = callee.path.at(-1) ?? ''
  const camel = camelCase(name)
  if (callee.owner.length === 0 && /^\p{Lu}/u.test(name)) return `new ${holder}.${name}(${at.list})`
  if (at.target.kind !== 'python' || camel === name) return `${holder}.${name}(${at.list})`
  if (callee.owner.length === 0 && callee.path.length === 1)
    return `(${holder}.${camel} ?? ${holder}.${name})(${at.list})`
  return `${holder}[${jsString(camel)} in ${holder} ? ${jsString(camel)} : ${jsString(name)}](${at.list})`
}
