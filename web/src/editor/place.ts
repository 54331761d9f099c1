import type { syntaxTree } from '@codemirror/language'
import type { Way } from './schema.ts'

type Tree = ReturnType<typeof syntaxTree>
type SyntaxNode = Tree['topNode']

/** Where in a JSON text the cursor is, and what it could write there. */
export interface JsonPlace {
  readonly kind: 'key' | 'value'
  /** To the object for a key, to the value itself for a value. */
  readonly way: Way
  /** Stretch that is replaced. */
  readonly from: number
  readonly to: number
  /** Keys that the object has already. */
  readonly present: readonly string[]
  /** A colon stands behind the key already. */
  readonly hasColon: boolean
}

/** Looks up the place of a cursor in the tree of a JSON text; `undefined` where nothing could be suggested. */
export function placeAt(tree: Tree, text: (from: number, to: number) => string, cursor: number): JsonPlace | undefined {
  const node = tree.resolveInner(cursor, -1)
  const read = { text, cursor }
  if (node.name === 'PropertyName' && cursor > node.from) return keyPlace(node, read)
  if (values.has(node.name) && cursor > node.from && (cursor < node.to || node.name !== 'String')) {
    return { kind: 'value', way: wayTo(node, read), from: node.from, to: node.to, present: [], hasColon: false }
  }
  const holder = holderOf(node)
  if (holder === undefined) return undefined
  return openPlace(holder, read)
}

interface Read {
  readonly text: (from: number, to: number) => string
  readonly cursor: number
}

const values = new Set(['String', 'Number', 'True', 'False', 'Null'])

function keyPlace(node: SyntaxNode, read: Read): JsonPlace | undefined {
  const property = node.parent
  const object = property?.parent
  if (!object || object.name !== 'Object') return undefined
  const behind = read.text(node.to, node.to + 50)
  return {
    kind: 'key',
    way: wayTo(object, read),
    from: node.from,
    to: node.to,
    present: keysOf(object, read).filter((_, index) => propertiesOf(object)[index]?.from !== property.from),
    hasColon: /^\s*:/.test(behind),
  }
}

/** Between tokens: behind a colon a value may stand, behind a bracket or a comma a key or an item. */
function openPlace(holder: SyntaxNode, read: Read): JsonPlace | undefined {
  const { text, cursor } = read
  const before = text(Math.max(0, holder.from), cursor)
  const last = before.trimEnd().at(-1)
  const word = /[A-Za-z_]*$/.exec(before)?.[0] ?? ''
  const from = cursor - word.length
  const lead = before
    .slice(0, before.length - word.length)
    .trimEnd()
    .at(-1)
  const open = { from, to: cursor, present: [], hasColon: false }
  if (holder.name === 'Property' && (last === ':' || lead === ':')) {
    return { ...open, kind: 'value', way: wayTo(holder, read) }
  }
  const object = holder.name === 'Property' ? holder.parent : holder
  if (object?.name === 'Array' && (lead === '[' || lead === ','))
    return { ...open, kind: 'value', way: [...wayTo(object, read), 0] }
  if (object?.name !== 'Object') return undefined
  if (lead === ':') {
    const property = propertiesOf(object).findLast(({ from: start }) => start < cursor)
    return property === undefined ? undefined : { ...open, kind: 'value', way: wayTo(property, read) }
  }
  if (lead !== '{' && lead !== ',') return undefined
  return { ...open, kind: 'key', way: wayTo(object, read), present: keysOf(object, read) }
}

function holderOf(node: SyntaxNode): SyntaxNode | undefined {
  for (let at: SyntaxNode | null = node; at; at = at.parent) {
    if (at.name === 'Object' || at.name === 'Array' || at.name === 'Property') return at
  }
  return undefined
}

/** Way to a value, or to the value of a property. */
function wayTo(node: SyntaxNode, { text }: Pick<Read, 'text'>): Way {
  const way: (string | 0)[] = []
  for (let at: SyntaxNode | null = node; at; at = at.parent) {
    if (at.name === 'Property') way.unshift(keyOf(at, text))
    else if (at.parent?.name === 'Array') way.unshift(0)
  }
  return way
}

function propertiesOf(object: SyntaxNode): readonly SyntaxNode[] {
  return object.getChildren('Property')
}

function keysOf(object: SyntaxNode, { text }: Pick<Read, 'text'>): readonly string[] {
  return propertiesOf(object).map((property) => keyOf(property, text))
}

function keyOf(property: SyntaxNode, text: Read['text']): string {
  const name = property.getChild('PropertyName')
  if (name === null) return ''
  try {
    return String(JSON.parse(text(name.from, name.to)))
  } catch {
    return text(name.from, name.to).replaceAll('"', '')
  }
}
