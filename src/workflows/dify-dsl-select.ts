import type { Selector } from '../domain/patch.ts'
import { nearest } from '../lib/nearest.ts'
import { holdersOf, modelPathOf, placeByPath, placesOf } from './dify-dsl-places.ts'
import type { DslHolder, DslPlace } from './dify-dsl-places.ts'
import type { DslDocument } from './dify-dsl-document.ts'

/** What a selector hits, and what it could have hit. */
export interface Selection {
  readonly hits: readonly DslPlace[]
  /** Places near to what was meant, for messages. */
  readonly candidates: readonly DslPlace[]
  /** What was probably meant, where a name is near: ``the title `Answer` ``. */
  readonly meant?: string | undefined
}

/** Finds the places that a selector means. */
export function select(dsl: DslDocument, selector: Selector): Selection {
  const places = placesOf(dsl)
  const holders = holdersOf(dsl.value).filter((holder) => holds(holder, selector))
  const near = places.filter((place) => holds(place, selector))
  const candidates = near.length > 0 ? near : places
  const hits = byMessage(fieldPlaces(near, { holders, selector }), selector).filter(
    ({ text }) => selector.where === undefined || text.includes(selector.where),
  )
  if (hits.length > 0) return { hits, candidates }
  return { hits, candidates, meant: meantBy(dsl, selector, near) }
}

/** The place of a parameter that a model has not yet: what `set` adds. `undefined` where the selector means no such thing. */
export function missingParameters(dsl: DslDocument, selector: Selector): readonly DslPlace[] {
  const { field = '', where, message } = selector
  const key = /^(?:model\.)?completion_params\.(.+)$/u.exec(field)?.[1]
  if (key === undefined || where !== undefined || message !== undefined) return []
  return holdersOf(dsl.value).flatMap((holder) => {
    const model = modelPathOf(holder)
    if (model === undefined || !holds(holder, selector)) return []
    const { nodeId, title, nodeType, path } = holder
    const whole = [...path, ...model, 'completion_params', key]
    const place = { nodeId, title, nodeType, field, isPrompt: false, path: whole, value: null, text: '', jinja: false }
    return [place]
  })
}

function holds(holder: Pick<DslHolder, 'nodeId' | 'title' | 'nodeType'>, selector: Selector): boolean {
  const { node, title, type, app } = selector
  const isApp = holder.nodeId === undefined && holder.nodeType === undefined
  if (app === true && !isApp) return false
  if (node !== undefined && holder.nodeId !== node) return false
  if (title !== undefined && holder.title !== title) return false
  return type === undefined || holder.nodeType === type
}

interface Near {
  readonly holders: readonly DslHolder[]
  readonly selector: Selector
}

function fieldPlaces(near: readonly DslPlace[], { holders, selector }: Near): readonly DslPlace[] {
  const field = (selector.field ?? 'prompt').replace(/^model\.(?=completion_params\.)/u, '')
  if (field === 'prompt') return near.filter(({ isPrompt }) => isPrompt)
  const named = near.filter((place) => place.field === field)
  if (named.length > 0) return named
  return holders.map((holder) => placeByPath(holder, field)).filter((place) => place !== undefined)
}

function byMessage(places: readonly DslPlace[], { message }: Selector): readonly DslPlace[] {
  if (message === undefined) return places
  const seen = new Set<string>()
  return places.filter((place) => {
    if (place.message === undefined) return false
    if (typeof message === 'number') return place.message.index === message
    if (typeof message === 'object') return place.message.id === message.id
    const owner = place.nodeId ?? ''
    if (place.message.role !== message || seen.has(owner)) return false
    seen.add(owner)
    return true
  })
}

function meantBy(dsl: DslDocument, selector: Selector, near: readonly DslPlace[]): string | undefined {
  const holders = holdersOf(dsl.value)
  const names = (key: 'nodeId' | 'title' | 'nodeType'): readonly string[] =>
    holders.map((holder) => holder[key]).filter((name) => name !== undefined)
  const wishes = [
    ['title', selector.title, names('title')],
    ['node', selector.node, names('nodeId')],
    ['type', selector.type, names('nodeType')],
    ['field', selector.field, near.map(({ field }) => field)],
  ] as const
  for (const [word, wanted, known] of wishes) {
    if (wanted === undefined || known.includes(wanted)) continue
    const found = nearest(wanted, known)
    if (found !== undefined) return `the ${word} \`${found}\``
  }
  return undefined
}
