/** How long to wait between two attempts. */
export interface Backoff {
  /** Bound of the first wait. */
  readonly backoffSeconds: number
  readonly backoffMultiplier: number
  /** No wait is longer. */
  readonly maxBackoffSeconds: number
  /** `full`: a random wait from 0 up to the bound; `none`: the bound itself. */
  readonly jitter: 'full' | 'none'
}

/**
 * Whole milliseconds to wait after attempt number `attempt` (from 1): random(0, min(max, first × multiplier^(n-1))), "full
 * jitter" after M. Brooker, "Exponential Backoff And Jitter" (2015). `random` gives numbers from 0 up to, not including, 1.
 */
export function backoffMs(attempt: number, backoff: Backoff, random: () => number): number {
  const { backoffSeconds, backoffMultiplier, maxBackoffSeconds, jitter } = backoff
  // Zero times an overflowing power would be no number.
  const growing = backoffSeconds === 0 ? 0 : backoffSeconds * backoffMultiplier ** (attempt - 1)
  const boundMs = Math.min(maxBackoffSeconds, growing) * 1000
  return Math.round(jitter === 'none' ? boundMs : random() * boundMs)
}

/** Share of a prescribed wait that is put on top at most, so that callers who were turned away together do not come back together. */
const askedJitter = 0.2

/** Whole milliseconds to wait where the other side has asked for `askedMs`: never less, and up to a fifth more. */
export function askedWaitMs(askedMs: number, random: () => number): number {
  return Math.ceil(askedMs * (1 + askedJitter * random()))
}

/** Headers of an HTTP answer: those of fetch, or an object with names in any case. */
export type HeaderSource = HeaderReader | Readonly<Record<string, unknown>>

interface HeaderReader {
  get(name: string): string | null
}

/** Milliseconds that a server asks to wait, at least 0, from `retry-after-ms` or `Retry-After` (seconds or an HTTP date). */
export function readRetryAfter(headers: HeaderSource, nowMs: number): number | undefined {
  const read = reader(headers)
  const ms = readNumber(read('retry-after-ms'))
  if (ms !== undefined) return ms
  const after = read('retry-after')
  return after === undefined ? undefined : (readSeconds(after) ?? readDate(after, nowMs))
}

/**
 * Milliseconds until a rate limit that is used up is there again, from the `x-ratelimit-reset` family (`1s`, `6m0s`,
 * `120ms`, seconds, a date, or a moment as epoch seconds or milliseconds). A limit of which something remains is left out.
 */
export function readRateReset(headers: HeaderSource, nowMs: number): number | undefined {
  const read = reader(headers)
  const resets = ['', '-requests', '-tokens'].flatMap((kind) => {
    const isUsedUp = (readNumber(read(`x-ratelimit-remaining${kind}`)) ?? 0) === 0
    const reset = isUsedUp ? readReset(read(`x-ratelimit-reset${kind}`), nowMs) : undefined
    return reset === undefined ? [] : [reset]
  })
  return resets.length === 0 ? undefined : Math.max(...resets)
}

function reader(headers: HeaderSource): (name: string) => string | undefined {
  if (isHeaders(headers)) return (name) => headers.get(name)?.trim() || undefined
  const entries = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => {
    const value = entries.get(name)
    const first: unknown = Array.isArray(value) ? value[0] : value
    return typeof first === 'string' || typeof first === 'number' ? String(first).trim() || undefined : undefined
  }
}

function isHeaders(headers: HeaderSource): headers is HeaderReader {
  return typeof headers['get' as never] === 'function'
}

function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined
}

function readSeconds(text: string): number | undefined {
  const seconds = readNumber(text)
  return seconds === undefined ? undefined : Math.ceil(seconds * 1000)
}

function readDate(text: string, nowMs: number): number | undefined {
  const at = Date.parse(text)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

/** Numbers from here on are moments, not waits: 2001 in seconds, and the same in milliseconds. */
const firstEpochSeconds = 1e9
const firstEpochMs = 1e12

function readReset(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const number = readNumber(text)
  if (number === undefined) return readDuration(text) ?? readDate(text, nowMs)
  if (number >= firstEpochMs) return Math.max(0, number - nowMs)
  if (number >= firstEpochSeconds) return Math.max(0, number * 1000 - nowMs)
  return Math.ceil(number * 1000)
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

function readDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)
  return Math.ceil(parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (unitMs[unit] ?? 0), 0))
}
