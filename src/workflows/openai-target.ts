import { GreenloopError } from '../domain/errors.ts'
import type { Target, TargetCall, TargetOptions, TargetReply, TargetSetup } from '../domain/target.ts'
import { monotonic } from '../lib/clock.ts'
import type { HttpResponse } from '../lib/http-client.ts'
import type { HttpParts } from './http-target.ts'
import { parseAnswer, readErrorBody, readEvents, readWhole } from './http-target-body.ts'
import type { Reading } from './http-target-body.ts'
import { endOf, readCompletion } from './openai-target-answer.ts'
import type { Completion } from './openai-target-answer.ts'
import { isFiltered, providerFailure, reportedError } from './openai-target-errors.ts'
import type { ReportedError } from './openai-target-errors.ts'
import { completionBodyMaker } from './openai-target-request.ts'
import { brokenAnswer, redactorOf, sendFailure, wrongTarget } from './target-errors.ts'
import type { CallSite } from './target-errors.ts'
import { priceOf } from './target-prices.ts'

/**
 * A prompt for a model behind an OpenAI-compatible server, streamed with token counts. Nothing but text comes of a call,
 * so that one which breaks off is `target_failed` and may be sent again, though the tokens of both are paid for. Answers
 * that a content filter stops are `app_failed`, those cut off at the limit of tokens `partial`. Tools are left out.
 */
export function openaiTarget(setup: TargetSetup, { http, clock }: HttpParts): Target {
  const { workflow, prices } = setup
  if (workflow.target !== 'openai') throw wrongTarget('openai', workflow.target)
  const url = completionUrl(setup)
  const headers = headersOf(setup)
  const bodyOf = completionBodyMaker(workflow, setup)
  const site: CallSite = {
    label: `POST ${url.origin}${url.pathname}`,
    repeatable: true,
    redact: redactorOf(setup.apiKey, setup.server?.headers),
  }
  let streamsUsage = true
  const post = async (body: Readonly<Record<string, unknown>>, reading: Reading): Promise<Sent> => {
    const streams = body['stream'] !== false
    const extra = streams ? { stream: true, ...(streamsUsage ? { stream_options: { include_usage: true } } : {}) } : {}
    const request = { url, method: 'POST', headers, body: JSON.stringify({ ...body, ...extra }) }
    const response = await http.send(request, reading.signal).catch((error: unknown) => {
      throw sendFailure(error, site)
    })
    if (response.status >= 200 && response.status < 300) return { response }
    const text = await readErrorBody(response, reading)
    if (streamsUsage && refusesStreamUsage(response.status, text)) {
      streamsUsage = false
      return await post(body, reading)
    }
    const reported = reportedError(lenient(text), site)
    const answer = { status: response.status, headers: response.headers, body: text, nowMs: clock.now() }
    if (reported !== undefined && isFiltered(reported)) return { filtered: reported }
    throw providerFailure({ reported, answer, url, site })
  }
  const call = async (asked: TargetCall, { signal, onIds }: TargetOptions): Promise<TargetReply> => {
    signal.throwIfAborted()
    const reading: Reading = { site, signal, clock }
    const startedAt = monotonic()
    const sent = await post(await bodyOf(asked), reading)
    if (sent.response === undefined) return filteredReply(sent.filtered, monotonic() - startedAt)
    const { completion, firstAt, error } = await receive(sent.response, { reading, onIds })
    const totalMs = monotonic() - sent.response.sentAt
    if (error !== undefined && !isFiltered(error)) throw providerFailure({ reported: error, url, site })
    const ttft = firstAt === undefined ? {} : { ttftMs: firstAt - sent.response.sentAt }
    const model = asked.model ?? workflow.model
    return {
      ...replyOf(completion, error),
      cost: priceOf(completion.usage, [completion.model, model], prices),
      timing: { connectMs: sent.response.connectMs, ...ttft, totalMs },
      model: completion.model ?? model,
    }
  }
  return { name: `openai ${workflow.id}`, call, recover: async () => undefined, close: async () => {} }
}

