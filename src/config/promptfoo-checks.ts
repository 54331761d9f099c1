import { parse } from 'yaml'
import type { CheckInput } from '../domain/check.ts'
import type { Graders } from './promptfoo-graders.ts'
import type { Scripts } from './promptfoo-scripts.ts'
import type { Cursor, PromptfooImport } from './promptfoo-source.ts'
import { fileReference } from './promptfoo-source.ts'

/** What checks are read with. */
export interface CheckParts {
  readonly run: PromptfooImport
  readonly graders: Graders
  readonly scripts: Scripts
}

/** Reads a list of assertions. Kinds that have no like here are noted and left out. */
export async function readChecks(asserts: Cursor, parts: CheckParts): Promise<readonly CheckInput[]> {
  return (await Promise.all(asserts.items().map((each) => readCheck(each, parts)))).flat()
}

async function readCheck(at: Cursor, parts: CheckParts): Promise<readonly CheckInput[]> {
  const { run } = parts
  const { value: type } = at.at('type')
  if (typeof type !== 'string') {
    run.note(at, 'an assertion without a `type` is left out')
    return []
  }
  if (type === 'assert-set') {
    run.note(at, 'the checks of an `assert-set` stand one by one; its threshold is not taken over')
    return await readChecks(at.at('assert'), parts)
  }
  const isNot = type.startsWith('not-')
  const kind = isNot ? type.slice('not-'.length) : type
  const make = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (make === undefined) {
    run.note(at, `the assertion \`${type}\` is not taken over`, 'a `function` or `python` check can do the same')
    return []
  }
  for (const [key, member] of at.members()) {
    if (!known.has(key)) run.note(member, `\`${key}\` of an assertion is not taken over`)
  }
  const checks = await make(at, parts)
  return checks.map((check) => ({ ...check, ...commonOf(at, run), ...(isNot ? { not: true } : {}) }))
}

const known = new Set(['type', 'value', 'threshold', 'weight', 'metric', 'provider'])

function commonOf(at: Cursor, run: PromptfooImport): { weight?: number; metric?: string } {
  const weight = at.at('weight').value
  const metric = at.at('metric')
  return {
    ...(typeof weight === 'number' ? { weight } : {}),
    ...(typeof metric.value === 'string' ? { metric: run.content(metric) } : {}),
  }
}

type Make = (at: Cursor, parts: CheckParts) => readonly CheckInput[] | Promise<readonly CheckInput[]>

const textOf = (at: Cursor, run: PromptfooImport): string =>
  typeof at.value === 'string' ? run.content(at) : at.value === undefined ? '' : JSON.stringify(run.deepContent(at))

/** A list, or a text with commas between its items, some of them in quotes. */
function textsOf(at: Cursor, run: PromptfooImport): string[] {
  if (Array.isArray(at.value)) return at.items().map((each) => textOf(each, run))
  const items = textOf(at, run).matchAll(/\s*(?:"((?:[^"\\]|\\.|"")*)"|([^,]*))\s*(?:,|$)/gu)
  return [...items].map(([, quoted, plain]) => (quoted ?? plain ?? '').trim()).filter((text) => text !== '')
}

const containing =
  (mode: 'all' | 'any', ignoreCase: boolean): Make =>
  (at, { run }) => {
    const value = textsOf(at.at('value'), run)
    return value.length === 0 ? missing(at, run) : [{ type: 'contains', value, mode, ignoreCase }]
  }

const containingOne =
  (ignoreCase: boolean): Make =>
  (at, { run }) => [{ type: 'contains', value: textOf(at.at('value'), run), ignoreCase }]

function missing(at: Cursor, run: PromptfooImport): readonly CheckInput[] {
  run.note(
    at,
    `the assertion \`${String(at.at('type').value)}\` has no usable \`value\` or \`threshold\` and is left out`,
  )
  return []
}

/** A JSON schema in place, in a file, or as text; without one the answer only has to be JSON. */
const json: Make = async (at, { run }) => {
  const given = at.at('value')
  if (given.value === undefined || given.value === null) return [{ type: 'is_json' }]
  const file = typeof given.value === 'string' ? fileReference(given.value) : undefined
  const schema =
    file !== undefined
      ? (await run.readDocument(file.path)).value
      : typeof given.value === 'string'
        ? (parse(given.value) as unknown)
        : run.deepContent(given)
  if (typeof schema !== 'object' || schema === null) return missing(at, run)
  return [{ type: 'json_schema', schema: schema as Record<string, unknown> }]
}

