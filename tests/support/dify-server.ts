import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, now } from '../../src/lib/clock.ts'
import { playRun, runEvents, snapshotOf, stopRun } from './dify-runs.ts'
import type { DifyRun } from './dify-runs.ts'
import { tokensOf } from './dify-script.ts'
import type { DifyCall, DifyFault, DifyMode, DifyRefusal, DifyScript, Fields } from './dify-script.ts'
import { writeEvents } from './dify-wire.ts'

/** An app with a key of its own. */
export interface DifyApp {
  readonly mode: DifyMode
  readonly name?: string
  readonly form?: readonly Fields[]
  readonly script: (call: DifyCall) => DifyScript
  /** Calls at a time; more are answered with 429 and without Retry-After. */
  readonly concurrency?: number
  /** Calls in a second; more are answered with 429 and a Retry-After. */
  readonly perSecond?: number
}

/** How the server is made. */
export interface DifyServerOptions {
  /** Apps by key. */
  readonly apps: Readonly<Record<string, DifyApp>>
  readonly port?: number
  readonly pingMs?: number
  /** When runs come into the logs. */
  readonly logs?: 'start' | 'end' | 'off'
  /** Whether running runs can be watched; older servers do not know how. */
  readonly watchable?: boolean
  /** Answers in place of the server, where it gives something. */
  readonly intercept?: (request: DifyRequest) => DifyRefusal | 'hang_up' | undefined
}

/** A request as it arrived. */
export interface DifyRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly key: string
  readonly body: Fields
}

