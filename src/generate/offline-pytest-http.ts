import type { DraftRow, DraftTest } from './offline-draft.ts'
import { arrangement, section, type Body, type Table } from './offline-pytest-call.ts'
import { replyAsserts } from './offline-pytest-asserts.ts'
import { placeholdersIn, type FilledRequest, type Preparation } from './offline-requests.ts'
import { commentText, renderValue } from './render-text.ts'
import { pyApprox, pyLiterals, pyString, pyValue, pyVariable } from './render-python.ts'
import { isRecord } from './schema-shape.ts'
import { uniqueNamer } from './slug.ts'

/** Saved name to the variable that holds it. */
type Saved = ReadonlyMap<string, string>

const parts = ['path', 'query', 'headers', 'body'] as const
type Part = (typeof parts)[number]

/** Body of a test that sends requests through the `api` fixture. */
export function httpBody(test: DraftTest): Body {
  const saved = savedOf(test.preparations)
  const [row] = test.rows
  const request = row?.request
  if (row === undefined || request === undefined) return { lines: [], table: undefined, fixtures: [], imports: [] }
  const requests = test.rows.flatMap((item) => item.request ?? [])
  const varying = test.parametrised ? parts.filter((part) => varies(requests, part)) : []
  const statusColumn =
    test.parametrised && new Set(test.rows.map((item) => JSON.stringify(item.expected.status))).size > 1
  const expectedColumn = test.parametrised && 'returns' in row.expected
  const fixed = parts.filter((part) => !varying.includes(part) && part !== 'path' && isSent(request[part]))
  const arranged = fixed.map((part) => `${part} = ${dynamic(request[part], saved)}`)
  const prepared = test.preparations.flatMap((step) => (step.kind === 'request' ? preparation(step, saved) : []))
  const sent = [...fixed, ...varying.filter((part) => part !== 'path')].map((part) => `${part}=${part}`)
  const path = varying.includes('path') ? 'path' : dynamic(request.path, saved)
  const reply = `reply = api(${[pyString(request.method), path, ...sent].join(', ')})`
  const asserted = replyAsserts(row.expected, { statusColumn, expectedColumn, inconclusive: test.inconclusive })
  return {
    lines: [
      ...arrangement([...prepared, ...arranged], test.parametrised),
      ...section('Act', [reply]),
      ...section('Assert', asserted),
    ],
    table: test.parametrised ? tableOf(test.rows, { varying, statusColumn, expectedColumn }) : undefined,
    fixtures: ['api'],
    imports: [],
  }
}

function isSent(value: unknown): boolean {
  return isRecord(value) ? Object.keys(value).length > 0 : value !== undefined
}

function varies(requests: readonly FilledRequest[], part: Part): boolean {
  return new Set(requests.map((request) => JSON.stringify(request[part]) ?? 'none')).size > 1
}

function tableOf(
  rows: readonly DraftRow[],
  at: { varying: readonly Part[]; statusColumn: boolean; expectedColumn: boolean },
): Table {
  const columns = [...at.varying, ...(at.statusColumn ? ['status'] : []), ...(at.expectedColumn ? ['expected'] : [])]
  const none = columns.length === 0
  return {
    columns: none ? ['_row'] : columns,
    rows: rows.map(({ id, request, expected }, index) => {
      const values = at.varying.map((part) => {
        const value = request?.[part]
        return part === 'body' && value === undefined ? '_NOTHING' : pyValue(value)
      })
      if (at.statusColumn) values.push(pyValue(expected.status))
      if (at.expectedColumn)
        values.push(
          expected.approx === undefined ? pyValue(expected.returns) : pyApprox(expected.returns, expected.approx),
        )
      return { id, values: none ? [String(index + 1)] : values }
    }),
  }
}

function savedOf(preparations: readonly Preparation[]): Saved {
  const unique = uniqueNamer()
  const names = preparations.flatMap((step) => (step.kind === 'request' ? Object.keys(step.save) : []))
  return new Map([...new Set(names)].map((name) => [name, unique(pyVariable(name))]))
}

function preparation(step: Extract<Preparation, { kind: 'request' }>, saved: Saved): string[] {
  const { request } = step
  const sent = (['query', 'headers', 'body'] as const)
    .filter((part) => isSent(request[part]))
    .map((part) => `${part}=${dynamic(request[part], saved)}`)
  const call = `api(${[pyString(request.method), dynamic(request.path, saved), ...sent].join(', ')})`
  const [status] = step.status
  const check =
    status === undefined
      ? []
      : [
          step.status.length === 1
            ? `assert reply.status == ${status}, reply.text`
            : `assert reply.status in (${step.status.join(', ')}), reply.text`,
        ]
  const once = [`reply = ${call}`, ...check]
  const sending = step.repeat === 1 ? once : [`for _ in range(${step.repeat}):`, ...once.map((line) => `    ${line}`)]
  const kept = Object.entries(step.save).map(
    ([name, path]) => `${saved.get(name) ?? pyVariable(name)} = reply.body${members(path)}`,
  )
  return [`# ${commentText(step.action)}`, ...sending, ...kept]
}

function members(path: string): string {
  return path
    .split('.')
    .filter((part) => part !== '' && part !== '$')
    .map((part) => (/^\d+$/u.test(part) ? `[${Number(part)}]` : `[${pyString(part)}]`))
    .join('')
}

/** A literal in which `{name}` of a saved value becomes the variable, or an f-string around it. */
function dynamic(value: unknown, saved: Saved): string {
  const used = placeholdersIn(value).filter((name) => saved.has(name))
  if (used.length === 0) return pyValue(value)
  const scalar = (item: unknown): string => {
    if (typeof item !== 'string' || !placeholdersIn(item).some((name) => saved.has(name)))
      return pyLiterals.scalar(item)
    const whole = /^\{([^{}]+)\}$/u.exec(item)?.[1]
    const variable = whole === undefined ? undefined : saved.get(whole)
    return variable ?? formatted(item, saved)
  }
  return renderValue(value, { ...pyLiterals, scalar }, { indent: '', step: '    ' })
}

function formatted(text: string, saved: Saved): string {
  const pieces = text.split(/(\{[^{}]+\})/u).map((piece) => {
    const variable = saved.get(piece.slice(1, -1))
    const holds = piece.startsWith('{') && piece.endsWith('}') && variable !== undefined
    return holds ? `{${variable}}` : pyString(piece).slice(1, -1).replaceAll('{', '{{').replaceAll('}', '}}')
  })
  return `f"${pieces.join('')}"`
}
