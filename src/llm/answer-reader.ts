import { createParser } from 'eventsource-parser'
import { GreenloopError } from '../domain/errors.ts'
import type { Answer } from '../domain/ports.ts'
import { garbled, readCompletion } from './completion.ts'
import type { CompletionPiece } from './completion.ts'

/** What a server has said, without what only the caller knows. */
export type Collected = Pick<Answer, 'text' | 'reasoning' | 'finish'> & {
  readonly model: string | undefined
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

/** Puts an answer together from the text of a body as it comes. */
export interface AnswerReader {
  /** Takes the next stretch of the body; throws `llm_garbled` or `llm_failed` as soon as that is plain. */
  push(text: string): void
  /** How far the server is: `ended` means that nothing more can come, `answered` that at most token counts can. */
  state(): 'open' | 'answered' | 'ended'
  /** What has come so far. */
  text(): string
  /** The whole answer once the body has ended; throws `llm_truncated` with the partial text when it broke off. */
  finish(): Collected
}

/**
 * A reader for both forms of a body: an event stream, or one JSON document from servers that do not stream. The first
 * character tells them apart, since content types cannot be trusted.
 */
export function createAnswerReader(onText: ((piece: string) => void) | undefined): AnswerReader {
  let form: 'unknown' | 'document' | 'stream' = 'unknown'
  let raw = ''
  let done = false
  const collected = collector(onText)
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data.trim() === '[DONE]') done = true
      else if (!done && data !== '') collected.add(readCompletion(data))
    },
  })
  return {
    push: (text) => {
      if (form === 'stream') return parser.feed(text)
      raw += text
      if (form === 'unknown') form = formOf(raw)
      if (form !== 'stream') return
      parser.feed(raw.replace(/^\uFEFF/u, ''))
      raw = ''
    },
    state: () => (done ? 'ended' : collected.finish() === undefined ? 'open' : 'answered'),
    text: collected.text,
    finish: () => {
      if (form !== 'stream') {
        collected.add(readCompletion(raw.replace(/^\uFEFF/u, '')))
        return collected.read()
      }
      if (!done && collected.finish() === undefined) throw brokenOff(collected.text())
      return collected.read()
    },
  }
}

/** The error for an answer that ended before the server said so; carries what came as `call.partial`. */
export function brokenOff(partial: string, cause?: unknown): GreenloopError {
  return new GreenloopError('llm_truncated', `the answer broke off after ${partial.length} characters`, {
    call: { partial },
    ...(cause === undefined ? {} : { cause }),
  })
}

function formOf(raw: string): 'unknown' | 'document' | 'stream' {
  const start = raw.replace(/^\uFEFF/u, '').trimStart()
  if (start === '') return 'unknown'
  if (start.startsWith('{')) return 'document'
  if (/^(?:data|event|id|retry)?:/u.test(start)) return 'stream'
  if (/^[a-z]{1,5}$/u.test(start)) return 'unknown'
  throw garbled(start)
}

function collector(onText: ((piece: string) => void) | undefined) {
  const texts: string[] = []
  const thoughts: string[] = []
  let finish: CompletionPiece['finish']
  let model: string | undefined
  let inputTokens: number | undefined
  let outputTokens: number | undefined
  return {
    add: (piece: CompletionPiece): void => {
      if (piece.text !== '') texts.push(piece.text)
      if (piece.reasoning !== '') thoughts.push(piece.reasoning)
      finish ??= piece.finish
      model ??= piece.model
      inputTokens = piece.inputTokens ?? inputTokens
      outputTokens = piece.outputTokens ?? outputTokens
      if (piece.text !== '') onText?.(piece.text)
    },
    text: (): string => texts.join(''),
    finish: () => finish,
    read: (): Collected => ({
      text: texts.join(''),
      reasoning: thoughts.join(''),
      finish: finish ?? 'unknown',
      model,
      inputTokens,
      outputTokens,
    }),
  }
}
