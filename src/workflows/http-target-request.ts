import { GreenloopError } from '../domain/errors.ts'
import type { TargetCall, TargetSetup } from '../domain/target.ts'
import type { HttpConfig, Workflow } from '../domain/workflow.ts'
import { fill, fillText } from '../lib/fill.ts'
import type { Variables } from '../lib/fill.ts'
import type { HttpRequest } from '../lib/http-client.ts'

/** Makes the request of a call. Throws `target_refused` where the call lacks what the templates name. */
export type RequestMaker = (call: TargetCall) => HttpRequest

/**
 * Compiles the templates of a plain HTTP workflow. `{{name}}` is an input of the case, or `query`, `user`, `key`,
 * `conversation_id`, `prompt`, `model`, `history`, `files`, `inputs`, `sampling` or a member of the sampling; inputs go
 * first. In an address values are encoded. Throws `plan_invalid` for an address that is none.
 */
export function requestMaker(setup: TargetSetup, config: HttpConfig): RequestMaker {
  const { workflow } = setup
  const variablesOf = variableMaker(workflow)
  const urlOf = urlMaker(setup, config)
  const headersOf = headerMaker(setup, config)
  const bodyOf = bodyMaker(config, headersOf.contentType)
  const { method } = config
  return (call) => {
    const missing = new Set<string>()
    const filling: Filling = { call, variables: variablesOf(call), onMissing: (name) => missing.add(name) }
    const url = urlOf(filling)
    const headers = headersOf.make(filling)
    const body = bodyOf(filling)
    if (missing.size > 0) throw missingNames([...missing], workflow)
    return { url, method, headers, body }
  }
}

interface Filling {
  readonly call: TargetCall
  readonly variables: Variables
  readonly onMissing: (name: string) => void
}

function missingNames(names: readonly string[], { id }: Workflow): GreenloopError {
  const listed = names.map((name) => `\`{{${name}}}\``).join(', ')
  return new GreenloopError(
    'target_refused',
    `the request of workflow \`${id}\` names ${listed}, which no input gives`,
    {
      help: 'add the input to the rows, or declare it among the `parameters` of the workflow',
    },
  )
}

/** The values that templates may name. Parameters that a case may leave out are empty texts where it does. */
export function variableMaker({ parameters }: Workflow): (call: TargetCall) => Variables {
  const optional = Object.fromEntries(
    parameters.filter(({ required }) => !required).map((each) => [each.name, each.default ?? '']),
  )
  return (call) => {
    const variables: Variables = {
      ...optional,
      ...call.sampling,
      sampling: call.sampling,
      user: call.user,
      key: call.key,
      conversation_id: call.conversationId ?? '',
      history: call.history,
      files: call.files,
      model: call.model ?? '',
      inputs: call.inputs,
      query: call.query ?? '',
      ...call.inputs,
    }
    if (Object.hasOwn(call.inputs, 'prompt')) return variables
    const { prompt = '' } = call
    return { ...variables, prompt: prompt.includes('{{') ? fillText(prompt, variables) : prompt }
  }
}

const isAbsolute = (url: string): boolean => /^https?:\/\//iu.test(url)

type UrlMaker = (filling: Filling) => URL

function urlMaker({ server, workflow: { id } }: TargetSetup, { url, method, body }: HttpConfig): UrlMaker {
  const base = server?.baseUrl.trim().replace(/\/+$/u, '')
  const template = isAbsolute(url) || base === undefined ? url : `${base}/${url.replace(/^\/+/u, '')}`
  const pieces = template.split(/(\{\{[^{}]*\}\})/u)
  const parsed = parseUrl(pieces.map((piece, index) => (index % 2 === 1 ? 'x' : piece)).join(''))
  if (parsed === undefined) {
    throw new GreenloopError('plan_invalid', `\`http.url\` of workflow \`${id}\` is no http or https address: ${url}`, {
      help: 'write a whole address, or name a `server` of env.yaml with a `base_url`',
    })
  }
  if (pieces.length === 1) {
    const sendsInputs = method === 'GET' && body === undefined
    return sendsInputs ? ({ call }) => withInputs(parsed, call) : () => parsed
  }
  return ({ variables, onMissing }) => {
    const text = pieces.map((piece, index) =>
      index % 2 === 1 ? encodeURIComponent(fillText(piece, variables, onMissing).toWellFormed()) : piece,
    )
    const filled = dotSegment.test(text.join('')) ? undefined : parseUrl(text.join(''))
    if (filled !== undefined) return filled
    throw new GreenloopError('target_refused', `the inputs make no address of \`http.url\` of workflow \`${id}\``)
  }
}

