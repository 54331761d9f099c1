import type { z } from 'zod'
import type { Place, Problem } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import type { Pointer } from './source-document.ts'
import { knownKeys } from './schema-walk.ts'
import { issueMessage, pathText } from './wording.ts'

/** What a check needs to know of the document that a value was read from. */
export interface Origin {
  /** Place of the value under a pointer into the checked value, or of its key; `undefined` for what no file holds. */
  locate(pointer: Pointer, part: 'key' | 'value'): Place | undefined
  /** How that pointer is spelled in the document, where aliases were mapped. */
  spell?(pointer: Pointer): Pointer
  /** Other spellings of keys that are accepted, for guesses at what was meant. */
  readonly aliases?: readonly string[]
}

/** A checked value, or every problem it has. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Checks a value against a schema; problems point into the document that `origin` stands for. */
export function validate<S extends z.ZodType>(schema: S, value: unknown, origin: Origin): Checked<z.output<S>> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const context: Context = { schema, value, origin, guessed: new Set() }
  // Unknown keys first: a key that is missing because it was misspelt is one mistake, not two.
  const issues = result.error.issues.toSorted((a, b) => rank(a) - rank(b))
  return { ok: false, problems: issues.flatMap((issue) => toProblems(issue, context)) }
}

function rank(issue: z.core.$ZodIssue): number {
  return issue.code === 'unrecognized_keys' ? 0 : 1
}

interface Context {
  /** Paths of keys that an unknown key was probably meant to be. */
  readonly guessed: Set<string>
  readonly schema: z.ZodType
  readonly value: unknown
  readonly origin: Origin
}

function toProblems(issue: z.core.$ZodIssue, context: Context): Problem[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], context))
  if (issue.code === 'invalid_union') {
    const inner = likeliest(issue)
    if (inner !== undefined) {
      return inner.flatMap((deeper) => toProblems({ ...deeper, path: [...issue.path, ...deeper.path] }, context))
    }
  }
  const found = valueAt(context.value, path)
  if (found === undefined && context.guessed.has(pathText(path))) return []
  const spelled = context.origin.spell?.(path) ?? path
  // What is missing has no place of its own: the object that lacks it is shown.
  const holder = found === undefined ? path.slice(0, -1) : path
  const part = issue.code === 'invalid_key' ? 'key' : 'value'
  return [{ message: issueMessage(issue, spelled, found), ...placed(context.origin.locate(holder, part)) }]
}

function unknownKey(path: (string | number)[], { schema, value, origin, guessed }: Context): Problem {
  const key = String(path.at(-1))
  const known = knownKeys(schema, path.slice(0, -1), value)
  const near = nearest(key, known) ?? nearest(key, origin.aliases ?? [])
  if (near !== undefined) guessed.add(pathText([...path.slice(0, -1), near]))
  const where = pathText((origin.spell?.(path) ?? path).slice(0, -1))
  const message = `unknown key \`${key}\`${where === '' ? '' : ` in \`${where}\``}`
  const help = near === undefined ? `known: ${listed(known)}` : `did you mean \`${near}\`?`
  return { message, ...placed(origin.locate(path, 'key')), help }
}

function placed(place: Place | undefined): { place?: Place } {
  return place === undefined ? {} : { place }
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `\`${name}\``)
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ')
}

/** The one member of a union that has the right kind of value and fails further inside, if there is just one. */
function likeliest(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const otherKind = ({ code, path }: z.core.$ZodIssue) =>
    path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')
  const inside = issue.errors.filter((issues) => !issues.some(otherKind))
  return inside.length === 1 ? inside[0] : undefined
}

/** The value under a pointer; only own properties count. */
export function valueAt(root: unknown, path: Pointer): unknown {
  let value = root
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string | number, unknown>)[step]
  }
  return value
}
