import type { Problem } from '../domain/errors.ts'
import { foldName } from '../lib/nearest.ts'
import type { Pointer, SourceDocument } from './source-document.ts'

/** A value of a document with the way to it, as the document spells it. */
export interface Sourced {
  readonly value: unknown
  readonly at: Pointer
}

/** Turns a value of a document into the value that the schema checks. */
export type Mapping = (source: Sourced, mapper: Mapper) => unknown

/** The members of an object under their canonical names; a mapping may add, change and remove some. */
export type Members = Map<string, Sourced>

/** How an object of a document becomes one of the schema. */
export interface ObjectRules {
  /** Canonical keys. Their twins (snake_case, camelCase, kebab-case, other capitals) need no alias. */
  readonly keys: readonly string[]
  /** Other names to canonical keys. */
  readonly aliases: Readonly<Record<string, string>>
  /** What becomes of single members; others are taken as they are. */
  readonly members?: Readonly<Record<string, Mapping>>
  /** Last changes that need to see several members at once. */
  adjust?(members: Members, mapper: Mapper): void
}

/** Maps a document and remembers where each part came from. */
export interface Mapper {
  readonly document: SourceDocument
  readonly warnings: Problem[]
  /** Mistakes that only show in the spelling of the document, such as one thing said twice. */
  readonly problems: Problem[]
  /** A new object from members, each with its origin noted. */
  object(members: Iterable<readonly [string, Sourced]>): Record<string, unknown>
  /** Spelling in the document of a pointer into `root`, a value that was built by this mapper. */
  spell(root: unknown, pointer: Pointer): Pointer
}

/** A mapper for one document, or for the part of it under `base`. */
export function createMapper(document: SourceDocument, base: Pointer = []): Mapper {
  const origins = new WeakMap<object, ReadonlyMap<string | number, Pointer>>()
  return {
    document,
    warnings: [],
    problems: [],
    object(members) {
      const entries = [...members]
      // fromEntries makes an own property even of `__proto__`.
      const built = Object.fromEntries(entries.map(([key, source]) => [key, source.value]))
      origins.set(built, new Map(entries.map(([key, source]) => [key, source.at])))
      return built
    },
    spell(root, pointer) {
      let value = root
      let spelled = base
      for (const step of pointer) {
        const owner = typeof value === 'object' && value !== null ? value : undefined
        spelled = (owner && origins.get(owner)?.get(step)) ?? [...spelled, step]
        value = owner && Object.hasOwn(owner, step) ? (owner as Record<string | number, unknown>)[step] : undefined
      }
      return spelled
    },
  }
}

/** Whether a value is an object with keys, not a list and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A mapping of objects by rules; whatever is not an object is left to the schema to refuse. */
export function objectMapping(rules: ObjectRules): Mapping {
  const canonical = new Map(Object.entries(rules.aliases).map(([alias, key]) => [foldName(alias), key]))
  for (const key of rules.keys) canonical.set(foldName(key), key)
  const known = new Set(rules.keys)
  return (source, mapper) => {
    if (!isObject(source.value)) return source.value
    const members: Members = new Map()
    const named = new Map<string, string>()
    for (const [name, value] of Object.entries(source.value)) {
      const key = known.has(name) ? name : (canonical.get(foldName(name)) ?? name)
      const at = [...source.at, name]
      const other = named.get(key)
      if (other === undefined) members.set(key, { value, at })
      else mapper.problems.push(saidTwice({ name, other, key }, mapper, at))
      named.set(key, name)
    }
    for (const [key, mapping] of Object.entries(rules.members ?? {})) {
      const member = members.get(key)
      if (member !== undefined) members.set(key, { ...member, value: mapping(member, mapper) })
    }
    rules.adjust?.(members, mapper)
    return mapper.object(members)
  }
}

function saidTwice(names: { name: string; other: string; key: string }, mapper: Mapper, at: Pointer): Problem {
  return {
    message: `\`${names.name}\` and \`${names.other}\` both mean \`${names.key}\``,
    place: mapper.document.locate(at, 'key'),
    help: 'keep one of them',
  }
}

/** A mapping of each item of a list. What is not a list is left to the schema to refuse. */
export function listMapping(item: Mapping): Mapping {
  return (source, mapper) =>
    Array.isArray(source.value)
      ? source.value.map((value: unknown, index) => item({ value, at: [...source.at, index] }, mapper))
      : source.value
}
