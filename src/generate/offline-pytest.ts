import { readFileSync } from 'node:fs'
import type { Plan } from '../domain/plan.ts'
import { splitCommand } from '../lib/split-command.ts'
import type { DraftTest } from './offline-draft.ts'
import { callBody, callGap, moduleAlias, type Body, type Table } from './offline-pytest-call.ts'
import { httpBody } from './offline-pytest-http.ts'
import { isPyName, pyDocstring, pyString, pyValue } from './render-python.ts'

/** Writes drafts as one pytest file. Same plan, same bytes. */
export function writePytest(plan: Plan, tests: readonly DraftTest[]): string {
  const http = plan.target.kind === 'http'
  const written = tests.map((test) => ({ test, body: bodyOf(plan, test) }))
  const blocks = written.map(({ test, body }) => testFunction(test, body))
  const live = written.some(({ body }) => body.gap === undefined)
  const text = blocks.flat().join('\n')
  const imports = [
    ...(http ? httpImports : ['warnings']),
    ...(text.includes('json.loads(') ? ['json'] : []),
    ...written.flatMap(({ body }) => body.imports),
  ]
  const head = [
    ...pyDocstring(headOf(plan), ''),
    '',
    ...[...new Set(imports)].toSorted().map((name) => `import ${name}`),
    '',
    'import pytest',
    ...(live && !http ? ['', pyImportLine(plan)] : []),
    '',
    template('offline-labels.py'),
    ...(http ? ['', serviceSettings(plan), '', '', template('offline-http.py')] : []),
  ]
  return `${head.join('\n')}\n${blocks.map((lines) => `\n\n${lines.join('\n')}\n`).join('')}`
}

const httpImports = [
  'json',
  'os',
  'socket',
  'subprocess',
  'sys',
  'tempfile',
  'time',
  'urllib.error',
  'urllib.parse',
  'urllib.request',
  'warnings',
]

function template(name: string): string {
  return readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8').trimEnd()
}

function headOf(plan: Plan): string[] {
  const about = plan.description === '' ? [] : ['', plan.description]
  return [`${plan.name}: tests written by rule from the suite, without a model.`, ...about]
}

/** Line that imports the module under test. */
export function pyImportLine({ target }: Plan): string {
  const path = (target.module ?? '').split('.')
  const base = path.at(-1) ?? ''
  const alias = moduleAlias(target)
  const as = alias === base ? '' : ` as ${alias}`
  return path.length > 1 ? `from ${path.slice(0, -1).join('.')} import ${base}${as}` : `import ${base}${as}`
}

function serviceSettings({ target }: Plan): string {
  const start = target.start === undefined ? [] : splitCommand(target.start)
  return [
    `DEFAULT_BASE_URL = ${pyValue(target.baseUrl ?? '')}`,
    `START = ${pyValue(start)}`,
    `READY = ${pyString(target.ready)}`,
  ].join('\n')
}

type GapBody = Body & { readonly gap: string | undefined }

function bodyOf(plan: Plan, test: DraftTest): GapBody {
  const { target } = plan
  const module = (target.module ?? '').split('.').every(isPyName)
  const gap =
    test.gap ??
    (target.kind === 'http' ? undefined : module ? callGap(test, target) : `\`${target.module}\` is not a module name`)
  if (gap !== undefined) {
    return { gap, lines: [`pytest.skip(${pyString(`GL: ${gap}`)})`], table: undefined, fixtures: [], imports: [] }
  }
  return { gap, ...(target.kind === 'http' ? httpBody(test) : callBody(test, target)) }
}

function testFunction(test: DraftTest, body: GapBody): string[] {
  const doc = [test.caseId === undefined ? test.title : `${test.caseId}: ${test.title}`]
  if (test.doc.length > 0) doc.push('', ...test.doc)
  const lines = body.lines.at(-1) === '' ? body.lines.slice(0, -1) : body.lines
  const inside = lines.flatMap((line) => line.split('\n')).map((line) => (line === '' ? '' : `    ${line}`))
  const parameters = [...body.fixtures, ...(body.table?.columns ?? [])].join(', ')
  return [
    ...(test.caseId === undefined ? [] : [`@case(${pyString(test.caseId)})`]),
    ...labelLines(test),
    ...(body.table === undefined ? [] : tableLines(body.table)),
    `def test_${test.name}(${parameters}):`,
    ...pyDocstring(doc, '    '),
    ...inside,
  ]
}

function labelLines(test: DraftTest): string[] {
  const tags = test.labels.filter(([kind]) => kind === 'tag').map(([, value]) => pyString(value))
  const others = test.labels.filter(([kind]) => kind !== 'tag')
  return [
    // Allure fills {names} in titles, so braces of our own are doubled.
    `@allure.title(${pyString(test.title.replaceAll('{', '{{').replaceAll('}', '}}'))})`,
    ...others.map(([kind, value]) =>
      kind === 'owner' ? `@allure.label("owner", ${pyString(value)})` : `@allure.${kind}(${pyString(value)})`,
    ),
    ...(tags.length === 0 ? [] : [`@allure.tag(${tags.join(', ')})`]),
  ]
}

function tableLines({ columns, rows }: Table): string[] {
  const names = columns.length === 1 ? pyString(columns[0] ?? '') : `(${columns.map(pyString).join(', ')})`
  const shifted = (literal: string): string => literal.replaceAll('\n', '\n        ')
  const params = rows.map(({ id, values }) => {
    const named = id === undefined ? [] : [`id=${pyString(id)}`]
    return `        pytest.param(${[...values.map(shifted), ...named].join(', ')}),`
  })
  return ['@pytest.mark.parametrize(', `    ${names},`, '    [', ...params, '    ],', ')']
}
