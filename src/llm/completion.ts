import { z } from 'zod'
import type { Prompt } from '../domain/ports.ts'
import { GreenloopError } from '../domain/errors.ts'
import { scanJson } from '../lib/json-guard.ts'
import { excerpt } from './excerpt.ts'

/** What is asked of a model beside the prompt. */
export interface Sampling {
  readonly model: string
  readonly temperature: number
  readonly maxTokens: number
  readonly seed?: number | undefined
  /** Switches the thoughts of reasoning models on or off; sent only when set, since strict servers refuse it. */
  readonly thinking?: boolean | undefined
  readonly stream: boolean
}

/** The body of a chat completion request. `streamUsage` asks for token counts at the end of a stream. */
export function completionBody(prompt: Prompt, sampling: Sampling, streamUsage: boolean): Record<string, unknown> {
  const { model, temperature, maxTokens, seed, thinking, stream } = sampling
  const system = prompt.system === '' ? [] : [{ role: 'system', content: prompt.system }]
  return {
    model,
    messages: [...system, { role: 'user', content: prompt.user }],
    temperature,
    max_tokens: maxTokens,
    stream,
    ...(seed === undefined ? {} : { seed }),
    ...(stream && streamUsage ? { stream_options: { include_usage: true } } : {}),
    // vLLM and llama.cpp read the first spelling, DashScope the second.
    ...(thinking === undefined
      ? {}
      : { chat_template_kwargs: { enable_thinking: thinking }, enable_thinking: thinking }),
  }
}

const parts = z.union([z.string(), z.array(z.looseObject({ text: z.string().nullish() }))]).nullish()
const message = z
  .looseObject({ content: parts, reasoning_content: z.string().nullish(), reasoning: z.string().nullish() })
  .nullish()
const completion = z.looseObject({
  model: z.string().nullish(),
  choices: z
    .array(z.looseObject({ delta: message, message, text: z.string().nullish(), finish_reason: z.string().nullish() }))
    .nullish(),
  usage: z.looseObject({ prompt_tokens: z.number().nullish(), completion_tokens: z.number().nullish() }).nullish(),
  error: z.unknown().optional(),
})

/** One completion or one piece of it, reduced to what we use. */
export interface CompletionPiece {
  readonly text: string
  readonly reasoning: string
  readonly finish: 'stop' | 'length' | 'unknown' | undefined
  readonly model: string | undefined
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

/**
 * Reads one JSON document of an OpenAI-compatible server, whole or a piece of a stream. Throws `llm_garbled` for what
 * is not one, `llm_failed` for an error that the server reports inside it.
 */
export function readCompletion(json: string): CompletionPiece {
  const parsed = completion.safeParse(parseJson(json))
  if (!parsed.success) throw garbled(json)
  const { model, choices, usage, error } = parsed.data
  if (error !== undefined && error !== null) throw reported(error)
  // Pieces that hold nothing but token counts have no choices.
  if (!choices && !usage) throw garbled(json)
  const choice = choices?.[0]
  const said = choice?.delta ?? choice?.message
  return {
    text: joined(said?.content) || (choice?.text ?? ''),
    reasoning: said?.reasoning_content ?? said?.reasoning ?? '',
    finish: finishOf(choice?.finish_reason ?? undefined),
    model: model ?? undefined,
    inputTokens: usage?.prompt_tokens ?? undefined,
    outputTokens: usage?.completion_tokens ?? undefined,
  }
}

/** The error for a body that is no chat completion. */
export function garbled(body: string): GreenloopError {
  const shown = excerpt(body)
  return new GreenloopError(
    'llm_garbled',
    shown === '' ? 'the model server answered with nothing' : `the model server answered with something else: ${shown}`,
    { help: 'check the endpoint: it should end in /v1/chat/completions, or be the base URL before it' },
  )
}

/** Servers name the status in the error when the head of the response has long gone out. */
function reported(error: unknown): GreenloopError {
  const coded = z.looseObject({ code: z.coerce.number().int().min(400).max(599) }).safeParse(error)
  const message = `the model server reports an error: ${excerpt(JSON.stringify(error))}`
  return new GreenloopError('llm_failed', message, coded.success ? { call: { status: coded.data.code } } : {})
}

/** Longer documents are looked at first: deep nesting would hold up the parser for seconds. */
const harmlessLength = 8192
const deepest = 500

function parseJson(json: string): unknown {
  if (json.length > harmlessLength && scanJson(json, deepest).tooDeepAt !== undefined) throw garbled(json)
  try {
    return JSON.parse(json)
  } catch {
    throw garbled(json)
  }
}

function joined(content: z.output<typeof parts>): string {
  if (Array.isArray(content)) return content.map((part) => part.text ?? '').join('')
  return content ?? ''
}

function finishOf(reason: string | undefined): CompletionPiece['finish'] {
  switch (reason) {
    case undefined:
    case '':
    case 'null':
      return undefined
    case 'stop':
    case 'eos':
    case 'eos_token':
    case 'stop_sequence':
      return 'stop'
    case 'length':
    case 'max_tokens':
      return 'length'
    default:
      return 'unknown'
  }
}
