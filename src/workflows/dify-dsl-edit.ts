import { isDeepStrictEqual } from 'node:util'
import { isMap, isScalar, isSeq } from 'yaml'
import type { Node, Scalar } from 'yaml'
import { GreenloopError } from '../domain/errors.ts'
import { at, findNode, parseDsl } from './dify-dsl-document.ts'
import type { DslDocument, DslPath } from './dify-dsl-document.ts'
import { scalarSources } from './dify-dsl-scalar.ts'
import type { DslScalar, ScalarSetting } from './dify-dsl-scalar.ts'

/** A new value for a path. */
export interface DslEdit {
  readonly path: DslPath
  readonly value: DslScalar
}

/** One stretch of the source and what comes in its place; of several ways to write it the first that holds counts. */
interface Splice {
  readonly start: number
  readonly end: number
  readonly ways: readonly string[]
}

/**
 * Puts a value into a description and leaves every other byte as it is: comments, order, styles, line ends. The style of
 * the place is kept where the new value can be written in it. A key that is not there is put first into the map that is.
 * Throws `patch_invalid` where the place is shared by an anchor, `internal` where the text would not mean what was asked.
 */
export function editDsl(dsl: DslDocument, edit: DslEdit): DslDocument {
  const splice = spliceOf(dsl, edit)
  const wanted = withValue(dsl.value, edit.path, edit.value) as Readonly<Record<string, unknown>>
  let shared = false
  for (const way of splice.ways) {
    const text = dsl.text.slice(0, splice.start) + way + dsl.text.slice(splice.end)
    const document = parseDsl(text)
    if (document.errors.length > 0) continue
    const value = document.toJS({ maxAliasCount: 1000 }) as Readonly<Record<string, unknown>>
    if (isDeepStrictEqual(value, wanted)) return { ...dsl, text, document, value }
    shared ||= dsl.text.includes('&') && at(value, edit.path) === edit.value
  }
  if (shared) throw sharedPlace(edit.path)
  throw new GreenloopError('internal', `${edit.path.join('.')} of \`${dsl.file}\` could not be rewritten in place`)
}

/**
 * Does several edits of different paths at once, as {@link editDsl} does one. Places that are shared by an anchor are left
 * as they are, and told of. Throws `internal` as {@link editDsl} does.
 */
export function editAll(
  dsl: DslDocument,
  edits: readonly DslEdit[],
  onShared: (edit: DslEdit, why: string) => void,
): DslDocument {
  const wanted = edits.reduce((value: unknown, { path, value: leaf }) => withValue(value, path, leaf), dsl.value)
  const text = edits.length > 1 ? splicedAll(dsl, edits) : undefined
  const document = text === undefined ? undefined : parseDsl(text)
  if (text !== undefined && document?.errors.length === 0) {
    const value = document.toJS({ maxAliasCount: 1000 }) as DslDocument['value']
    if (isDeepStrictEqual(value, wanted)) return { ...dsl, text, document, value }
  }
  // Edits that meddle with each other, such as two new keys of an empty map, are done one after the other.
  return edits.reduce((current, edit) => {
    try {
      return editDsl(current, edit)
    } catch (error) {
      if (!(error instanceof GreenloopError) || error.code !== 'patch_invalid') throw error
      onShared(edit, error.message)
      return current
    }
  }, dsl)
}

function splicedAll(dsl: DslDocument, edits: readonly DslEdit[]): string | undefined {
  if (edits.some(({ path }) => findNode(dsl.document, path).aliased)) return undefined
  const splices = edits.map((edit) => spliceOf(dsl, edit)).toSorted((a, b) => a.start - b.start || a.end - b.end)
  let text = ''
  let done = 0
  for (const { start, end, ways } of splices) {
    if (start < done) return undefined
    text += dsl.text.slice(done, start) + (ways[0] ?? '')
    done = end
  }
  return text + dsl.text.slice(done)
}

function sharedPlace(path: DslPath): GreenloopError {
  return new GreenloopError(
    'patch_invalid',
    `${path.join('.')} is shared with other places by an anchor (\`&\`, \`*\`)`,
    {
      help: 'write the value out where it is used, so that one place can be changed alone',
    },
  )
}