const containedJson: Make = (at, parts) => {
  parts.run.note(at, '`contains-json` becomes a check of the whole answer, which has to be JSON')
  return json(at, parts)
}

const script: Make = (at, { scripts }) => {
  const check = scripts.checkFor(at)
  return check === undefined ? [] : [check]
}

const python: Make = (at, { run }) => {
  const given = at.at('value')
  if (typeof given.value !== 'string') return missing(at, run)
  const file = fileReference(given.value)
  if (file === undefined) return [{ type: 'python', code: run.content(given) }]
  return [{ type: 'python', file: run.pathFor(file.path), function: file.name ?? 'get_assert' }]
}

const judged =
  (wording: 'same' | 'other'): Make =>
  (at, { run, graders }) => {
    const { value: type } = at.at('type')
    if (wording === 'other') run.note(at, `\`${String(type)}\` becomes a judge with its text as the rubric`)
    const threshold = shareOf(at)
    const model = graders.nameOf('judge', at.at('provider'))
    return [
      { type: 'judge', rubric: textOf(at.at('value'), run), ...threshold, ...(model === undefined ? {} : { model }) },
    ]
  }

function shareOf(at: Cursor, otherwise?: number): { threshold?: number } {
  const { value } = at.at('threshold')
  const threshold = typeof value === 'number' ? value : otherwise
  return threshold === undefined ? {} : { threshold: Math.min(1, Math.max(0, threshold)) }
}

/** From which similarity embeddings pass where nothing is said. */
const usualSimilarity = 0.75
/** Edits that are allowed where nothing is said. */
const usualEdits = 5

const similar: Make = (at, { run, graders }) => {
  const model = graders.nameOf('embeddings', at.at('provider'))
  const named = model === undefined ? {} : { model }
  const given = at.at('value')
  if (Array.isArray(given.value)) {
    run.note(at, 'a list of texts for `similar` becomes one check for each, of which all have to pass')
  }
  return given.items().map((each) => ({
    type: 'similarity',
    method: 'embedding',
    value: textOf(each, run),
    ...shareOf(at, usualSimilarity),
    ...named,
  }))
}

const levenshtein: Make = (at, { run }) => {
  const value = textOf(at.at('value'), run)
  const edits = at.at('threshold').value
  const allowed = typeof edits === 'number' ? edits : usualEdits
  const threshold = Math.max(0, Number((1 - allowed / Math.max(value.length, 1)).toFixed(4)))
  run.note(at, `${allowed} edits of \`levenshtein\` become a similarity of ${threshold}, by the length of the value`)
  return [{ type: 'similarity', method: 'levenshtein', value, threshold }]
}

const bounded =
  (make: (max: number) => CheckInput): Make =>
  (at, { run }) => {
    const { value } = at.at('threshold')
    return typeof value === 'number' && value >= 0 ? [make(value)] : missing(at, run)
  }

const kinds: Readonly<Record<string, Make>> = {
  equals: (at, { run }) => [{ type: 'equals', value: run.deepContent(at.at('value')) }],
  contains: containingOne(false),
  icontains: containingOne(true),
  'contains-all': containing('all', false),
  'contains-any': containing('any', false),
  'icontains-all': containing('all', true),
  'icontains-any': containing('any', true),
  'starts-with': (at, { run }) => [{ type: 'starts_with', value: textOf(at.at('value'), run) }],
  regex: (at, { run }) => [{ type: 'regex', pattern: textOf(at.at('value'), run), flags: '' }],
  'is-json': json,
  'contains-json': containedJson,
  javascript: script,
  python,
  'llm-rubric': judged('same'),
  'model-graded-closedqa': judged('other'),
  'model-graded-factuality': judged('other'),
  factuality: judged('other'),
  'g-eval': judged('other'),
  similar,
  'similar:cosine': similar,
  levenshtein,
  latency: bounded((maxMs) => ({ type: 'latency', maxMs: Math.max(1, maxMs) })),
  cost: bounded((max) => ({ type: 'cost', max })),
}