type Sent = { readonly response: HttpResponse } | { readonly response?: undefined; readonly filtered: ReportedError }

function completionUrl({ server, workflow: { id } }: TargetSetup): URL {
  const base = URL.parse(server?.baseUrl.trim() ?? '')
  if (base === null || !['http:', 'https:'].includes(base.protocol)) {
    throw new GreenloopError('plan_invalid', `workflow \`${id}\` has no server with an http or https \`base_url\``, {
      help: 'for example `base_url: https://api.openai.com/v1` under `servers` of env.yaml',
    })
  }
  const path = base.pathname.replace(/\/+$/u, '')
  if (!path.endsWith('/chat/completions')) base.pathname = `${path === '' ? '/v1' : path}/chat/completions`
  return base
}

function headersOf({ server, apiKey }: TargetSetup): Record<string, string> {
  const own: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
  }
  if (apiKey !== undefined && apiKey.trim() !== '') own['authorization'] = `Bearer ${apiKey.trim()}`
  for (const [name, value] of Object.entries(server?.headers ?? {})) own[name.toLowerCase()] = value.trim()
  return own
}

/** Older servers answer 400 or 422 to `stream_options`; they are asked again without it, and from then on. */
function refusesStreamUsage(status: number, body: string): boolean {
  return [400, 422].includes(status) && /stream_options|include_usage/u.test(body)
}

function lenient(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

interface Received {
  readonly completion: Completion
  readonly firstAt: number | undefined
  readonly error?: ReportedError | undefined
}

interface Receiving {
  readonly reading: Reading
  readonly onIds: TargetOptions['onIds']
}

async function receive(response: HttpResponse, { reading, onIds }: Receiving): Promise<Received> {
  const { site } = reading
  const reader = readCompletion(site)
  const isStream = (response.headers['content-type'] ?? '').toLowerCase().startsWith('text/event-stream')
  if (!isStream) {
    const { text, firstAt } = await readWhole(response, reading)
    const { error } = reader.take(parseAnswer(text, site))
    return { completion: reader.completion(), firstAt, error }
  }
  let firstAt: number | undefined
  let error: ReportedError | undefined
  let isDone = false
  await readEvents(response, reading, (data) => {
    if (data.trim() === '[DONE]') isDone = true
    if (data.trim() === '' || isDone) return isDone ? 'enough' : 'more'
    const isFirst = reader.completion().id === undefined
    const taken = reader.take(parseAnswer(data, site))
    if (taken.adds) firstAt ??= monotonic()
    const { id } = reader.completion()
    if (isFirst && id !== undefined) onIds?.({ runId: id })
    error = taken.error
    return error === undefined ? 'more' : 'enough'
  })
  const completion = reader.completion()
  if (error === undefined && !isDone && completion.finish === undefined) throw brokenAnswer(undefined, site)
  return { completion, firstAt, error }
}

type ReplyCore = Omit<TargetReply, 'timing'>

function replyOf(completion: Completion, filtered: ReportedError | undefined): ReplyCore {
  const { id, text, reasoning, finish, usage } = completion
  const end = filtered === undefined ? endOf(completion) : { status: 'app_failed' as const, error: filtered }
  return {
    ...end,
    text,
    outputs: {
      text,
      ...(reasoning === '' ? {} : { reasoning }),
      ...(finish === undefined ? {} : { finish_reason: finish }),
    },
    usage,
    nodes: [],
    ids: id === undefined ? {} : { runId: id },
    nodeRetries: 0,
    recovered: false,
  }
}

function filteredReply({ message, code }: ReportedError, totalMs: number): TargetReply {
  return {
    status: 'app_failed',
    text: '',
    outputs: null,
    timing: { totalMs },
    nodes: [],
    ids: {},
    error: { message, code },
    nodeRetries: 0,
    recovered: false,
  }
}
