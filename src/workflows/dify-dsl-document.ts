import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Document, Node, Pair, YAMLMap } from 'yaml'
import { GreenloopError, type Place, type Problem } from '../domain/errors.ts'

/** Way to a value from the root of the description. */
export type DslPath = readonly (string | number)[]

/** An app description that was read: its text, what the text means, and where what stands. */
export interface DslDocument {
  readonly file: string
  readonly text: string
  readonly document: Document.Parsed
  /** What the text means, aliases written out. */
  readonly value: Readonly<Record<string, unknown>>
}

/** What a node of the text is found with. */
export interface FoundNode {
  readonly node: Node | undefined
  /** Key and value, where the node is the value of a map. */
  readonly pair?: Pair | undefined
  /** Map or list that holds the node. */
  readonly holder?: Node | undefined
  /** Whether the way leads over an alias: what stands there belongs to another place as well. */
  readonly aliased: boolean
}

/** The server takes no larger description: 10 MB. */
const mostBytes = 10 * 1024 * 1024

/**
 * Reads an exported app. Throws `file_too_large` above 10 MB, `syntax_invalid` for a text that is no YAML, and
 * `plan_invalid` where it describes no app; each with the line.
 */
export function readDsl(text: string, file = 'the app description'): DslDocument {
  if (Buffer.byteLength(text) > mostBytes) {
    throw new GreenloopError('file_too_large', `\`${file}\` is larger than the 10 MB that a server takes`, {
      place: { file },
    })
  }
  const document = parseDsl(text)
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({ message, place: placeOf(text, file, pos[0]) }))
    throw refused('syntax_invalid', `\`${file}\` is not valid YAML`, problems)
  }
  const value = plainValue(document, file)
  const problems = shapeProblems(value).map(({ message, at }) => ({
    message,
    place: placeOf(text, file, offsetOf(document, at)),
  }))
  if (problems.length > 0) throw refused('plan_invalid', `\`${file}\` is no exported app`, problems)
  return { file, text, document, value: value as Record<string, unknown> }
}

/** Reads a YAML text with the offsets that an edit needs. Errors are left in the document. */
export function parseDsl(text: string): Document.Parsed {
  return parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: true,
    prettyErrors: false,
  })
}

/** The node of the text at a path, with what holds it. */
export function findNode(document: Document.Parsed, path: DslPath): FoundNode {
  let found: FoundNode = { node: document.contents ?? undefined, aliased: false }
  for (const step of path) {
    const aliased = found.aliased || isAlias(found.node)
    const holder = isAlias(found.node) ? found.node.resolve(document) : found.node
    const pair = isMap(holder) ? pairOf(holder, step) : undefined
    const item = isSeq(holder) && typeof step === 'number' ? holder.items[step] : undefined
    found = { node: (pair?.value ?? item) as Node | undefined, pair, holder, aliased }
  }
  return isAlias(found.node) ? { ...found, aliased: true } : found
}

function pairOf(map: YAMLMap, step: string | number): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
}

/** The place of what stands at a path, for messages. */
export function placeAtPath({ document, text, file }: DslDocument, path: DslPath): Place {
  return placeOf(text, file, offsetOf(document, path))
}

function offsetOf(document: Document.Parsed, path: DslPath): number {
  for (let length = path.length; length >= 0; length--) {
    const { node, pair } = findNode(document, path.slice(0, length))
    const range = (pair?.key as Node | undefined)?.range ?? node?.range
    if (range) return range[0]
  }
  return 0
}

function placeOf(text: string, file: string, offset: number): Place {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  const end = text.indexOf('\n', offset)
  const line = text.slice(0, start).split('\n').length
  const shown = text.slice(start, end === -1 ? undefined : end).replace(/\r$/u, '')
  return { file, line, column: offset - start + 1, text: shown }
}

function plainValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 })
  } catch (cause) {
    const message = `the aliases of \`${file}\` multiply too far, or one names an anchor that is not there`
    throw new GreenloopError('plan_invalid', message, { cause, place: { file } })
  }
}

interface ShapeProblem {
  readonly message: string
  readonly at: DslPath
}

const graphModes = new Set(['workflow', 'advanced-chat'])
const configModes = new Set(['chat', 'agent-chat', 'completion'])

function shapeProblems(value: unknown): readonly ShapeProblem[] {
  if (!isRecord(value)) return [{ message: 'an app description is a map with `kind: app`', at: [] }]
  // A server overwrites a wrong kind without a word, so nobody else would tell.
  if (value['kind'] !== 'app') {
    const message = `\`kind\` is ${JSON.stringify(value['kind'] ?? null)}, not \`app\`: export the app as DSL`
    return [{ message, at: ['kind'] }]
  }
  const mode = modeOf(value)
  if (graphModes.has(mode)) {
    const nodes = at(value, ['workflow', 'graph', 'nodes'])
    const message = `an app of the mode \`${mode}\` has a list \`workflow.graph.nodes\``
    return Array.isArray(nodes) ? [] : [{ message, at: ['workflow', 'graph'] }]
  }
  if (configModes.has(mode)) {
    const message = `an app of the mode \`${mode}\` has a map \`model_config\``
    return isRecord(value['model_config']) ? [] : [{ message, at: ['model_config'] }]
  }
  const known = [...graphModes, ...configModes].join(', ')
  return [{ message: `\`app.mode\` is \`${mode}\`; known are ${known}`, at: ['app', 'mode'] }]
}

/** Mode of the app: `workflow`, `advanced-chat`, `chat`, `agent-chat` or `completion`. */
export function modeOf(value: Readonly<Record<string, unknown>>): string {
  return textOf(at(value, ['app', 'mode'])) ?? ''
}

/** What stands at a path of a plain value; `undefined` where there is nothing. */
export function at(value: unknown, path: DslPath): unknown {
  let found = value
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string | number, unknown>)[step]
  }
  return found
}

/** A single value as text; `undefined` for null, maps and lists. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined
}

/** Whether a value is a map. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(code: 'plan_invalid' | 'syntax_invalid', what: string, problems: readonly Problem[]): GreenloopError {
  const [first] = problems
  const message = problems.length === 1 && first !== undefined ? `${what}: ${first.message}` : what
  return new GreenloopError(code, message, { ...(first?.place && { place: first.place }), problems })
}
