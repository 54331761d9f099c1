import { Lexer, parseDocument, YAMLMap } from 'yaml'
import type { CollectionTag } from 'yaml'

/** A YAML mapping as a plain object. */
export type Mapping = Readonly<Record<string, unknown>>

/** Key that a `!reference [job, key]` stands under until it is followed. */
const referenceKey = '\u0000reference'
const maxCharacters = 500_000
const maxAliases = 1000
/** Levels of references to references, as on GitLab. */
const maxReferences = 10
/** Values that following the references of one job may come to. */
const maxValues = 20_000
const maxDepth = 50
/** Aliases times characters: about a second. */
const maxSearch = 100_000_000
/** A line that begins more levels than anybody writes. */
const deepStart = /^[ \t?:-]{400}/m

const referenceTag: CollectionTag = {
  tag: '!reference',
  collection: 'seq',
  resolve: (sequence) => {
    const map = new YAMLMap()
    map.set(referenceKey, sequence)
    return map
  },
}

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Value of a key of a mapping; nothing that objects have by nature. */
export function valueAt(value: unknown, key: string): unknown {
  return isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/**
 * Whether the parser can read a text in good time. It calls itself for each level, and looks for the anchor of each alias in
 * the whole document; the lexer does neither.
 */
function isReadable(text: string): boolean {
  if (text.length > maxCharacters || deepStart.test(text)) return false
  let flow = 0
  let aliases = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') flow++
    else if (token === ']' || token === '}') flow--
    else if (token.startsWith('*')) aliases++
    if (flow > maxDepth || aliases * text.length > maxSearch) return false
  }
  return true
}

/** Reads the description of a pipeline with its anchors filled in; `undefined` where it is no mapping or too much. */
export function readDescription(text: string): Mapping | undefined {
  if (!isReadable(text)) return undefined
  try {
    const document = parseDocument(text, {
      customTags: [referenceTag],
      merge: true,
      uniqueKeys: false,
      logLevel: 'silent',
    })
    const value: unknown = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: maxAliases })
    return isMapping(value) ? value : undefined
  } catch {
    // The library throws for bombs of aliases.
    return undefined
  }
}

/** What following gives for a reference to something that is not there, or for more than is followed. */
export const broken = Symbol('broken reference')

/** Follows each `!reference` within values of a description; {@link broken} where one leads nowhere. */
export function createFollow(root: Mapping): (value: unknown) => unknown {
  let left = maxValues
  const follow = (value: unknown, references: number, depth: number): unknown => {
    if (--left < 0 || depth > maxDepth) return broken
    if (Array.isArray(value)) {
      const items = value.map((item: unknown) => follow(item, references, depth + 1))
      return items.includes(broken) ? broken : items
    }
    if (!isMapping(value)) return value
    const path = valueAt(value, referenceKey)
    if (Array.isArray(path)) {
      if (references >= maxReferences) return broken
      const target = path.reduce<unknown>((at, step) => valueAt(at, String(step)), root)
      return target === undefined || path.length === 0 ? broken : follow(target, references + 1, depth + 1)
    }
    const entries = Object.entries(value).map(([key, item]) => [key, follow(item, references, depth + 1)] as const)
    return entries.some(([, item]) => item === broken) ? broken : Object.fromEntries(entries)
  }
  return (value) => follow(value, 0, 0)
}
