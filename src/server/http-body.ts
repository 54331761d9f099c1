import { GreenloopError } from '../domain/errors.ts'
import { scanJson } from '../lib/json-guard.ts'
import { Refusal } from './problem.ts'

/** Largest body of a request, in bytes. */
const maxBodyBytes = 10 * 1024 * 1024
/** Bodies that are worked on at the same time have so many bytes at most: each takes several times as much memory. */
const maxHeldBytes = 32 * 1024 * 1024
/** Most values of a body: the server answers nobody else while it looks at them. */
const maxValues = 100_000
/** Deepest nesting of brackets in a body. */
const maxDepth = 1000

/** A body as it came, and what it says. */
export interface Body {
  readonly bytes: Uint8Array
  /** `undefined` where there was none. */
  readonly value: unknown
}

let heldBytes = 0
const held = new WeakMap<Request, number>()

/** Reads the JSON body of a request. Throws what is wrong with it, with the status that says so. */
export async function readBody(request: Request, most = maxBodyBytes): Promise<Body> {
  const bytes = await readBytes(request, most)
  if (bytes.length === 0) return { bytes, value: undefined }
  checkType(request)
  return { bytes, value: parse(decode(bytes)) }
}

/** Says that a request was answered, and its body is not held any more. */
export function letGoBody(request: Request): void {
  heldBytes -= held.get(request) ?? 0
  held.delete(request)
}

function hold(request: Request, bytes: number): void {
  if (heldBytes + bytes > maxHeldBytes) {
    const error = new GreenloopError('rate_limited', 'the server works on too many large bodies', {
      help: 'try again in 1 s',
    })
    throw new Refusal(error, { headers: { 'Retry-After': '1' } })
  }
  heldBytes += bytes
  held.set(request, (held.get(request) ?? 0) + bytes)
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

async function readBytes(request: Request, most: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge(most)
  if (request.body === null) return new Uint8Array()
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of request.body) {
      size += part.length
      if (size > most) throw tooLarge(most)
      hold(request, part.length)
      parts.push(part)
    }
  } catch (cause) {
    throw cause instanceof GreenloopError || cause instanceof Refusal
      ? cause
      : new GreenloopError('body_invalid', 'the body broke off', { cause })
  }
  return Buffer.concat(parts)
}

function tooLarge(most: number): GreenloopError {
  return new GreenloopError('body_too_large', `a body may have ${most} bytes here, and this one has more`)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new GreenloopError('body_invalid', 'the body is no valid UTF-8', { cause })
  }
}

function parse(text: string): unknown {
  const { tooDeepAt, tooManyAt, duplicates } = scanJson(text, maxDepth, maxValues)
  if (tooDeepAt !== undefined) {
    throw new GreenloopError('body_too_large', `the body nests deeper than ${maxDepth} brackets`)
  }
  if (tooManyAt !== undefined) {
    throw new GreenloopError('body_too_large', `the body has more than ${maxValues} values`, {
      help: 'send a large suite as its text, in one string, or keep it as a file of the served folder',
    })
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
