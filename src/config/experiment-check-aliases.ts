import { foldName } from '../lib/nearest.ts'
import { isObject, type Members, type Sourced } from './aliases.ts'
import { partsOf, placedObject } from './placed-values.ts'
import { rename, type Shape, type ShapeTools } from './schema-mapping.ts'

/** What a name of a check means: its type, and members that the name implies. */
interface Kind {
  readonly type: string
  readonly implies?: Readonly<Record<string, unknown>>
}

const anyOf = { mode: 'any' }
const ignoreCase = { ignoreCase: true }

/** Names by their folded spelling: without case, hyphens and underscores. */
const kinds: Readonly<Record<string, Kind>> = {
  equals: { type: 'equals' },
  equal: { type: 'equals' },
  exact: { type: 'equals' },
  exactmatch: { type: 'equals' },
  iequals: { type: 'equals', implies: ignoreCase },
  contains: { type: 'contains' },
  includes: { type: 'contains' },
  substring: { type: 'contains' },
  icontains: { type: 'contains', implies: ignoreCase },
  containsall: { type: 'contains' },
  containsany: { type: 'contains', implies: anyOf },
  icontainsall: { type: 'contains', implies: ignoreCase },
  icontainsany: { type: 'contains', implies: { ...anyOf, ...ignoreCase } },
  startswith: { type: 'starts_with' },
  prefix: { type: 'starts_with' },
  regex: { type: 'regex' },
  matches: { type: 'regex' },
  pattern: { type: 'regex' },
  isjson: { type: 'is_json' },
  json: { type: 'is_json' },
  validjson: { type: 'is_json' },
  containsjson: { type: 'is_json' },
  jsonschema: { type: 'json_schema' },
  schema: { type: 'json_schema' },
  jsonpath: { type: 'json_path' },
  range: { type: 'range' },
  between: { type: 'range' },
  latency: { type: 'latency' },
  cost: { type: 'cost' },
  tokens: { type: 'tokens' },
  similarity: { type: 'similarity' },
  similar: { type: 'similarity', implies: { method: 'embedding' } },
  semantic: { type: 'similarity', implies: { method: 'embedding' } },
  levenshtein: { type: 'similarity', implies: { method: 'levenshtein' } },
  function: { type: 'function' },
  javascript: { type: 'function' },
  python: { type: 'python' },
  judge: { type: 'judge' },
  llmrubric: { type: 'judge' },
  llmjudge: { type: 'judge' },
  rubric: { type: 'judge' },
}

/** Where the one value of a check belongs that is written as `{ type, value }` or `{ TYPE: value }`. */
const mainMember: Readonly<Record<string, string>> = {
  regex: 'pattern',
  json_schema: 'schema',
  json_path: 'path',
  latency: 'maxMs',
  cost: 'max',
  tokens: 'max',
  judge: 'rubric',
  function: 'file',
}

/** How checks may be written besides their schema. */
export const checkShape: Shape = {
  aliases: {
    assert: 'type',
    kind: 'type',
    label: 'name',
    title: 'name',
    target: 'on',
    criteria: 'rubric',
    max_seconds: 'maxSeconds',
    timeout: 'timeoutSeconds',
    negate: 'not',
    case_insensitive: 'ignoreCase',
    script: 'file',
  },
  shorthand: (source) =>
    typeof source.value === 'string'
      ? {
          ...source,
          value: placedObject([
            ['type', { ...source, value: 'contains' }],
            ['value', source],
          ]),
        }
      : source,
  reshape(members, tools) {
    if (!members.has('type')) nameKind(members, tools)
    const said = members.get('type')
    if (said === undefined || typeof said.value !== 'string') return
    const negated = /^not[-_ ]/u.test(said.value)
    const name = negated ? said.value.slice(4) : said.value
    const kind = kinds[foldName(name)] ?? { type: name.replaceAll('-', '_') }
    members.set('type', { ...said, value: kind.type })
    if (negated) members.set('not', { ...said, value: members.get('not')?.value !== true })
    for (const [key, value] of Object.entries(kind.implies ?? {})) {
      if (!members.has(key)) members.set(key, { value, at: said.at })
    }
    placeValue(members, kind.type)
  },
}

/** `{ contains: refund }` says its type by its key. Where there is a path, `contains` and `equals` are conditions. */
function nameKind(members: Members, { canonical }: ShapeTools): void {
  const [first] = members.values()
  const name = members.has('path') ? undefined : [...members.keys()].find((key) => kinds[foldBare(key)] !== undefined)
  if (name === undefined) {
    if (members.has('path') && first !== undefined) members.set('type', { value: 'json_path', at: first.at })
    return
  }
  const member = members.get(name)
  if (member === undefined) return
  members.delete(name)
  members.set('type', { value: name, at: member.at })
  if (member.value === true && !members.has('value')) return
  if (!isObject(member.value) || kinds[foldBare(name)]?.type === 'json_schema') members.set('value', member)
  else for (const [key, part] of partsOf(member)) members.set(canonical(key), part)
}

/** A name of a check without the `not-` before it. */
function foldBare(key: string): string {
  return foldName(key.replace(/^not[-_ ]/u, ''))
}

function placeValue(members: Members, type: string): void {
  if (type === 'is_json' && isObject(members.get('value')?.value)) {
    members.set('type', { value: 'json_schema', at: members.get('value')?.at ?? [] })
    rename(members, 'value', 'schema')
    return
  }
  const seconds = members.get('maxSeconds')
  if (type === 'latency' && typeof seconds?.value === 'number') {
    members.delete('maxSeconds')
    members.set('maxMs', { ...seconds, value: seconds.value * 1000 })
  }
  if (type !== 'json_path') rename(members, 'expected', 'value')
  const main = mainMember[type]
  if (main !== undefined) rename(members, 'value', main)
  if (type === 'latency' || type === 'cost' || type === 'tokens') {
    rename(members, 'threshold', main ?? 'max')
    if (type === 'latency') rename(members, 'max', 'maxMs')
  }
  if (type === 'json_path') rename(members, 'expected', 'equals')
  if (type === 'python') rename(members, 'value', isFile(members.get('value')) ? 'file' : 'code')
  if (type === 'python' || type === 'function') splitFile(members, type === 'python' ? 'function' : 'export')
}

function isFile(member: Sourced | undefined): boolean {
  return typeof member?.value === 'string' && /^(?:file:\/\/\S+|\S+\.py(?::\w+)?)$/u.test(member.value)
}

/** `file://checks.py:polite` names the file and the function in it. */
function splitFile(members: Members, functionKey: string): void {
  const file = members.get('file')
  if (file === undefined || typeof file.value !== 'string') return
  const bare = file.value.replace(/^file:\/\//u, '')
  const named = /^(?<path>.*\.(?:py|[mc]?[jt]s)):(?<name>\w+)$/u.exec(bare)?.groups
  members.set('file', { ...file, value: named?.['path'] ?? bare })
  if (named !== undefined && !members.has(functionKey)) members.set(functionKey, { ...file, value: named['name'] })
}
