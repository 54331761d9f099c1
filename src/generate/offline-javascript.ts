import { readFileSync } from 'node:fs'
import type { Plan } from '../domain/plan.ts'
import { splitCommand } from '../lib/split-command.ts'
import type { DraftTest } from './offline-draft.ts'
import { assertDialects } from './offline-javascript-asserts.ts'
import { jsCallBody, jsGap, jsModuleAlias, type JsBody } from './offline-javascript-call.ts'
import { jsHttpBody } from './offline-javascript-http.ts'
import { jsComment, jsLine, jsString, jsTemplate, jsValue } from './render-javascript.ts'

type Flavour = keyof typeof assertDialects

/** Writes drafts as one vitest or node:test file. Same plan, same bytes. */
export function writeJavaScript(plan: Plan, tests: readonly DraftTest[]): string {
  const flavour: Flavour = plan.framework === 'node' ? 'node' : 'vitest'
  const http = plan.target.kind === 'http'
  const written = tests.map((test) => writtenTest(plan, test, flavour))
  const text = written.map((lines) => lines.join('\n')).join('\n\n')
  const uses = (name: string): boolean => text.includes(`${name}(`)
  const head = [
    ...jsComment(headOf(plan), ''),
    ...(http
      ? [
          "import { spawn } from 'node:child_process'",
          "import { once } from 'node:events'",
          "import { createServer } from 'node:net'",
        ]
      : []),
    ...(http ? ["import { setTimeout as sleep } from 'node:timers/promises'"] : []),
    ...frameworkImports(flavour, { http, deep: uses('isDeepStrictEqual'), asserts: uses('expect') }),
    ...(http || !tests.some((test) => gapOf(plan, test) === undefined) ? [] : [jsImportLine(plan)]),
    ...(uses('errorOf') ? ['', template('offline-errors.mjs')] : []),
    ...(uses('near') ? ['', template('offline-near.mjs')] : []),
    ...(http ? ['', ...serviceSettings(plan), '', template('offline-http.mjs')] : []),
  ]
  return `${head.join('\n')}\n\n${text}\n`
}

function template(name: string): string {
  return readFileSync(new URL(`./templates/${name}`, import.meta.url), 'utf8').trimEnd()
}

function headOf(plan: Plan): string[] {
  const about = plan.description === '' ? [] : [plan.description]
  return [`${plan.name}: tests written by rule from the suite, without a model.`, ...about]
}

function frameworkImports(flavour: Flavour, used: { http: boolean; deep: boolean; asserts: boolean }): string[] {
  if (flavour === 'vitest') {
    const names = [...(used.http ? ['afterAll', 'beforeAll'] : []), ...(used.asserts ? ['expect'] : []), 'test']
    return [`import { ${names.join(', ')} } from 'vitest'`]
  }
  const names = used.http ? 'after as afterAll, before as beforeAll, test' : 'test'
  return [
    "import assert from 'node:assert/strict'",
    `import { ${names} } from 'node:test'`,
    ...(used.deep ? ["import { isDeepStrictEqual } from 'node:util'"] : []),
  ]
}

// The script lies below the target's root, so the way to the module leads up by the depth of the script.
/** Line that imports the module under test. */
export function jsImportLine({ target, scriptName }: Plan): string {
  const up = '../'.repeat(scriptName.split('/').length - 1)
  return `import * as ${jsModuleAlias(target)} from ${jsString(`${up || './'}${target.module ?? ''}`)}`
}

function serviceSettings({ target }: Plan): string[] {
  const start = target.start === undefined ? [] : splitCommand(target.start)
  return [
    `const defaultBaseUrl = ${jsString(target.baseUrl ?? '')}`,
    `const start = ${jsValue(start)}`,
    `const ready = ${jsString(target.ready)}`,
  ]
}

function gapOf(plan: Plan, test: DraftTest): string | undefined {
  return test.gap ?? jsGap(test, plan.target)
}

function writtenTest(plan: Plan, test: DraftTest, flavour: Flavour): string[] {
  // vitest keeps labels as meta data of the test; Node's runner has no place for them but a comment.
  const about = [...test.doc, ...(flavour === 'node' ? labelLines(test) : [])]
  const doc = about.length === 0 ? [] : jsComment(about, '')
  const gap = gapOf(plan, test)
  if (gap !== undefined) {
    const skipped: JsBody = { lines: [`t.skip(${jsString(`GL: ${gap}`)})`], table: undefined }
    return [...doc, ...testCall(test, skipped, flavour)]
  }
  const dialect = assertDialects[flavour]
  const body = plan.target.kind === 'http' ? jsHttpBody(test, dialect) : jsCallBody(test, plan.target, dialect)
  return [...doc, ...testCall(test, body, flavour)]
}

function labelLines(test: DraftTest): string[] {
  return test.labels.map(([kind, value]) => `@allure.${kind} ${value}`)
}

function testCall(test: DraftTest, body: JsBody, flavour: Flavour): string[] {
  const title = test.caseId === undefined ? test.title : `${test.caseId}: ${test.title}`
  const lines = body.lines.at(-1) === '' ? body.lines.slice(0, -1) : body.lines
  const inside = lines.flatMap((line) => line.split('\n')).map((line) => (line === '' ? '' : `  ${line}`))
  const parameter = inside.some((line) => line.includes('t.skip(')) ? 't' : ''
  const options = flavour === 'vitest' ? ` ${metaOf(test)},` : ''
  if (body.table === undefined) return [`test(${jsString(title)},${options} async (${parameter}) => {`, ...inside, '})']
  const { columns, rows } = body.table
  const names = ['id', ...columns].join(', ')
  const table = rows.map((values, index) => {
    const id = jsString(test.rows[index]?.id ?? `row ${index + 1}`)
    const cells = [
      `id: ${id}`,
      ...values.map((value, column) => `${columns[column]}: ${value.replaceAll('\n', '\n  ')}`),
    ]
    return `  { ${cells.join(', ')} },`
  })
  return [
    `for (const { ${names} } of [`,
    ...table,
    ']) {',
    `  test(${jsTemplate([`${title} [`, { variable: 'id' }, ']'])},${options} async (${parameter}) => {`,
    ...inside.map((line) => (line === '' ? '' : `  ${line}`)),
    '  })',
    '}',
  ]
}

function metaOf(test: DraftTest): string {
  const labels = Object.fromEntries(test.labels.filter(([kind]) => kind !== 'tag'))
  const tags = test.labels.filter(([kind]) => kind === 'tag').map(([, value]) => value)
  return `{ meta: ${jsLine({ ...(test.caseId === undefined ? {} : { caseId: test.caseId }), labels, tags })} }`
}
