import { dirname, relative, resolve } from 'node:path'
import type { Place, Problem } from '../domain/errors.ts'
import { readText } from './bytes.ts'
import { parseText } from './document.ts'
import type { Pointer, SourceDocument } from './source-document.ts'

/** A value of a file that knows where it stands. */
export interface Cursor {
  readonly value: unknown
  readonly place: Place | undefined
  /** The member or item; its value is `undefined` where there is none. */
  at(step: string | number): Cursor
  /** Items of a list; a value that is no list is its only item, and nothing has none. */
  items(): readonly Cursor[]
  /** Members of an object, `undefined` ones left out. */
  members(): readonly (readonly [string, Cursor])[]
}

/** A cursor on the root of a document. */
export function cursorOf(document: SourceDocument): Cursor {
  return makeCursor(document.value, [], (pointer) => document.locate(pointer))
}

/** A cursor on a value all of whose parts stand at one place: a line of a table. */
export function cursorAt(value: unknown, place: Place | undefined): Cursor {
  return makeCursor(value, [], () => place)
}

function makeCursor(value: unknown, pointer: Pointer, locate: (pointer: Pointer) => Place | undefined): Cursor {
  const at = (step: string | number): Cursor => makeCursor(memberOf(value, step), [...pointer, step], locate)
  return {
    value,
    get place() {
      return locate(pointer)
    },
    at,
    items: () => {
      if (value === undefined || value === null) return []
      return Array.isArray(value) ? value.map((_, index) => at(index)) : [makeCursor(value, pointer, locate)]
    },
    members: () =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((key) => [key, at(key)] as const)
        : [],
  }
}

function memberOf(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
  return (value as Record<string | number, unknown>)[step]
}

/** One import: where it reads from, where its files will lie, and what it could not take over. */
export interface PromptfooImport {
  /** Absolute folder of the configuration: what its paths start from. */
  readonly folder: string
  /** In the order of the files and their lines, the configuration first. */
  notes(): readonly Problem[]
  note(at: Pick<Cursor, 'place'>, message: string, help?: string): void
  /** A path of the configuration as the written files have to name it. */
  pathFor(path: string): string
  /** A path of the configuration as notes name it. */
  nameFor(path: string): string
  /** Text of a file of the configuration. */
  read(path: string): Promise<string>
  /** A JSON or YAML file of the configuration. */
  readDocument(path: string): Promise<Cursor>
  /** A text of a setting, with `{{env.NAME}}` as `${NAME}`; filters, loops and tags are noted. */
  text(at: Cursor): string
  /** {@link PromptfooImport.text} of every text in a value. */
  deep(at: Cursor): unknown
  /** A text of a prompt, a row or a check, where `${NAME}` is no variable; what cannot be taken over is noted. */
  content(at: Cursor): string
  /** {@link PromptfooImport.content} of every text in a value. */
  deepContent(at: Cursor): unknown
}

/** Where an import reads from and where its files will lie. */
export interface ImportFolders {
  /** Configuration file, absolute. */
  readonly file: string
  /** Folder that the files are written to, absolute. */
  readonly to: string
  /** Folder that notes name files from, absolute. */
  readonly cwd: string
}

/** Notes of the same wording that are kept: a table of ten thousand rows says everything ten thousand times. */
const likeNotes = 20

