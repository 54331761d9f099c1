import type { Target, TargetCall, TargetOptions, TargetReply, TargetSetup } from '../domain/target.ts'
import type { HttpConfig } from '../domain/workflow.ts'
import { monotonic } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import type { HttpClient, HttpRequest, HttpResponse } from '../lib/http-client.ts'
import { collectAnswer } from './http-target-answer.ts'
import type { AnswerCollector } from './http-target-answer.ts'
import { parseAnswer, readErrorBody, readEvents, readWhole } from './http-target-body.ts'
import type { Reading } from './http-target-body.ts'
import { compilePaths } from './http-target-paths.ts'
import type { AnswerPaths } from './http-target-paths.ts'
import { requestMaker } from './http-target-request.ts'
import { garbledAnswer, lostCall, quote, redactorOf, sendFailure, statusFailure, wrongTarget } from './target-errors.ts'
import type { CallSite } from './target-errors.ts'

/** What targets on a network need from outside. */
export interface HttpParts {
  readonly http: HttpClient
  readonly clock: Clock
}

/**
 * A workflow behind a plain HTTP address: templates make the request, JSONPaths read the answer (JSON, server-sent events
 * or text). A status of success is a success, whatever its headers say. Throws as {@link Target} says; calls that are
 * `idempotent`, or GET, may be sent again after an ambiguous failure, others may not.
 */
export function httpTarget(setup: TargetSetup, { http, clock }: HttpParts): Target {
  const { workflow, prices } = setup
  if (workflow.target !== 'http') throw wrongTarget('http', workflow.target)
  const { http: config } = workflow
  const paths = compilePaths(config, workflow.id)
  const make = requestMaker(setup, config)
  const repeatable = config.idempotent || config.method === 'GET'
  const redact = redactorOf(setup.apiKey, setup.server?.headers, config.headers)
  const call = async (asked: TargetCall, { signal, onIds }: TargetOptions): Promise<TargetReply> => {
    signal.throwIfAborted()
    const request = make(asked)
    const site: CallSite = { label: labelOf(request), repeatable, redact }
    const reading: Reading = { site, signal, clock }
    const response = await send(request, { http, reading })
    const kind = kindOf(response, config)
    const collector = collectAnswer({ paths, prices, model: asked.model, kind: kind === 'sse' ? 'stream' : 'single' })
    const timing = await receivers[kind](response, { reading, collector, paths })
    const reply = collector.reply()
    onIds?.(reply.ids)
    return { ...reply, timing, nodes: [], nodeRetries: 0, recovered: false }
  }
  return {
    name: `http ${workflow.id}`,
    call,
    recover: async () => {
      // What may be done twice leaves no question open: it is simply sent again.
      if (repeatable) return undefined
      throw lostCall(`${config.method} ${workflow.id}`)
    },
    isRepeatable: repeatable,
    close: async () => {},
  }
}

/** Method and address without what may be secret: user, password, query. */
function labelOf({ method, url }: HttpRequest): string {
  return `${method} ${url.origin}${url.pathname}`
}

interface Sending {
  readonly http: HttpClient
  readonly reading: Reading
}

/** Sends a request; throws for everything that is not a status of success. */
async function send(request: HttpRequest, { http, reading }: Sending): Promise<HttpResponse> {
  const { site, signal, clock } = reading
  const response = await http.send(request, signal).catch((error: unknown) => {
    throw sendFailure(error, site)
  })
  const { status, headers } = response
  if (status >= 200 && status < 300) return response
  const body = await readErrorBody(response, reading)
  throw statusFailure({ status, headers, body, nowMs: clock.now() }, site)
}

type AnswerKind = 'json' | 'sse' | 'text' | 'unsaid'

function kindOf({ headers }: HttpResponse, { answer }: HttpConfig): AnswerKind {
  if (answer !== undefined) return answer
  const type = (headers['content-type'] ?? '').toLowerCase()
  if (type.startsWith('text/event-stream')) return 'sse'
  return /^[\w.+-]+\/(?:[\w.+-]+\+)?json\b/u.test(type) ? 'json' : 'unsaid'
}

interface Receiving {
  readonly reading: Reading
  readonly collector: AnswerCollector
  readonly paths: AnswerPaths
}

type Receive = (response: HttpResponse, receiving: Receiving) => Promise<TargetReply['timing']>

const receivers: Readonly<Record<AnswerKind, Receive>> = {
  json: async (response, { reading, collector }) => {
    const { text, firstAt } = await readWhole(response, reading)
    collector.take(parseAnswer(text, reading.site))
    return timingOf(response, firstAt)
  },
  text: async (response, { reading, collector }) => {
    const { text, firstAt } = await readWhole(response, reading)
    collector.take(text)
    return timingOf(response, firstAt)
  },
  unsaid: async (response, { reading, collector, paths }) => {
    const { text, firstAt } = await readWhole(response, reading)
    const isJson = paths.text !== undefined || paths.outputs !== undefined || /^\s*[[{]/u.test(text)
    collector.take(isJson ? parseAnswer(text, reading.site) : text)
    return timingOf(response, firstAt)
  },
  sse: async (response, { reading, collector, paths }) => {
    let firstAt: number | undefined
    let count = 0
    await readEvents(response, reading, (data, name) => {
      if (data.trim() === '[DONE]') return 'enough'
      if (data.trim() === '') return 'more'
      if (name === 'error' && paths.error === undefined) collector.fail(quote(data, reading.site))
      const adds = collector.take(eventValue(data))
      if (adds || paths.delta === undefined) firstAt ??= monotonic()
      count++
      return 'more'
    })
    if (count === 0) throw garbledAnswer('with events', '', reading.site)
    return timingOf(response, firstAt)
  },
}

/** Data of an event: JSON, or text where it is none. */
function eventValue(data: string): unknown {
  try {
    return JSON.parse(data) as unknown
  } catch {
    return data
  }
}

function timingOf({ connectMs, sentAt }: HttpResponse, firstAt: number | undefined): TargetReply['timing'] {
  return {
    connectMs,
    ...(firstAt === undefined ? {} : { ttftMs: firstAt - sentAt }),
    totalMs: monotonic() - sentAt,
  }
}