function spliceOf(dsl: DslDocument, { path, value }: DslEdit): Splice {
  const { node, pair, holder, aliased } = findNode(dsl.document, path)
  if (aliased) throw sharedPlace(path)
  if (node === undefined && pair === undefined) return insertion(dsl, { path, value })
  const range = node?.range
  if (!range || !isScalar(node)) {
    throw new GreenloopError('internal', `${path.join('.')} of \`${dsl.file}\` holds no single value`)
  }
  const key = pair?.key as Node | undefined
  const parent = key?.range?.[0] ?? holder?.range?.[0] ?? 0
  const source = dsl.text.slice(range[0], range[1])
  const setting: ScalarSetting = {
    style: styleOf(node),
    source,
    parentIndent: columnOf(dsl.text, parent),
    flow: (isMap(holder) || isSeq(holder)) && holder.flow === true,
    item: pair === undefined,
    newline: newlineOf(dsl.text),
  }
  const ways = scalarSources(value, setting)
  if (source !== '') return { start: range[0], end: range[1], ways }
  const start = key?.range ? dsl.text.indexOf(':', key.range[1]) + 1 : range[0]
  return { start, end: start, ways: ways.map((way) => ` ${way}`) }
}

function styleOf({ type }: Scalar): ScalarSetting['style'] {
  if (type === 'BLOCK_LITERAL' || type === 'BLOCK_FOLDED') return 'block'
  if (type === 'QUOTE_SINGLE') return 'single'
  return type === 'QUOTE_DOUBLE' ? 'double' : 'plain'
}

/** Puts what is missing of a path into the deepest map that is there. */
function insertion(dsl: DslDocument, { path, value }: DslEdit): Splice {
  let depth = path.length - 1
  while (depth > 0 && findNode(dsl.document, path.slice(0, depth)).node === undefined) depth--
  const { node: map, pair, aliased } = findNode(dsl.document, path.slice(0, depth))
  if (aliased) throw sharedPlace(path)
  const range = map?.range
  const steps = path.slice(depth).map(keySource)
  const [first = '', ...others] = steps
  const inner = scalarSources(value, { ...bareSetting, newline: newlineOf(dsl.text) })[0] ?? ''
  const nested = others.reduceRight((source, step) => `{${step}: ${source}}`, inner)
  const entry = `${first}: ${nested}`
  if (isScalar(map) && map.value === null && range) {
    const start = range[0] === range[1] ? dsl.text.lastIndexOf(':', range[0]) + 1 : range[0]
    return { start, end: range[1], ways: [`${range[0] === range[1] ? ' ' : ''}{${entry}}`] }
  }
  if (!isMap(map) || !range) {
    throw new GreenloopError('internal', `${path.join('.')} of \`${dsl.file}\` has no map to stand in`)
  }
  if (map.flow === true) {
    const start = range[0] + 1
    return { start, end: start, ways: [map.items.length === 0 ? entry : `${entry}, `] }
  }
  const firstKey = (map.items[0]?.key as Node | undefined)?.range?.[0] ?? range[0]
  const indent = ' '.repeat(columnOf(dsl.text, firstKey))
  // Above the comments of the first key, which belong to it.
  const owner = (pair?.key as Node | undefined)?.range?.[1]
  const line = owner === undefined ? 0 : dsl.text.indexOf('\n', owner) + 1
  const above = { start: line, end: line, ways: [indent + entry + newlineOf(dsl.text)] }
  return line > 0 && line <= firstKey
    ? above
    : { start: firstKey, end: firstKey, ways: [entry + newlineOf(dsl.text) + indent] }
}

const bareSetting = { style: 'plain', source: '', parentIndent: 0, flow: true, item: false } as const

function keySource(step: string | number): string {
  const text = String(step)
  return /^[A-Za-z_][\w-]+$/u.test(text) && !/^(?:yes|no|on|off|true|false|null)$/iu.test(text)
    ? text
    : JSON.stringify(text)
}

function columnOf(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1
  return offset - start - (start === 0 && text.startsWith('\uFEFF') ? 1 : 0)
}

function newlineOf(text: string): '\n' | '\r\n' {
  const first = text.indexOf('\n')
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n'
}

/** A copy of a value with another at a path; maps that are missing on the way are made. */
export function withValue(value: unknown, [step, ...rest]: DslPath, leaf: DslScalar): unknown {
  if (step === undefined) return leaf
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === step ? withValue(item, rest, leaf) : item))
  const map = (value ?? {}) as Readonly<Record<string, unknown>>
  return { ...map, [step]: withValue(map[step], rest, leaf) }
}
