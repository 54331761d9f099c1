import { isObject, type Sourced } from './aliases.ts'
import type { Pointer } from './source-document.ts'

/** Where the parts of values stand that were put together from several places of a document. */
const origins = new WeakMap<object, ReadonlyMap<string, Pointer>>()

/** An object put together from parts of a document; {@link partsOf} still knows where each of them stands. */
export function placedObject(parts: Iterable<readonly [string, Sourced]>): Readonly<Record<string, unknown>> {
  const entries = [...parts]
  const built = Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
  origins.set(built, new Map(entries.map(([name, { at }]) => [name, at])))
  return built
}

/** Like {@link placedObject}, for a list. */
export function placedList(items: readonly Sourced[]): readonly unknown[] {
  const built = items.map(({ value }) => value)
  origins.set(built, new Map(items.map(({ at }, index) => [String(index), at])))
  return built
}

/** The members of an object with their places; none for what is no object. */
export function partsOf({ value, at }: Sourced): [string, Sourced][] {
  if (!isObject(value)) return []
  const known = origins.get(value)
  return Object.entries(value).map(([name, member]) => [name, { value: member, at: known?.get(name) ?? [...at, name] }])
}

/** The items of a list with their places; none for what is no list. */
export function itemsOf({ value, at }: Sourced): Sourced[] {
  if (!Array.isArray(value)) return []
  const known = origins.get(value)
  return value.map((item: unknown, index) => ({ value: item, at: known?.get(String(index)) ?? [...at, index] }))
}

/**
 * A record of objects by name as a list of objects that hold their name under `key`; an object that has the key itself is
 * the only one of a list. Anything else stays as it is.
 */
export function namedItems(source: Sourced, key: string): Sourced {
  if (!isObject(source.value)) return source
  if (typeof source.value[key] === 'string') return { ...source, value: placedList([source]) }
  const items = partsOf(source).map(([name, part]): Sourced => {
    if (!isObject(part.value) && part.value !== null) return part
    const rest = partsOf(part).filter(([own]) => own !== key)
    return { value: placedObject([[key, { value: name, at: part.at }], ...rest]), at: part.at }
  })
  return { ...source, value: placedList(items) }
}
