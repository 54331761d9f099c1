import { expectedSchema } from '../domain/suite.ts'
import { foldName, nearest } from '../lib/nearest.ts'
import { isObject, objectMapping, type Mapper, type Sourced } from './aliases.ts'

const keys = Object.keys(expectedSchema.shape)

/** Other names for the keys of an expectation. */
export const expectedAliases = {
  return: 'returns',
  return_value: 'returns',
  returned: 'returns',
  value: 'returns',
  equals: 'returns',
  raise: 'raises',
  throws: 'raises',
  exception: 'raises',
  error_type: 'raises',
  message_matches: 'match',
  tolerance: 'approx',
  status_code: 'status',
  http_status: 'status',
  response: 'body',
  json: 'body',
  includes: 'contains',
  json_schema: 'schema',
  response_schema: 'schema',
  description: 'text',
}

const objectRules = objectMapping({ keys, aliases: expectedAliases })
const names = [...keys, ...Object.keys(expectedAliases)]
const folded = new Set(names.map(foldName))

/** What kind of case an expectation belongs to. */
export type CaseKind = 'call' | 'http' | 'words'

/**
 * Reads what stands under `expected`:
 * - text is an expectation in words, `{ text }`;
 * - an object with a key that is known is taken as it is, and its unknown keys are mistakes;
 * - a number, true, false or a list, or an object of which no key is known or nearly known, is what a call returns,
 *   `{ returns }`; of an HTTP case a number is the `{ status }` and an object the `{ body }`.
 */
export function readExpected(source: Sourced, kind: CaseKind, mapper: Mapper): unknown {
  const { value } = source
  const wrap = (key: string) => mapper.object([[key, source]])
  if (typeof value === 'string') {
    if (kind === 'call') warnOfWords(source, mapper)
    return wrap('text')
  }
  if (isObject(value)) {
    const own = Object.keys(value)
    const meant = own.length === 0 || own.some((key) => folded.has(foldName(key)) || nearest(key, names) !== undefined)
    if (meant || kind === 'words') return objectRules(source, mapper)
    return wrap(kind === 'call' ? 'returns' : 'body')
  }
  if (kind === 'http') return typeof value === 'number' ? wrap('status') : Array.isArray(value) ? wrap('body') : value
  return kind === 'call' ? wrap('returns') : value === null ? {} : value
}

function warnOfWords({ value, at }: Sourced, mapper: Mapper): void {
  mapper.warnings.push({
    message: 'this expectation is taken as words, not as the value that the call returns',
    place: mapper.document.locate(at),
    help: `if the value is meant, write {"returns": ${JSON.stringify(value)}}; if words are, {"text": …}`,
  })
}
