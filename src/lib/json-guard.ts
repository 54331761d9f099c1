/** A key that stands twice in one JSON object. Offsets are code units from the start of the text. */
export interface DuplicateKey {
  readonly key: string
  /** Offset of the opening quote of the second key. */
  readonly at: number
  /** Offset of the opening quote of the first key. */
  readonly first: number
  /** Length of the second key with its quotes. */
  readonly length: number
}

/** What a scan of a JSON text found before anything was parsed. */
export interface JsonScan {
  /** Offset of the bracket that goes deeper than the limit; the scan stops there. */
  readonly tooDeepAt: number | undefined
  /** Offset at which there are more values than the limit; the scan stops there. */
  readonly tooManyAt: number | undefined
  /** At most 100 of them. */
  readonly duplicates: readonly DuplicateKey[]
}

const duplicatesKept = 100
const quote = 0x22
const backslash = 0x5c

/**
 * Reads a JSON text once, in linear time and without recursion, and tells whether brackets nest deeper than `limit`,
 * whether there are more than about `most` values, and which keys stand twice in an object. The text need not be valid: what is found is then only an indication.
 */
export function scanJson(text: string, limit: number, most = Number.POSITIVE_INFINITY): JsonScan {
  const duplicates: DuplicateKey[] = []
  /** One entry for each open bracket: the keys of an object, or `undefined` for an array. */
  const open: (Map<string, number> | undefined)[] = []
  let keyExpected = false
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(text, at)
      const keys = keyExpected ? open.at(-1) : undefined
      if (keys !== undefined) noteKey(keys, { text, at, end }, duplicates)
      keyExpected = false
      at = end - 1
    } else if (code === 0x7b || code === 0x5b) {
      if (open.length === limit) return { tooDeepAt: at, tooManyAt: undefined, duplicates }
      values++
      keyExpected = code === 0x7b
      open.push(keyExpected ? new Map() : undefined)
    } else if (code === 0x7d || code === 0x5d) {
      open.pop()
      keyExpected = false
    } else if (code === 0x2c) {
      keyExpected = open.at(-1) !== undefined
      values++
    }
    if (values > most) return { tooDeepAt: undefined, tooManyAt: at, duplicates }
  }
  return { tooDeepAt: undefined, tooManyAt: undefined, duplicates }
}

/** Offset behind the closing quote of the JSON string that opens at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  let at = start + 1
  for (;;) {
    const close = text.indexOf('"', at)
    if (close === -1) return text.length
    let slashes = 0
    while (text.charCodeAt(close - 1 - slashes) === backslash && close - 1 - slashes > start) slashes++
    if (slashes % 2 === 0) return close + 1
    at = close + 1
  }
}

function noteKey(
  keys: Map<string, number>,
  span: { text: string; at: number; end: number },
  duplicates: DuplicateKey[],
): void {
  const { text, at, end } = span
  const key = unescapeKey(text.slice(at + 1, end - 1))
  const first = keys.get(key)
  if (first === undefined) keys.set(key, at)
  else if (duplicates.length < duplicatesKept) duplicates.push({ key, at, first, length: end - at })
}

/** Escapes of the `\uXXXX` kind are the ones that could spell one key in two ways. */
function unescapeKey(raw: string): string {
  if (!raw.includes('\\u')) return raw
  return raw.replace(/\\u([0-9a-f]{4})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
