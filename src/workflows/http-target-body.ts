import type { Readable } from 'node:stream'
import { TextDecoder } from 'node:util'
import { createParser } from 'eventsource-parser'
import { GreenloopError } from '../domain/errors.ts'
import { monotonic } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import type { HttpResponse } from '../lib/http-client.ts'
import { brokenAnswer, garbledAnswer } from './target-errors.ts'
import type { CallSite } from './target-errors.ts'

/** Cap on the decoded bytes of an answer. */
const answerCap = 32 * 1024 * 1024

/** A body that was read to its end, and when its first byte came ({@link monotonic}). */
export interface WholeBody {
  readonly text: string
  readonly firstAt: number | undefined
}

/** What reading needs besides the answer. */
export interface Reading {
  readonly site: CallSite
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * Reads an answer to its end as text, by the charset it names. Throws `target_garbled` above 32 MiB, `target_unknown` or
 * `target_failed` where it breaks off; an abort throws the signal's reason.
 */
export async function readWhole(response: HttpResponse, reading: Reading): Promise<WholeBody> {
  const pieces: Buffer[] = []
  let firstAt: number | undefined
  await readPieces(response.body, reading, (piece) => {
    firstAt ??= monotonic()
    pieces.push(piece)
    return 'more'
  })
  const bytes = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
  const charset = charsetOf(response)
  // Decoders are costly to make; one that sees whole texts only keeps nothing between two of them.
  return { text: (charset === 'utf-8' ? wholeTexts : decoderOf(charset)).decode(bytes), firstAt }
}

/** Reads at most a quotable beginning of an error page; never throws but for an abort. */
export async function readErrorBody(response: HttpResponse, reading: Reading): Promise<string> {
  const decoder = decoderOf(charsetOf(response))
  let text = ''
  try {
    await readPieces(response.body, reading, (piece) => {
      text += decoder.decode(piece, { stream: true })
      return text.length < errorBodyLength ? 'more' : 'enough'
    })
  } catch {
    reading.signal.throwIfAborted()
  }
  return text
}

const errorBodyLength = 16 * 1024

/**
 * Reads a stream of server-sent events and gives each one's name and data to `onEvent`, which says when it has seen the
 * last one. Throws like {@link readWhole}.
 */
export async function readEvents(
  response: HttpResponse,
  reading: Reading,
  onEvent: (data: string, name: string | undefined) => 'more' | 'enough',
): Promise<void> {
  const decoder = decoderOf(charsetOf(response))
  let wanted: 'more' | 'enough' = 'more'
  const parser = createParser({
    onEvent: ({ data, event }) => {
      if (wanted === 'more') wanted = onEvent(data, event)
    },
  })
  await readPieces(response.body, reading, (piece) => {
    parser.feed(decoder.decode(piece, { stream: true }))
    return wanted
  })
  // A server may leave out the blank line behind its last event.
  if (wanted === 'more') parser.feed(`${decoder.decode()}\n\n`)
}

function readPieces(
  body: Readable,
  { site, signal, clock }: Reading,
  onPiece: (piece: Buffer) => 'more' | 'enough',
): Promise<void> {
  let size = 0
  return new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(signal.aborted ? (signal.reason as Error) : error)
      body.destroy()
    }
    const onData = (piece: Buffer): void => {
      size += piece.length
      if (size > answerCap) return fail(tooLarge(site))
      try {
        if (onPiece(piece) === 'more') return
      } catch (error) {
        return fail(error)
      }
      body.off('data', onData)
      finishSoon(body, clock)
      resolve()
    }
    body.on('data', onData)
    body.once('end', resolve)
    body.once('error', (error) => fail(brokenAnswer(error, site)))
    body.once('close', () => fail(brokenAnswer(undefined, site)))
  })
}

/** How long a server may take to close a stream whose last word was read; after that the connection is given up. */
const closingMs = 250

function finishSoon(body: Readable, clock: Clock): void {
  const timer = clock.after(closingMs, () => body.destroy())
  body.once('close', () => timer.cancel())
  body.resume()
}

function tooLarge(site: CallSite): GreenloopError {
  return new GreenloopError('target_garbled', `the answer of ${site.label} is larger than 32 MiB`)
}

const wholeTexts = new TextDecoder()

/** The charset that an answer names; UTF-8 where it names none. */
function charsetOf({ headers }: HttpResponse): string {
  const type = headers['content-type'] ?? ''
  return type.includes('charset') ? (/charset="?([\w.:-]+)/iu.exec(type)?.[1]?.toLowerCase() ?? 'utf-8') : 'utf-8'
}

/** What nobody knows is read as UTF-8. */
function decoderOf(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset)
  } catch {
    return new TextDecoder()
  }
}

/** Parses the JSON of an answer; throws `target_garbled` for what is none or nests deeper than the runtime bears. */
export function parseAnswer(text: string, site: CallSite): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw garbledAnswer('with JSON', text, site)
  }
}
