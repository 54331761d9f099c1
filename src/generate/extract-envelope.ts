import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'

// Only a few answers need YAML; it is loaded when the first one does.
const require = createRequire(import.meta.url)

const maxEnvelope = 400_000
const maxDepth = 6

/** Keys under which models put code, most telling first. */
const codeKeys =
  /^(?:code|test_?code|tests?_?file|tests?|script|source|content|file_?content|new_tests?|answer|output|text|body)$/i

/** A piece of code from a JSON or YAML envelope. */
export interface Enclosed {
  readonly code: string
  readonly file: string | undefined
}

/**
 * Code inside a JSON or YAML envelope such as `{"code": "..."}`, `files: [{path, content}]` or `new_tests: [{test_code}]`.
 * Broken envelopes are read as far as they go: missing braces, stray fences, raw line breaks in strings.
 */
export function enclosedCode(text: string): Enclosed[] {
  const body = text.replaceAll(/^[ \t]*(?:`{3,}|~{3,})[ \t]*(?:json5?|ya?ml|jsonc)?[ \t]*$/gim, '').trim()
  if (body.length > maxEnvelope || !/^[{["]|^[\w"' -]{1,40}:/m.test(body)) return []
  const start = /[{[]/.exec(body)?.index ?? 0
  for (const piece of [body, body.slice(start), body.slice(start, body.lastIndexOf('}') + 1)]) {
    const found = codeIn(valueOf(piece))
    // YAML folds raw line breaks inside of quotation marks, so that reading is offered as well.
    if (found.length > 0) return [...found, ...quotedCode(body)]
  }
  return quotedCode(body)
}

/** Reads JSON or YAML; `undefined` for anything else, since most answers are neither. */
function valueOf(text: string): unknown {
  try {
    if (/^[{["]/.test(text)) return JSON.parse(text)
  } catch {
    // YAML is laxer: trailing commas, comments, plain words.
  }
  const { parseDocument } = require('yaml') as typeof Yaml
  const document = parseDocument(text, { strict: false, uniqueKeys: false, logLevel: 'silent', schema: 'core' })
  // Aliases can multiply a small text into a huge value; code never needs them.
  return document.errors.length > 0 || /[:,[-]\s*\*\w/.test(text) ? undefined : document.toJS()
}

function codeIn(value: unknown, depth = 0): Enclosed[] {
  if (depth === 0 && looksLikeCode(value)) return [{ code: String(value), file: undefined }]
  if (depth > maxDepth || typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.slice(0, 200).flatMap((item) => codeIn(item, depth + 1))
  const entries = Object.entries(value)
  const file = entries.find(
    ([key, name]) => /^(?:path|file|file_?name|name)$/i.test(key) && typeof name === 'string',
  )?.[1]
  const texts = entries.filter(([key, text]) => codeKeys.test(key) && looksLikeCode(text))
  if (texts.length > 0)
    return texts.map(([, text]) => ({ code: String(text), file: typeof file === 'string' ? file : undefined }))
  return entries.flatMap(([key, item]) =>
    looksLikeCode(item) && /\.(?:py|[cm]?[jt]sx?)$/.test(key)
      ? [{ code: String(item), file: key }]
      : codeIn(item, depth + 1),
  )
}

const looksLikeCode = (value: unknown): boolean =>
  typeof value === 'string' && /\b(?:def|class|import|test|it|describe|const|function)\b/.test(value)

/** The last resort for JSON that does not parse: the string after a known key, with its escapes undone. */
function quotedCode(text: string): Enclosed[] {
  const found = /["'](?:code|test_?code|script|content|tests?)["']\s*:\s*(["'`])/i.exec(text)
  if (found === null) return []
  const [all, quote = '"'] = found
  const from = found.index + all.length
  let end = from
  while (end < text.length && text[end] !== quote) end += text[end] === '\\' ? 2 : 1
  return [{ code: unescape(text.slice(from, end)), file: undefined }]
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '', '"': '"', "'": "'", '\\': '\\', '/': '/' }

const unescape = (text: string): string =>
  text.replaceAll(/\\(u[0-9a-f]{4}|.)/gis, (all, escaped: string) =>
    escaped.length === 5 ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16)) : (escapes[escaped] ?? all),
  )
