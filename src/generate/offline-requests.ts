import { requestSchema, type Case, type CaseRequest } from '../domain/suite.ts'
import { isRecord } from './schema-shape.ts'

/** A request with every placeholder that the inputs know filled in; those of saved values stay as `{name}`. */
export interface FilledRequest {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>
  /** `undefined` sends no body; a string is sent as it is. */
  readonly body: unknown
}

/**
 * Something a case does before its own action: a step whose `data` holds `request` (with optional `status`, `save`
 * and `repeat`) or `call` (with optional `args` and `inputs`).
 */
export type Preparation =
  | {
      readonly kind: 'request'
      readonly action: string
      readonly request: FilledRequest
      readonly status: readonly number[]
      /** Variable to dotted path in the JSON body of the answer. */
      readonly save: Readonly<Record<string, string>>
      readonly repeat: number
    }
  | {
      readonly kind: 'call'
      readonly action: string
      readonly call: string
      readonly args: readonly unknown[]
      readonly inputs: Readonly<Record<string, unknown>>
    }

type Values = Readonly<Record<string, unknown>>

const placeholder = /\{([\p{L}_][\p{L}\p{N}_-]*)\}/gu

/** Names of the placeholders in the strings of a value, at any depth. */
export function placeholdersIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(placeholder)].map((match) => match[1] ?? '')
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(placeholdersIn)
}

/** Fills a request from inputs. Inputs that no placeholder uses become the body, or the query where there is none. */
export function fillRequest(request: CaseRequest, inputs: Values): FilledRequest {
  const used = new Set(placeholdersIn([request.path, request.query, request.headers, request.body]))
  const free = Object.entries(inputs).filter(([name]) => !used.has(name))
  const sendsBody = ['POST', 'PUT', 'PATCH'].includes(request.method)
  const spare = Object.fromEntries(free)
  const body = request.body === undefined && sendsBody && free.length > 0 ? spare : fill(request.body, inputs)
  return {
    method: request.method,
    path: fillPath(request.path, inputs),
    query: { ...asRecord(fill(request.query, inputs)), ...(sendsBody ? {} : spare) },
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([key, value]) => [key, String(fill(value, inputs))]),
    ),
    body,
  }
}

function asRecord(value: unknown): Values {
  return isRecord(value) ? value : {}
}

function fillPath(path: string, inputs: Values): string {
  return path.replaceAll(placeholder, (whole, name: string) =>
    Object.hasOwn(inputs, name) ? encodeURIComponent(textOf(inputs[name]).toWellFormed()) : whole,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null)
}

function fill(value: unknown, inputs: Values): unknown {
  if (typeof value === 'string') return fillText(value, inputs)
  if (Array.isArray(value)) return value.map((item) => fill(item, inputs))
  if (!isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, inputs)]))
}

function fillText(text: string, inputs: Values): unknown {
  const whole = /^\{([^{}]+)\}$/u.exec(text)?.[1]
  // A placeholder that is the whole text keeps the type of the value: a number stays a number.
  if (whole !== undefined && Object.hasOwn(inputs, whole)) return inputs[whole]
  return text.replaceAll(placeholder, (match, name: string) =>
    Object.hasOwn(inputs, name) ? textOf(inputs[name]) : match,
  )
}

/** Inputs of a case's own request: without those that only a step names. */
export function ownInputs(item: Case, inputs: Values): Values {
  const named = new Set(placeholdersIn(item.steps.map(({ data }) => data)))
  const own = new Set(placeholdersIn(item.request))
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => own.has(name) || !named.has(name)))
}

/** Inputs belong to the case's own request; one that prepares it takes only those it names. */
function usedInputs(request: CaseRequest, inputs: Values): Values {
  const used = new Set(placeholdersIn([request.path, request.query, request.headers, request.body]))
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => used.has(name)))
}

/** Preparations that the steps of a case describe, in order; steps in words only give none. */
export function preparationsOf(item: Case): Preparation[] {
  return item.steps.flatMap(({ action, data }): Preparation[] => {
    if (!isRecord(data)) return []
    const request = requestSchema.safeParse(data['request'])
    if (request.success) {
      const repeat = data['repeat']
      return [
        {
          kind: 'request',
          action,
          request: fillRequest(request.data, usedInputs(request.data, item.inputs)),
          status: statusesOf(data['status']),
          save: Object.fromEntries(
            Object.entries(asRecord(data['save'])).map(([name, path]) => [name, String(path)] as const),
          ),
          repeat: typeof repeat === 'number' && Number.isInteger(repeat) ? Math.min(Math.max(repeat, 1), 100) : 1,
        },
      ]
    }
    if (typeof data['call'] !== 'string') return []
    const args = data['args']
    return [
      {
        kind: 'call',
        action,
        call: data['call'],
        args: Array.isArray(args) ? args : [],
        inputs: asRecord(data['inputs']),
      },
    ]
  })
}

/** Allowed statuses as a list; empty where none is stated. */
export function statusesOf(status: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(status) ? status : [status]
  return list.filter((item): item is number => typeof item === 'number')
}
