import type { DraftRow, DraftTest } from './offline-draft.ts'
import { replyAsserts, type AssertDialect } from './offline-javascript-asserts.ts'
import { arrangement, section, type JsBody } from './offline-javascript-call.ts'
import { placeholdersIn, type FilledRequest, type Preparation } from './offline-requests.ts'
import { isJsName, jsLiterals, jsString, jsTemplate, jsValue, jsVariable } from './render-javascript.ts'
import { commentText, renderValue } from './render-text.ts'
import { isRecord } from './schema-shape.ts'
import { uniqueNamer } from './slug.ts'

type Saved = ReadonlyMap<string, string>
const parts = ['path', 'query', 'headers', 'body'] as const

/** Body of a test that sends requests with `send`. */
export function jsHttpBody(test: DraftTest, dialect: AssertDialect): JsBody {
  const [row] = test.rows
  const request = row?.request
  if (row === undefined || request === undefined) return { lines: [], table: undefined }
  const saved = savedOf(test.preparations)
  const requests = test.rows.flatMap((item) => item.request ?? [])
  const varying = test.parametrised ? parts.filter((part) => varies(requests, part)) : []
  const columns = {
    status: test.parametrised && new Set(test.rows.map((item) => JSON.stringify(item.expected.status))).size > 1,
    expected: test.parametrised && 'returns' in row.expected,
  }
  const fixed = parts.filter((part) => part !== 'path' && !varying.includes(part) && isSent(request[part]))
  const steps = test.preparations.flatMap((step, index) =>
    step.kind === 'request'
      ? preparation(step, index, { saved, declared: savedBefore(test.preparations, index), dialect })
      : [],
  )
  const arranged = [...steps, ...fixed.map((part) => `const ${part} = ${dynamic(request[part], saved)}`)]
  const path = varying.includes('path') ? 'path' : dynamic(request.path, saved)
  const sent = [...fixed, ...varying.filter((part) => part !== 'path')]
  const list = [jsString(request.method), path, ...(sent.length === 0 ? [] : [`{ ${sent.join(', ')} }`])].join(', ')
  const doubtful = test.inconclusive.filter((status) => status !== row.expected.status)
  const doubt =
    doubtful.length === 0
      ? []
      : [
          `if ([${doubtful.join(', ')}].includes(reply.status)) {`,
          '  return t.skip(`GL: inconclusive: valid data was answered with ${reply.status}`)',
          '}',
        ]
  const names = [...varying, ...(columns.status ? ['status'] : []), ...(columns.expected ? ['expected'] : [])]
  return {
    lines: [
      ...arrangement(arranged, test.parametrised),
      ...section('Act', [`const reply = await send(${list})`]),
      ...section('Assert', [...doubt, ...replyAsserts(row.expected, { dialect, columns })]),
    ],
    table: test.parametrised
      ? { columns: names, rows: test.rows.map((item) => names.map((name) => cell(item, name))) }
      : undefined,
  }
}

function cell({ request, expected }: DraftRow, name: string): string {
  if (name === 'status') return jsValue(expected.status)
  if (name === 'expected') return jsValue(expected.returns)
  const part = parts.find((item) => item === name)
  const value = part === undefined ? undefined : request?.[part]
  return value === undefined ? 'undefined' : jsValue(value)
}

function isSent(value: unknown): boolean {
  return isRecord(value) ? Object.keys(value).length > 0 : value !== undefined
}

function varies(requests: readonly FilledRequest[], part: (typeof parts)[number]): boolean {
  return new Set(requests.map((request) => JSON.stringify(request[part]) ?? 'none')).size > 1
}

function savedOf(preparations: readonly Preparation[]): Saved {
  const unique = uniqueNamer(preparations.map((_, index) => `prepared${index + 1}`))
  const names = preparations.flatMap((step) => (step.kind === 'request' ? Object.keys(step.save) : []))
  return new Map([...new Set(names)].map((name) => [name, unique(jsVariable(name))]))
}

interface Preparing {
  readonly saved: Saved
  /** Names that an earlier step has saved: their variables are there. */
  readonly declared: ReadonlySet<string>
  readonly dialect: AssertDialect
}

function savedBefore(preparations: readonly Preparation[], index: number): ReadonlySet<string> {
  const earlier = preparations.slice(0, index)
  return new Set(earlier.flatMap((step) => (step.kind === 'request' ? Object.keys(step.save) : [])))
}

function preparation(
  step: Extract<Preparation, { kind: 'request' }>,
  index: number,
  { saved, declared, dialect }: Preparing,
): string[] {
  const { request } = step
  const sent = (['query', 'headers', 'body'] as const)
    .filter((part) => isSent(request[part]))
    .map((part) => `${part}: ${dynamic(request[part], saved)}`)
  const list = [
    jsString(request.method),
    dynamic(request.path, saved),
    ...(sent.length === 0 ? [] : [`{ ${sent.join(', ')} }`]),
  ]
  const name = `prepared${index + 1}`
  const [status] = step.status
  const check =
    status === undefined
      ? []
      : [
          step.status.length === 1
            ? dialect.same(`${name}.status`, String(status))
            : dialect.oneStatus(name, step.status),
        ]
  const sending = `await send(${list.join(', ')})`
  const loop = [
    `let ${name}`,
    `for (let time = 0; time < ${step.repeat}; time++) {`,
    ...[`${name} = ${sending}`, ...check].map((line) => `  ${line}`),
    '}',
  ]
  const kept = Object.entries(step.save).map(([key, path]) => {
    const variable = saved.get(key) ?? jsVariable(key)
    return `${declared.has(key) ? '' : 'let '}${variable} = ${name}.body${members(path)}`
  })
  const done = step.repeat === 1 ? [`const ${name} = ${sending}`, ...check] : loop
  return [`// ${commentText(step.action)}`, ...done, ...kept]
}

function members(path: string): string {
  const names = path.split('.').filter((part) => part !== '' && part !== '$')
  return names
    .map((part) => (/^\d+$/u.test(part) ? `[${Number(part)}]` : isJsName(part) ? `.${part}` : `[${jsString(part)}]`))
    .join('')
}

/** A literal in which `{name}` of a saved value becomes the variable, or a template around it. */
function dynamic(value: unknown, saved: Saved): string {
  const isDynamic = (item: unknown): boolean => placeholdersIn(item).some((name) => saved.has(name))
  if (!isDynamic(value)) return jsValue(value)
  const scalar = (item: unknown): string => {
    if (typeof item !== 'string' || !isDynamic(item)) return jsLiterals.scalar(item)
    const whole = /^\{([^{}]+)\}$/u.exec(item)?.[1]
    const variable = whole === undefined ? undefined : saved.get(whole)
    return variable ?? templated(item, saved)
  }
  return renderValue(value, { ...jsLiterals, scalar }, { indent: '', step: '  ' })
}

function templated(text: string, saved: Saved): string {
  return jsTemplate(
    text.split(/(\{[^{}]+\})/u).map((piece) => {
      const variable = saved.get(piece.slice(1, -1))
      return piece.startsWith('{') && piece.endsWith('}') && variable !== undefined ? { variable } : piece
    }),
  )
}
