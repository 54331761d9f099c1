import { GreenloopError } from '../domain/errors.ts'
import { scanJson } from '../lib/json-guard.ts'
import { Refusal } from './problem.ts'

/** Largest body of a request, in bytes. */
const maxBodyBytes = 10 * 1024 * 1024
/** Deepest nesting of brackets in a body. */
const maxDepth = 1000

/** A body as it came, and what it says. */
export interface Body {
  readonly bytes: Uint8Array
  /** `undefined` where there was none. */
  readonly value: unknown
}

/** Reads the JSON body of a request. Throws what is wrong with it, with the status that says so. */
export async function readBody(request: Request): Promise<Body> {
  const bytes = await readBytes(request)
  if (bytes.length === 0) return { bytes, value: undefined }
  checkType(request)
  return { bytes, value: parse(decode(bytes)) }
}

function checkType(request: Request): void {
  const type = request.headers.get('content-type') ?? ''
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (/^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/iu.test(type) && encoding === 'identity') return
  const message =
    encoding === 'identity' ? `bodies are application/json, not \`${type.slice(0, 100)}\`` : 'bodies are not compressed'
  throw new Refusal(new GreenloopError('body_invalid', message), {
    status: 415,
    headers: { Accept: 'application/json' },
  })
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) throw tooLarge()
  if (request.body === null) return new Uint8Array()
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of request.body) {
      size += part.length
      if (size > maxBodyBytes) throw tooLarge()
      parts.push(part)
    }
  } catch (cause) {
    throw cause instanceof GreenloopError ? cause : new GreenloopError('body_invalid', 'the body broke off', { cause })
  }
  return Buffer.concat(parts)
}

function tooLarge(): GreenloopError {
  return new GreenloopError('body_too_large', `a body may have ${maxBodyBytes} bytes, and this one has more`)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new GreenloopError('body_invalid', 'the body is no valid UTF-8', { cause })
  }
}

function parse(text: string): unknown {
  const { tooDeepAt, duplicates } = scanJson(text, maxDepth)
  if (tooDeepAt !== undefined) {
    throw new GreenloopError('body_too_large', `the body nests deeper than ${maxDepth} brackets`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new GreenloopError('body_invalid', `the body is no JSON: ${(cause as Error).message}`, { cause })
  }
  const [twice] = duplicates
  if (twice !== undefined) {
    throw new GreenloopError('body_invalid', `the key \`${twice.key.slice(0, 100)}\` stands twice in one object`)
  }
  checkTexts(value)
  return value
}

/** What no store and no file could give back as it was is refused at the door. A loop: nesting cannot exhaust the stack. */
function checkTexts(value: unknown): void {
  const open: unknown[] = [value]
  while (open.length > 0) {
    const next = open.pop()
    if (typeof next === 'string') checkText(next)
    if (typeof next !== 'object' || next === null) continue
    if (Object.hasOwn(next, '__proto__')) throw new GreenloopError('body_invalid', 'the key `__proto__` is not taken')
    if (!Array.isArray(next)) Object.keys(next).forEach(checkText)
    for (const inner of Object.values(next)) open.push(inner)
  }
}

/** Refuses NUL characters and halves of surrogate pairs. */
export function checkText(text: string): void {
  if (text.includes('\0')) throw new GreenloopError('body_invalid', 'a text holds a NUL character')
  if (!text.isWellFormed()) throw new GreenloopError('body_invalid', 'a text holds half of a surrogate pair')
}
