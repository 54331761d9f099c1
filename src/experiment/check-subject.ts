import type { NodeTrace } from '../domain/test-result.ts'
import type { View } from './check-view.ts'

/** What a check compares, or why there is none. */
export type Subject = { readonly value: unknown } | { readonly missing: string }

const nodePart = /^(?<name>.+?)\.(?:(?<side>outputs|inputs)(?:\.(?<path>.+))?|(?<fact>error|status))$/su

/** Whether an `on` says something that can be looked at. */
export function isKnownSubject(on: string): boolean {
  return /^(?:text|conversation|outputs(?:\..+)?|node:.+)$/su.test(on)
}

/**
 * What `on` names. Of a node that ran several times the last round counts. The status of a node that did not run is
 * `not_run`, so that a branch that must not be taken can be checked; anything else of it is missing.
 */
export function subjectOf(view: View, on: string): Subject {
  if (on === 'text') return { value: view.text }
  if (on === 'conversation') return { value: view.conversation }
  if (on === 'outputs') return { value: view.outputs }
  if (on.startsWith('outputs.')) return member(view.outputs, on.slice('outputs.'.length), 'the outputs')
  return subjectOfNode(view.nodes, on.slice('node:'.length))
}

/** A value as the text that text checks look at: JSON unless it is a text; nothing is the empty text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return value === null ? '' : (JSON.stringify(value) ?? '')
}

function subjectOfNode(nodes: readonly NodeTrace[], wish: string): Subject {
  const whole = lastRound(nodes, wish)
  if (whole !== undefined) return { value: whole.outputs }
  const { name = wish, side, path, fact } = nodePart.exec(wish)?.groups ?? {}
  const node = lastRound(nodes, name)
  if (node === undefined) return fact === 'status' ? { value: 'not_run' } : { missing: `node ${name} did not run` }
  if (fact === 'status') return { value: node.status }
  if (fact === 'error') return { value: node.error ?? '' }
  const value = side === 'inputs' ? node.inputs : node.outputs
  return path === undefined ? { value } : member(value, path, `the ${side ?? 'outputs'} of node ${name}`)
}

/** Ids go before titles. */
function lastRound(nodes: readonly NodeTrace[], name: string): NodeTrace | undefined {
  const byId = nodes.filter(({ id }) => id === name)
  const found = byId.length > 0 ? byId : nodes.filter(({ title }) => title === name)
  return found.reduce<NodeTrace | undefined>(
    (last, node) => (last === undefined || (node.round ?? 0) >= (last.round ?? 0) ? node : last),
    undefined,
  )
}

/** The whole rest goes before the way into objects, for keys may hold dots. */
function member(holder: unknown, path: string, where: string): Subject {
  const direct = own(holder, path)
  if (direct !== undefined) return { value: direct }
  const value = path.split('.').reduce<unknown>((at, step) => own(at, step), holder)
  if (value !== undefined) return { value }
  const keys = typeof holder === 'object' && holder !== null ? Object.keys(holder).slice(0, 10) : []
  return { missing: `${where} have no \`${path}\`${keys.length === 0 ? '' : `; there are: ${keys.join(', ')}`}` }
}

function own(holder: unknown, key: string): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) return undefined
  return (holder as Record<string, unknown>)[key]
}
