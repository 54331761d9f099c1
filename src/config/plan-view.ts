import type { z } from 'zod'
import type { Place, Problem } from '../domain/errors.ts'
import { nearest } from '../lib/nearest.ts'
import { createMapper, isObject, type Mapper, type Mapping, type Sourced } from './aliases.ts'
import { isSecretKey, isReference } from './expansion.ts'
import { experimentShapes } from './experiment-shapes.ts'
import { schemaMapping } from './schema-mapping.ts'
import type { Pointer, SourceDocument } from './source-document.ts'
import { validate, valueAt, type Checked } from './validate.ts'

/** A part of a mapped document, whether it follows its schema or not, with its place in the file. */
export interface View {
  readonly value: unknown
  /** The value where it is text that is not empty. */
  readonly text: string | undefined
  get(key: string): View
  /** Items of a list; none where it is no list. */
  items(): View[]
  /** Members of an object; none where it is no object. */
  entries(): [string, View][]
  place(part?: 'key' | 'value'): Place
}

/** A document, or a part of one, in the form of a schema, with what is wrong with it. */
export interface ReadPart<T> {
  readonly view: View
  readonly checked: Checked<T>
  readonly problems: readonly Problem[]
}

/** Maps and checks one part of a document. Nothing is thrown: problems are collected over all files. */
export function readPart<S extends z.ZodType>(
  schema: S,
  document: SourceDocument,
  source: Sourced = { value: document.value, at: [] },
): ReadPart<z.output<S>> {
  const mapper = createMapper(document, source.at)
  const root = mappingOf(schema)(source, mapper)
  const spell = (pointer: Pointer) => mapper.spell(root, pointer)
  const locate = (pointer: Pointer, part?: 'key' | 'value') => document.locate(spell(pointer), part)
  const checked = validate(schema, root, { spell, locate })
  const issues = checked.ok ? [] : checked.problems.filter((problem) => !isReported(problem, mapper))
  const problems = [...mapper.problems, ...issues.map(reworded)].map(withoutSecret)
  return { view: viewAt({ root, locate }, []), checked, problems }
}

const mappings = new Map<z.ZodType, Mapping>()

function mappingOf(schema: z.ZodType): Mapping {
  const known = mappings.get(schema)
  if (known !== undefined) return known
  const mapping = schemaMapping(schema, experimentShapes)
  mappings.set(schema, mapping)
  return mapping
}

/** A kind that nobody knows is reported by the mapping already, which has the nearest name. */
function isReported({ message, place }: Problem, mapper: Mapper): boolean {
  if (!message.includes(' must be another value')) return false
  return mapper.problems.some((own) => own.place?.line === place?.line && own.place?.column === place?.column)
}

/** Keys are named as these files write them; what is not there is missing, whatever it must be. */
function reworded(problem: Problem): Problem {
  const message = problem.message.replace(/ must be .*, not nothing$/u, ' is missing')
  const help = problem.help?.replaceAll(/`[a-z]+[A-Z]\w*`/gu, inSnakeCase)
  // The name of what is missing is that of the schema, for no file spells it.
  const spelled = message.endsWith(' is missing') ? message.replace(/\w+(?=`)/u, inSnakeCase) : message
  return { ...problem, message: spelled, ...(help === undefined ? {} : { help }) }
}

function inSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)
}

/** A line that holds a key is not shown. */
function withoutSecret(problem: Problem): Problem {
  const text = problem.place?.text
  if (problem.place === undefined || text === undefined || isReference(text)) return problem
  const names = text.match(/[\w-]+(?=["']?\s*:)/gu) ?? []
  return names.some(isSecretKey) ? { ...problem, place: withoutText(problem.place) } : problem
}

/** A place without its line, for lines that hold a secret. */
export function withoutText(place: Place): Place {
  const { text: _, ...rest } = place
  return rest
}

interface Root {
  readonly root: unknown
  readonly locate: (pointer: Pointer, part?: 'key' | 'value') => Place
}

function viewAt(source: Root, pointer: Pointer): View {
  const value = valueAt(source.root, pointer)
  return {
    value,
    text: typeof value === 'string' && value !== '' ? value : undefined,
    get: (key) => viewAt(source, [...pointer, key]),
    items: () => (Array.isArray(value) ? value.map((_, index) => viewAt(source, [...pointer, index])) : []),
    entries: () => (isObject(value) ? Object.keys(value).map((key) => [key, viewAt(source, [...pointer, key])]) : []),
    place: (part = 'value') => source.locate(pointer, part),
  }
}

/** The problem of a name that is not among those that are known. */
export function unknownName(view: View, what: string, known: readonly string[]): Problem {
  const name = view.text ?? ''
  const near = nearest(name, known)
  const some = [...new Set(known)].slice(0, 12).map((one) => `\`${one}\``)
  const list = some.length === 0 ? 'there is none' : `known: ${some.join(', ')}${known.length > 12 ? ' …' : ''}`
  return {
    message: `there is no ${what} \`${name}\``,
    place: view.place(),
    help: near === undefined ? list : `did you mean \`${near}\`?`,
  }
}
