/** A use of a name in a template. `line` counts from 1; `undefined` where it could not be found. */
interface UnknownName {
  readonly name: string
  readonly line: number | undefined
}

const builtIn = [
  'loop',
  'range',
  'namespace',
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'raise_exception',
  'strftime_now',
  'caller',
  'varargs',
  'kwargs',
]

/** Names that a parsed template uses, and that neither it nor the context defines; also members of known objects. */
export function unknownNames(
  program: unknown,
  text: string,
  context: Readonly<Record<string, unknown>>,
): UnknownName[] {
  const nodes = [...walk(program, 0)]
  const defined = new Set([...builtIn, ...nodes.flatMap(namesDefinedBy)])
  const unknown = nodes.flatMap((node) => {
    const name = identifierOf(node)
    return name === undefined || defined.has(name) || Object.hasOwn(context, name) ? [] : [name]
  })
  const members = nodes.flatMap((node) => unknownMember(node, { context, defined }))
  return [...new Set([...unknown, ...members])].map((name) => ({ name, line: lineOf(text, name) }))
}

type Node = Readonly<Record<string, unknown>>

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'type') === 'string'
}

/** Every node whose identifiers are read as variables: properties, filter and test names are left out. */
function* walk(value: unknown, depth: number): Generator<Node> {
  if (depth > 200) return
  if (Array.isArray(value)) {
    for (const item of value) yield* walk(item, depth)
    return
  }
  if (value instanceof Map) {
    for (const item of value.values()) yield* walk(item, depth + 1)
    return
  }
  if (!isNode(value)) return
  yield value
  for (const [key, child] of Object.entries(value)) {
    const isName =
      (value['type'] === 'MemberExpression' && key === 'property' && value['computed'] !== true) ||
      (value['type'] === 'FilterExpression' && key === 'filter' && isNode(child) && child['type'] === 'Identifier') ||
      (value['type'] === 'FilterExpression' &&
        key === 'filter' &&
        isNode(child) &&
        child['type'] === 'CallExpression') ||
      (value['type'] === 'TestExpression' && key === 'test') ||
      (value['type'] === 'KeywordArgumentExpression' && key === 'key')
    if (!isName) yield* walk(child, depth + 1)
  }
}

function identifierOf(node: Node): string | undefined {
  return node['type'] === 'Identifier' && typeof node['value'] === 'string' ? node['value'] : undefined
}

function namesDefinedBy(node: Node): string[] {
  switch (node['type']) {
    case 'For':
      return [...walk(node['loopvar'], 0)].flatMap((part) => identifierOf(part) ?? [])
    case 'Set':
      return [...walk(node['assignee'], 0)].flatMap((part) => identifierOf(part) ?? [])
    case 'Macro':
      return [...walk([node['name'], node['args']], 0)].flatMap((part) => identifierOf(part) ?? [])
    default:
      return []
  }
}

/** `plan.nmae`, where `plan` is an object of the context without such a key. */
function unknownMember(
  node: Node,
  { context, defined }: { context: Readonly<Record<string, unknown>>; defined: ReadonlySet<string> },
): string[] {
  if (node['type'] !== 'MemberExpression' || node['computed'] === true) return []
  const object = isNode(node['object']) ? identifierOf(node['object']) : undefined
  const property = isNode(node['property']) ? identifierOf(node['property']) : undefined
  if (object === undefined || property === undefined || defined.has(object)) return []
  const value = Object.hasOwn(context, object) ? context[object] : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return property in value || ['items', 'keys', 'values', 'get'].includes(property) ? [] : [`${object}.${property}`]
}

function lineOf(text: string, name: string): number | undefined {
  const pattern = new RegExp(`\\b${name.replace('.', '\\s*\\.\\s*')}\\b`, 'u')
  const index = text.split('\n').findIndex((line) => /\{[{%]/u.test(line) && pattern.test(line))
  return index < 0 ? undefined : index + 1
}