/** Begins an import. */
export function startImport({ file, to, cwd }: ImportFolders): PromptfooImport {
  const folder = dirname(file)
  const notes: Problem[] = []
  const known = new Set<string>()
  const counts = new Map<string, number>()
  const note: PromptfooImport['note'] = ({ place }, message, help) => {
    const where = `${place?.file}:${place?.line} ${message}`
    if (known.has(where)) return
    known.add(where)
    const count = (counts.get(message) ?? 0) + 1
    counts.set(message, count)
    if (count > likeNotes) return
    const more = count === likeNotes ? ' (and perhaps in further places)' : ''
    notes.push({
      message: `${message}${more}`,
      ...(place === undefined ? {} : { place }),
      ...(help === undefined ? {} : { help }),
    })
  }
  const nameOf = (path: string): string => relative(cwd, resolve(folder, path)) || path
  const read = (path: string): Promise<string> => readText(resolve(folder, path), nameOf(path))
  const text: PromptfooImport['text'] = (at) => convertText(String(at.value), (message) => note(at, message))
  const content: PromptfooImport['content'] = (at) => convertContent(String(at.value), (message) => note(at, message))
  return {
    folder,
    notes: () => notes.toSorted((a, b) => compareNotes(a, b, nameOf(file))),
    note,
    pathFor: (path) => (relative(to, resolve(folder, path)) || path).replaceAll('\\', '/'),
    nameFor: nameOf,
    read,
    readDocument: async (path) => cursorOf(await parseText(await read(path), nameOf(path))),
    text,
    deep: (at) => deeply(at, text),
    content,
    deepContent: (at) => deeply(at, content),
  }
}

function deeply(at: Cursor, convert: (at: Cursor) => string): unknown {
  if (typeof at.value === 'string') return convert(at)
  if (Array.isArray(at.value)) return at.items().map((each) => deeply(each, convert))
  if (typeof at.value !== 'object' || at.value === null) return at.value
  return Object.fromEntries(at.members().map(([key, member]) => [key, deeply(member, convert)]))
}

function compareNotes(a: Problem, b: Problem, config: string): number {
  const files = [a, b].map(({ place }) => (place?.file === undefined || place.file === config ? '' : place.file))
  const [first = '', second = ''] = files
  if (first !== second) return first < second ? -1 : 1
  return (a.place?.line ?? 0) - (b.place?.line ?? 0)
}

const envPlaceholder = /\{\{\s*env\.([A-Za-z_]\w*)\s*\}\}/gu
const envElement = /\{\{\s*env\[\s*['"]([A-Za-z_]\w*)['"]\s*\]\s*\}\}/gu

/** Dollar signs that would be read as variables of the environment are doubled first. */
function convertText(text: string, note: (message: string) => void): string {
  const escaped = text.replaceAll('${', () => '$${')
  return convertPlaceholders(escaped.replaceAll(envPlaceholder, '${$1}').replaceAll(envElement, '${$1}'), note)
}

function convertContent(text: string, note: (message: string) => void): string {
  for (const [found] of [...text.matchAll(envPlaceholder), ...text.matchAll(envElement)])
    note(`\`${found}\` stays as it is: variables of the environment are filled into settings, not into texts`)
  return convertPlaceholders(text, note)
}

function convertPlaceholders(text: string, note: (message: string) => void): string {
  const converted = text.replaceAll(/\{\{[^{}]*\}\}/gu, (whole) =>
    whole.replaceAll(/\[(\d+)\]/gu, '.$1').replaceAll(/\{\{-|-\}\}/gu, braces),
  )
  for (const [found] of converted.matchAll(/\{%.*?%\}|\{#.*?#\}/gsu))
    note(`the template tag \`${found}\` stays as it is`)
  for (const [found] of converted.matchAll(/\{\{[^{}]*\}\}/gu)) {
    if (!plainPlaceholder.test(found)) note(`the template expression \`${found}\` is not taken over and stays as it is`)
  }
  return converted
}

const plainPlaceholder = /^\{\{\s*[\p{L}_][\p{L}\p{N}_.-]*\s*\}\}$/u

const braces = (found: string): string => found.replace('-', '')

/** Path behind `file://`, with the function after a last colon: `file://check.py:grade`. */
export function fileReference(text: string): { readonly path: string; readonly name?: string } | undefined {
  if (!text.startsWith('file://')) return undefined
  const path = text.slice('file://'.length)
  const named = /^(.+\.(?:[cm]?[jt]s|py|rb)):([\w.]+)$/u.exec(path)
  return named?.[1] === undefined || named[2] === undefined ? { path } : { path: named[1], name: named[2] }
}