/** An input that is `..` would lead out of the path. */
const dotSegment = /\/\.{1,2}(?=[/?#]|$)/u

function parseUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? url : undefined
}

/** A GET has no body, so its inputs go into the address. */
function withInputs(base: URL, { inputs, query }: TargetCall): URL {
  const url = new URL(base)
  for (const [name, value] of Object.entries({ ...inputs, ...(query === undefined ? {} : { query }) })) {
    url.searchParams.set(name, asText(value))
  }
  return url
}

interface HeaderMaker {
  readonly contentType: string | undefined
  make(filling: Filling): Record<string, string>
}

/** Key and headers of the server of `env.yaml` go to that server alone, not to another one that `http.url` names. */
function credentialsOf({ server, apiKey }: TargetSetup, { url }: HttpConfig): Pick<TargetSetup, 'apiKey' | 'server'> {
  const own = URL.parse(server?.baseUrl ?? '')?.origin
  const isElsewhere = isAbsolute(url) && URL.parse(url)?.origin !== own
  return isElsewhere ? { apiKey: apiKey === server?.apiKey ? undefined : apiKey } : { apiKey, server }
}

function headerMaker(setup: TargetSetup, config: HttpConfig): HeaderMaker {
  const { workflow } = setup
  const { server, apiKey } = credentialsOf(setup, config)
  const fixed: Record<string, string> = {
    accept: config.answer === 'sse' ? 'text/event-stream' : 'application/json, text/event-stream;q=0.9, */*;q=0.8',
  }
  if (apiKey !== undefined && apiKey.trim() !== '') fixed['authorization'] = `Bearer ${apiKey.trim()}`
  for (const [name, value] of Object.entries(server?.headers ?? {})) fixed[name.toLowerCase()] = value.trim()
  const filled: [string, string][] = []
  for (const [name, value] of Object.entries(config.headers)) {
    if (value.includes('{{')) filled.push([name.toLowerCase(), value])
    else fixed[name.toLowerCase()] = value.trim()
  }
  const contentType = filled.find(([name]) => name === 'content-type')?.[1] ?? fixed['content-type']
  if (contentType === undefined && config.method !== 'GET') fixed['content-type'] = defaultType(config.body)
  const make = ({ call, variables, onMissing }: Filling): Record<string, string> => {
    if (filled.length === 0 && !config.idempotent) return fixed
    const own = Object.fromEntries(
      filled.map(([name, value]) => [name, headerText(name, fillText(value, variables, onMissing), workflow)]),
    )
    return {
      ...fixed,
      ...(config.idempotent ? { 'idempotency-key': headerText('key', call.key, workflow) } : {}),
      ...own,
    }
  }
  return { contentType, make }
}

/** A header that Node would refuse in the middle of sending, refused with its name. */
function headerText(name: string, value: string, { id }: Workflow): string {
  if (!/[^\t\u0020-\u007e\u0080-\u00ff]/u.test(value)) return value.trim()
  throw new GreenloopError(
    'target_refused',
    `the header \`${name}\` of workflow \`${id}\` would hold a line break or a sign that headers cannot hold`,
  )
}

const jsonType = 'application/json'
const formType = 'application/x-www-form-urlencoded'

function defaultType(body: unknown): string {
  return typeof body === 'string' && jsonOf(body) === undefined && !/^\s*[[{]/u.test(body)
    ? 'text/plain; charset=utf-8'
    : jsonType
}

type BodyMaker = (filling: Filling) => string | undefined

function bodyMaker({ body, method }: HttpConfig, contentType: string | undefined): BodyMaker {
  if (body === undefined && method === 'GET') return () => undefined
  const print = contentType?.toLowerCase().startsWith(formType) === true ? formText : JSON.stringify
  if (body === undefined) return ({ call }) => print(defaultBody(call))
  const template = typeof body === 'string' ? (jsonOf(body) ?? body) : body
  if (typeof template === 'string') {
    return template.includes('{{')
      ? ({ variables, onMissing }) => fillText(template, variables, onMissing)
      : () => template
  }
  if (!JSON.stringify(template).includes('{{')) {
    const whole = print(template)
    return () => whole
  }
  return ({ variables, onMissing }) => print(fill(template, variables, onMissing))
}

function defaultBody({ inputs, query, conversationId }: TargetCall): unknown {
  if (query === undefined && conversationId === undefined) return inputs
  return {
    ...inputs,
    ...(query === undefined ? {} : { query }),
    ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
  }
}

/** A template that is JSON as it stands is filled as JSON, so that quotes in an input do not break it. */
function jsonOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function formText(value: unknown): string {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return new URLSearchParams(entries.map(([name, each]): [string, string] => [name, asText(each)])).toString()
}

/** A value as text: JSON where it is none. */
export function asText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}
