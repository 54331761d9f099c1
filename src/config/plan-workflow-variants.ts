import { foldName } from '../lib/nearest.ts'
import { isObject, type Mapper, type Members, type Sourced } from './aliases.ts'
import { itemsOf, namedItems, partsOf, placedList, placedObject } from './placed-values.ts'

/** Folded names under which a workflow of a plan has variants of its own. */
export const variantNames: ReadonlySet<string> = new Set([
  'variants',
  'variantrefs',
  'promptvariants',
  'promptoptimization',
  'promptoptimisation',
])
const idNames = new Set(['id', 'variantid', 'name'])

/** Variants from a list, a record by name, a single one, or an object that has them under `variants`. */
export function variantList(source: Sourced, mapper: Mapper): Sourced {
  if (typeof source.value === 'string') return { ...source, value: placedList([source]) }
  const parts = partsOf(source)
  const inner = parts.find(([name]) => foldName(name) === 'variants')
  if (inner !== undefined) {
    for (const [name, { at }] of parts.filter((part) => part !== inner)) {
      mapper.problems.push({
        message: `unknown key \`${name}\` beside \`${inner[0]}\``,
        place: mapper.document.locate(at, 'key'),
        help: 'what holds for all variants stands at the top of the plan',
      })
    }
    return variantList(inner[1], mapper)
  }
  const isOne = idOf(source) !== undefined
  return isOne ? { ...source, value: placedList([source]) } : namedItems(source, 'id')
}

/**
 * Variants that a workflow of the plan describes become variants of the plan, and the workflow names them. A workflow
 * without any is then tried with those of the plan itself, or without a change where the plan has none.
 */
export function hoistVariants(members: Members, mapper: Mapper): void {
  const workflows = members.get('workflows')
  const entries =
    workflows === undefined ? [] : itemsOf(workflows).map((entry) => ({ entry, own: ownOf(entry, mapper) }))
  const described = entries.flatMap(({ own }) => itemsOf(own ?? nothing).filter(({ value }) => isObject(value)))
  if (workflows === undefined || described.length === 0) return
  const given = itemsOf(members.get('variants') ?? nothing)
  const usual = given.length > 0 ? given : [unchanged(described, workflows)]
  const all = distinct([...usual, ...described])
  const isNeeded = entries.some(({ own }) => own === undefined)
  const variants = given.length > 0 || isNeeded ? all : distinct(described)
  members.set('variants', { value: placedList(variants), at: members.get('variants')?.at ?? workflows.at })
  const named = entries.map(({ entry, own }) => withNames(entry, own ?? { ...entry, value: placedList(usual) }))
  members.set('workflows', { ...workflows, value: placedList(named) })
}

const nothing: Sourced = { value: [], at: [] }

function ownOf(entry: Sourced, mapper: Mapper): Sourced | undefined {
  const found = partsOf(entry).find(([name]) => variantNames.has(foldName(name)))?.[1]
  const own = found && variantList(found, mapper)
  // What is no list of variants is left to the schema to refuse.
  return own !== undefined && Array.isArray(own.value) && own.value.length === 0 ? undefined : own
}

function idOf(variant: Sourced): Sourced | undefined {
  if (typeof variant.value === 'string') return variant
  const id = partsOf(variant).find(([name, { value }]) => idNames.has(foldName(name)) && typeof value === 'string')
  return id?.[1]
}

function unchanged(described: readonly Sourced[], { at }: Sourced): Sourced {
  const taken = described.some((variant) => idOf(variant)?.value === 'baseline')
  return { value: placedObject([['id', { value: taken ? 'unchanged' : 'baseline', at }]]), at }
}

/** Workflows may describe the same variant alike. */
function distinct(variants: readonly Sourced[]): Sourced[] {
  const seen = new Set<string>()
  return variants.filter((variant) => {
    const others = partsOf(variant).flatMap(([name, { value }]) => (idNames.has(foldName(name)) ? [] : [[name, value]]))
    const text = JSON.stringify([idOf(variant)?.value, others])
    return !seen.has(text) && seen.add(text)
  })
}

function withNames(entry: Sourced, variants: Sourced): Sourced {
  const others = partsOf(entry).filter(([name]) => !variantNames.has(foldName(name)))
  const ids = itemsOf(variants).map((variant) => idOf(variant) ?? variant)
  return { ...entry, value: placedObject([...others, ['variants', { value: placedList(ids), at: variants.at }]]) }
}
