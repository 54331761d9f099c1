import type { ApiProblem } from './types.ts'
import { operations } from './operations.ts'
import type { Answer, OperationId, Sent } from './routes.ts'

/** Where the server is, and who asks. */
export interface ApiClientOptions {
  /** Address of the server without `/v1`; an empty text for the page's own. */
  readonly baseUrl: string
  /** Bearer token; a page has its cookie instead. */
  readonly token?: string | undefined
  /** Sent with each call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly fetch?: typeof fetch | undefined
}

/** What goes with one call beside what the operation takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** The same key again gives the first answer again, for 24 hours. */
  readonly idempotencyKey?: string | undefined
  /** ETag of what is changed. */
  readonly ifMatch?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The API as functions. Every call throws {@link ApiError}, {@link ConnectionError}, or the reason of its signal. */
export interface ApiClient {
  /** Gives the JSON of the answer; `undefined` where there is none. */
  call<K extends OperationId>(operation: K, sent: Sent<K>, options?: CallOptions): Promise<Answer<K>>
  /** Gives the answer itself, for its headers or a body that is no JSON. */
  response<K extends OperationId>(operation: K, sent: Sent<K>, options?: CallOptions): Promise<Response>
  /** Address of an operation, for links. */
  href<K extends OperationId>(operation: K, sent: Pick<Sent<K>, 'params' | 'query'>): string
}

/** The server has refused a call and says why. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly problem: ApiProblem
  /** HTTP status. */
  readonly status: number

  constructor(problem: ApiProblem, status: number) {
    super(problem.detail)
    this.problem = problem
    this.status = status
  }
}

/** There is no answer, or none in the form of the API. The codes are those of Greenloop's errors. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: 'server_unreachable' | 'server_garbled'
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined

  constructor(code: ConnectionError['code'], message: string, { status, cause }: ConnectionFacts = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.status = status
  }
}

interface ConnectionFacts {
  readonly status?: number
  readonly cause?: unknown
}

interface AnySent {
  readonly params?: object | undefined
  readonly query?: object | undefined
  readonly body?: unknown
}

/** Makes a client of the API, for browsers and Node alike. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const base = options.baseUrl.replace(/\/+$/, '')
  const ask = options.fetch ?? fetch
  const href = (operation: OperationId, { params, query }: AnySent): string => {
    const [, path] = operations[operation]
    return `${base}${fillPath(path, params)}${queryText(query)}`
  }
  const response = async (operation: OperationId, sent: AnySent, call: CallOptions = {}): Promise<Response> => {
    const [method] = operations[operation]
    const answer = await reach(() =>
      ask(href(operation, sent), {
        method: method.toUpperCase(),
        headers: headersOf(options, sent, call),
        credentials: 'same-origin',
        redirect: 'error',
        signal: call.signal ?? null,
        ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
      }),
    )
    if (!answer.ok) throw await refusal(answer)
    return answer
    async function reach(work: () => Promise<Response>): Promise<Response> {
      try {
        return await work()
      } catch (cause) {
        call.signal?.throwIfAborted()
        throw unreachable(base, cause)
      }
    }
  }
  return {
    href: (operation, sent) => href(operation, sent as AnySent),
    response: (operation, sent, call) => response(operation, sent as AnySent, call),
    call: async <K extends OperationId>(operation: K, sent: Sent<K>, call?: CallOptions): Promise<Answer<K>> => {
      const answer = await response(operation, sent as AnySent, call)
      if (answer.status === 204) return undefined as Answer<K>
      return (await readJson(answer, call?.signal)) as Answer<K>
    },
  }
}

function fillPath(path: string, params: object = {}): string {
  const values = new Map<string, unknown>(Object.entries(params))
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values.get(name))))
}

function queryText(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`
}

function headersOf(options: ApiClientOptions, { body }: AnySent, call: CallOptions): Record<string, string> {
  return {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
    ...(call.ifMatch === undefined ? {} : { 'if-match': call.ifMatch }),
    ...options.headers,
    ...call.headers,
  }
}

function unreachable(base: string, cause: unknown): ConnectionError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const why = inner instanceof Error && inner.message !== '' ? `: ${inner.message}` : ''
  return new ConnectionError('server_unreachable', `${base || 'the server'} does not answer${why}`, { cause })
}

async function readJson(answer: Response, signal: AbortSignal | undefined): Promise<unknown> {
  const type = answer.headers.get('content-type') ?? 'no media type'
  const { status } = answer
  if (!/[/+]json\b/.test(type))
    throw new ConnectionError('server_garbled', `the answer is ${type}, not JSON`, { status })
  const text = await answer.text().catch((cause: unknown) => {
    signal?.throwIfAborted()
    throw new ConnectionError('server_unreachable', 'the answer broke off', { status, cause })
  })
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConnectionError('server_garbled', 'the answer is not the JSON that it says to be', { status, cause })
  }
}

async function refusal(answer: Response): Promise<Error> {
  const { status } = answer
  const told = await readJson(answer, undefined).catch(() => undefined)
  if (isProblem(told)) return new ApiError(told, status)
  const message = `${answer.url || 'the server'} answered ${status} and did not say why`
  return new ConnectionError('server_garbled', message, { status })
}

function isProblem(told: unknown): told is ApiProblem {
  return typeof told === 'object' && told !== null && 'code' in told && 'detail' in told && 'requestId' in told
}