/** A server that runs. */
export interface DifyServer {
  /** Base URL, with `/v1`. */
  readonly url: string
  /** Runs and messages that were begun: what somebody would pay for. */
  executions(): number
  /** Most calls that were worked on at the same time. */
  peak(): number
  readonly runs: readonly DifyRun[]
  readonly requests: readonly DifyRequest[]
  readonly uploads: readonly {
    readonly id: string
    readonly user: string
    readonly name: string
    readonly text: string
  }[]
  /** Waits until no run is going on. */
  idle(): Promise<void>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface State {
  readonly options: DifyServerOptions
  readonly runs: DifyRun[]
  readonly requests: DifyRequest[]
  readonly uploads: { id: string; user: string; name: string; text: string }[]
  readonly calls: Map<string, number>
  readonly starts: Map<string, number[]>
  peak: number
}

/** Starts a server on 127.0.0.1 that speaks the service API. */
export async function startDifyServer(options: DifyServerOptions): Promise<DifyServer> {
  const state: State = { options, runs: [], requests: [], uploads: [], calls: new Map(), starts: new Map(), peak: 0 }
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    for (const run of state.runs) run.abandoned = true
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    executions: () => state.runs.length,
    peak: () => state.peak,
    runs: state.runs,
    requests: state.requests,
    uploads: state.uploads,
    idle: async () => {
      while (state.runs.some((run) => !run.isOver)) await new Promise<void>((resolve) => after(2, resolve))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://server')
  const path = url.pathname.replace(/^\/v1\//u, '')
  const key = (request.headers.authorization ?? '').replace(/^Bearer /u, '')
  const raw = await bytesOf(request)
  const isUpload = path === 'files/upload'
  const body = isUpload || raw.length === 0 ? {} : (JSON.parse(raw.toString('utf8')) as Fields)
  const received = { method: request.method ?? '', path, query: Object.fromEntries(url.searchParams), key, body }
  state.requests.push(received)

  const instead = state.options.intercept?.(received)
  if (instead === 'hang_up') return void response.socket?.destroy()
  if (instead !== undefined) return refuse(response, instead)
  const app = state.options.apps[key]
  if (app === undefined) {
    return refuse(response, { status: 401, code: 'unauthorized', message: `Access token ${key} is invalid` })
  }
  response.setHeader('x-version', '1.16.0')
  if (isUpload) return upload(state, raw, { request, response })
  if (received.method === 'POST') return await post(state, { app, key, received, response })
  return get(state, { app, key, received, response })
}

interface Exchange {
  readonly app: DifyApp
  readonly key: string
  readonly received: DifyRequest
  readonly response: ServerResponse
}

async function post(state: State, { app, key, received, response }: Exchange): Promise<void> {
  const { path, body } = received
  const stop = /^(?:workflows\/tasks|chat-messages|completion-messages)\/([^/]+)\/stop$/u.exec(path)
  if (stop !== null) {
    const run = state.runs.find(({ taskId }) => taskId === stop[1])
    if (run !== undefined && (app.mode === 'workflow' || run.user === body['user'])) stopRun(run)
    return json(response, 200, { result: 'success' })
  }
  const versioned = /^workflows\/(?!run$)([^/]+)\/run$/u.exec(path)
  const isRun = path === 'workflows/run' || versioned !== null
  if (isRun && app.mode !== 'workflow') return refuse(response, { status: 400, code: 'not_workflow_app' })
  if (path === 'chat-messages' && !['chat', 'agent-chat', 'advanced-chat'].includes(app.mode)) {
    return refuse(response, { status: 400, code: 'not_chat_app' })
  }
  if (path === 'completion-messages' && app.mode !== 'completion') {
    return refuse(response, { status: 400, code: 'app_unavailable' })
  }
  if (!isRun && path !== 'chat-messages' && path !== 'completion-messages') {
    return refuse(response, { status: 404, code: 'not_found', message: 'no such path' })
  }
  if (typeof body['user'] !== 'string' || typeof body['inputs'] !== 'object') {
    return refuse(response, { status: 400, code: 'invalid_param', message: 'user and inputs are required' })
  }
  const number = (state.calls.get(key) ?? 0) + 1
  state.calls.set(key, number)
  const version = versioned?.[1] ?? (body['workflow_id'] as string | undefined)
  await run(state, { app, key, received, response }, callOf(body, number, version))
}

function callOf(body: Fields, number: number, version: string | undefined): DifyCall {
  return {
    inputs: body['inputs'] as Fields,
    query: typeof body['query'] === 'string' ? body['query'] : '',
    user: body['user'] as string,
    conversationId: typeof body['conversation_id'] === 'string' ? body['conversation_id'] : '',
    files: Array.isArray(body['files']) ? (body['files'] as Fields[]) : [],
    version,
    number,
  }
}

async function run(state: State, { app, key, response }: Exchange, call: DifyCall): Promise<void> {
  const turnedAway = tooMany(state, app, key)
  if (turnedAway !== undefined) return refuse(response, turnedAway)
  const script = app.script(call)
  if (script.refuse !== undefined) return refuse(response, script.refuse)
  const { fault } = script
  if ((fault?.kind === 'status' || fault?.kind === 'hang_up') && !fault.work) return breakOff(response, fault)
  if (fault?.kind === 'garbage') return void response.writeHead(200, { 'content-type': 'text/html' }).end(fault.text)

  const made = newRun(state, { app, key, call, script })
  state.runs.push(made)
  state.peak = Math.max(state.peak, state.runs.filter((one) => one.key === key && !one.isOver).length)
  const played = playRun(made)
  if (fault?.kind === 'status' || fault?.kind === 'hang_up') return breakOff(response, fault)
  await writeEvents(response, runEvents(made, 0), {
    fault,
    newline: script.newline ?? '\n',
    pingMs: state.options.pingMs ?? 10_000,
  })
  await played
}

function tooMany(state: State, { concurrency, perSecond }: DifyApp, key: string): DifyRefusal | undefined {
  const running = state.runs.filter((one) => one.key === key && !one.isOver).length
  if (concurrency !== undefined && running >= concurrency) {
    return { status: 429, code: 'too_many_requests', message: 'Too many requests. Please try again later.' }
  }
  if (perSecond === undefined) return undefined
  const recent = (state.starts.get(key) ?? []).filter((at) => now() - at < 1000)
  if (recent.length >= perSecond) return { status: 429, headers: { 'retry-after': '1' }, message: 'slow down' }
  state.starts.set(key, [...recent, now()])
  return undefined
}

interface Made {
  readonly app: DifyApp
  readonly key: string
  readonly call: DifyCall
  readonly script: DifyScript
}

function newRun(state: State, { app, key, call, script }: Made): DifyRun {
  const number = state.runs.length + 1
  return {
    id: `run-${number}`,
    taskId: `task-${number}`,
    messageId: `message-${number}`,
    conversationId: call.conversationId === '' ? `conversation-${number}` : call.conversationId,
    key,
    mode: app.mode,
    user: call.user,
    query: call.query,
    call,
    script,
    createdAt: Math.floor(now() / 1000),
    begunAt: now(),
    sent: [],
    status: 'running',
    outputs: undefined,
    isOver: false,
    isStopping: false,
    abandoned: false,
    listeners: new Set(),
  }
}

function get(state: State, { key, app, received, response }: Exchange): void {
  const { path, query } = received
  const own = state.runs.filter((one) => one.key === key)
  const hasRuns = app.mode === 'workflow' || app.mode === 'advanced-chat'
  if (path === 'info') return json(response, 200, { name: app.name ?? 'Test', mode: app.mode, tags: [] })
  if (path === 'parameters') return json(response, 200, { user_input_form: app.form ?? [], file_upload: {} })

  const detail = /^workflows\/run\/(.+)$/u.exec(path)
  const watched = /^workflow\/([^/]+)\/events$/u.exec(path)
  if (!hasRuns && (detail ?? watched) !== null) return refuse(response, { status: 400, code: 'not_workflow_app' })
  if (detail !== null) {
    const one = own.find(({ id }) => id === detail[1])
    return one === undefined ? refuse(response, missing) : json(response, 200, detailOf(one))
  }
  if (watched !== null && state.options.watchable !== false) {
    const one = own.find(({ id, user }) => id === watched[1] && user === query['user'])
    if (one === undefined) return refuse(response, missing)
    void writeEvents(response, snapshotOf(one), { newline: '\n', pingMs: state.options.pingMs ?? 10_000 })
    return undefined
  }
  if (path === 'workflows/logs' && state.options.logs !== 'off') return json(response, 200, logsOf(state, own, query))
  if (path === 'conversations' && app.mode !== 'workflow' && app.mode !== 'completion') {
    const mine = own.filter(({ user }) => user === query['user'])
    const ids = [...new Set(mine.map(({ conversationId }) => conversationId))].toReversed()
    const data = ids.map((id) => ({ id, created_at: mine.find((one) => one.conversationId === id)?.createdAt }))
    return json(response, 200, { data, has_more: false, limit: 20 })
  }
  if (path === 'messages' && app.mode !== 'workflow' && app.mode !== 'completion') {
    const mine = own.filter((one) => one.user === query['user'] && one.conversationId === query['conversation_id'])
    if (mine.length === 0) return refuse(response, missing)
    return json(response, 200, { data: mine.map(messageOf), has_more: false, limit: 100 })
  }
  return refuse(response, missing)
}

const missing: DifyRefusal = { status: 404, code: 'not_found', message: 'not found' }

function detailOf(run: DifyRun): Fields {
  return {
    id: run.id,
    workflow_id: run.call.version ?? 'published',
    status: run.status,
    inputs: JSON.stringify(run.call.inputs),
    outputs: run.outputs,
    error: run.script.error ?? null,
    total_tokens: tokensOf(run.script),
    total_steps: run.script.nodes?.length ?? 0,
    created_at: run.createdAt,
    finished_at: run.isOver ? run.createdAt + 1 : null,
    elapsed_time: run.isOver ? 0.5 : null,
  }
}

function logsOf({ options }: State, own: readonly DifyRun[], query: Readonly<Record<string, string>>): Fields {
  const session = query['created_by_end_user_session_id']
  const afterMs = Date.parse(query['created_at__after'] ?? '1970-01-01')
  const found = own
    .filter((one) => options.logs !== 'end' || one.isOver)
    .filter((one) => (session === undefined || one.user === session) && one.createdAt * 1000 >= afterMs)
    .toReversed()
  const limit = Number(query['limit'] ?? 20)
  const from = (Number(query['page'] ?? 1) - 1) * limit
  const data = found.slice(from, from + limit).map((one) => ({
    id: `log-${one.id}`,
    workflow_run: { id: one.id, status: one.status, total_tokens: tokensOf(one.script) },
    created_by_role: 'end_user',
    created_by_end_user: { id: `end-${one.user}`, type: 'service_api', session_id: one.user },
    created_at: one.createdAt,
  }))
  return { page: Number(query['page'] ?? 1), limit, total: found.length, has_more: from + limit < found.length, data }
}

function messageOf(run: DifyRun): Fields {
  const usage = run.isOver ? run.script.usage : undefined
  const failed = run.isOver && run.script.errorEvent !== undefined
  return {
    id: run.messageId,
    conversation_id: run.conversationId,
    inputs: run.call.inputs,
    query: run.query,
    answer: run.isOver && !failed ? (run.script.text ?? '') : '',
    status: failed ? 'error' : 'normal',
    error: failed ? run.script.errorEvent?.message : null,
    message_tokens: usage?.tokens[0] ?? 0,
    answer_tokens: usage?.tokens[1] ?? 0,
    total_price: usage?.price ?? null,
    currency: usage?.currency ?? 'USD',
    provider_response_latency: run.isOver ? 0.5 : 0,
    created_at: run.createdAt,
  }
}

interface Parties {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

function upload(state: State, raw: Buffer, { request, response }: Parties): void {
  const boundary = /boundary=(.+)$/u.exec(request.headers['content-type'] ?? '')?.[1] ?? ''
  const parts = raw.toString('utf8').split(`--${boundary}`)
  const contentOf = (part: string | undefined): string => (part?.split('\r\n\r\n')[1] ?? '').replace(/\r\n$/u, '')
  const file = parts.find((part) => part.includes('filename="'))
  if (file === undefined) return refuse(response, { status: 400, code: 'no_file_uploaded' })
  const name = /filename="([^"]*)"/u.exec(file)?.[1] ?? ''
  if (name.endsWith('.exe')) return refuse(response, { status: 415, code: 'unsupported_file_type' })
  const user = contentOf(parts.find((part) => part.includes('name="user"')))
  const id = `file-${state.uploads.length + 1}`
  state.uploads.push({ id, user, name, text: contentOf(file) })
  return json(response, 201, { id, name, size: raw.length })
}

function breakOff(response: ServerResponse, fault: DifyFault): void {
  if (fault.kind === 'status') refuse(response, { status: fault.status, body: '<html>gateway</html>' })
  else response.socket?.destroy()
}

function refuse(response: ServerResponse, { status, code, message = '', headers = {}, body }: DifyRefusal): void {
  const text = body ?? JSON.stringify({ ...(code === undefined ? {} : { code }), message, status })
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
}

function json(response: ServerResponse, status: number, value: Fields): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}
