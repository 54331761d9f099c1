import type { Problem } from '../domain/errors.ts'
import { scanJson } from '../lib/json-guard.ts'
import { lineFinder, parsePositions } from '../lib/positions.ts'
import type { Scalar } from './model.ts'

/** How rows are written: PICT's tab-separated text, CSV, JSON, or a Markdown table. */
export type RowFormat = 'text' | 'csv' | 'json' | 'markdown'

/** Rows as they stand in a file, before they are held against a model. */
export interface Table {
  readonly columns: readonly string[]
  /** Line of the header. */
  readonly line: number
  readonly records: readonly TableRecord[]
}

/** One row of a file. A cell that is not there is `undefined`. */
export interface TableRecord {
  readonly line: number
  readonly cells: readonly (Scalar | undefined)[]
}

/** The format of a file, from its name or else from its beginning. */
export function formatOf(file: string, text: string): RowFormat {
  const extension = /\.(\w+)$/u.exec(file)?.[1]?.toLowerCase() ?? ''
  const named = byExtension[extension]
  if (named !== undefined) return named
  const head = text.replace(/^\uFEFF/u, '').trimStart()
  if (head.startsWith('[') || head.startsWith('{')) return 'json'
  if (head.startsWith('|')) return 'markdown'
  const line = head.split('\n', 1)[0] ?? ''
  return !line.includes('\t') && line.includes(',') ? 'csv' : 'text'
}

const byExtension: Readonly<Record<string, RowFormat>> = {
  csv: 'csv',
  json: 'json',
  md: 'markdown',
  markdown: 'markdown',
  tsv: 'text',
  tab: 'text',
}

/** Cuts a file into cells; what cannot be read is added to `problems`. */
export function readTable(source: string, format: RowFormat, problems: Problem[]): Table {
  const text = source.replace(/^\uFEFF/u, '')
  if (format === 'json') return readJsonTable(text, problems)
  const lines = format === 'csv' ? csvLines(text, problems) : plainLines(text, format === 'markdown')
  const [header, ...rest] = lines
  const records = format === 'markdown' ? rest.filter(({ cells }) => !cells.every(isRule)) : rest
  return { columns: (header?.cells ?? []).map((name) => name.trim()), line: header?.line ?? 1, records }
}

interface TextLine {
  readonly line: number
  readonly cells: readonly string[]
}

function isRule(cell: string): boolean {
  return /^:?-+:?$/u.test(cell)
}

function plainLines(text: string, isMarkdown: boolean): TextLine[] {
  return text.split('\n').flatMap((raw, index) => {
    const shown = raw.replace(/\r$/u, '')
    if (shown.trim() === '' || (isMarkdown && !shown.trim().startsWith('|'))) return []
    return [{ line: index + 1, cells: isMarkdown ? markdownCells(shown) : shown.split('\t') }]
  })
}

function markdownCells(line: string): string[] {
  const inner = line.trim().replace(/^\|/u, '')
  const cells = inner.match(/(?:\\[^]|[^|\\])*(?:\||$)/gu) ?? []
  return cells
    .filter((cell, index) => cell !== '' || index < cells.length - 1)
    .map((cell) => cell.replace(/\|$/u, '').trim())
    .map((cell) => cell.replace(/<br>/gu, '\n').replace(/\\([!-/:-@[-`{-~])/gu, '$1'))
}

/** RFC 4180, with either line break, and semicolons where the header has no comma. */
function csvLines(text: string, problems: Problem[]): TextLine[] {
  const header = text.split('\n', 1)[0] ?? ''
  const separator = !header.includes(',') && header.includes(';') ? ';' : ','
  const cell = separator === ',' ? csvCells : semicolonCells
  const lines: TextLine[] = []
  let cells: string[] = []
  let line = 1
  let first = 1
  for (let at = 0; at < text.length;) {
    cell.lastIndex = at
    const found = cell.exec(text)
    if (found === null) {
      problems.push({ message: `line ${line}: a quote is not closed, or text stands behind a closing quote` })
      return lines
    }
    const [whole, quoted, plain = '', end] = found
    cells.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    at += whole.length
    if (end === separator && at < text.length) continue
    if (end === separator) cells.push('')
    if (cells.length > 1 || cells[0]?.trim() !== '') lines.push({ line: first, cells })
    cells = []
    first = line
  }
  return lines
}

const csvCells = /(?:"((?:[^"]|"")*)"|([^",\r\n][^,\r\n]*)?)(,|\r?\n|$)/uy
const semicolonCells = /(?:"((?:[^"]|"")*)"|([^";\r\n][^;\r\n]*)?)(;|\r?\n|$)/uy

/** A list of objects, or an object with such a list under `rows`. */
function readJsonTable(text: string, problems: Problem[]): Table {
  const none: Table = { columns: [], line: 1, records: [] }
  const refuse = (message: string): Table => {
    problems.push({ message })
    return none
  }
  if (scanJson(text, 8).tooDeepAt !== undefined) return refuse('rows are a list of objects, without further nesting')
  const positions = parsePositions(text)
  const find = lineFinder(text)
  if ('error' in positions) {
    const { line, column } = find(positions.error.start)
    return refuse(`line ${line}, column ${column}: ${positions.error.message}`)
  }
  const value: unknown = JSON.parse(text)
  const isWrapped = isObject(value) && Array.isArray(value['rows'])
  const rows: unknown = isWrapped ? value['rows'] : value
  const items = (isWrapped ? positions.root.members?.get('rows')?.value : positions.root)?.items ?? []
  if (!Array.isArray(rows))
    return refuse('rows should be a list of objects, or an object with such a list under `rows`')
  const columns = [...new Set(rows.flatMap((row) => (isObject(row) ? Object.keys(row) : [])))]
  const records = rows.flatMap((row: unknown, index): TableRecord[] => {
    const line = find(items[index]?.start ?? 0).line
    if (isObject(row)) return [{ line, cells: columns.map((name) => cellOf(row, name)) }]
    problems.push({ message: `line ${line}: a row should be an object of values by parameter` })
    return []
  })
  return { columns, line: 1, records }
}

function cellOf(row: Readonly<Record<string, unknown>>, name: string): Scalar | undefined {
  const cell = Object.hasOwn(row, name) ? row[name] : undefined
  if (cell === undefined || cell === null || typeof cell === 'boolean' || typeof cell === 'number') return cell
  return typeof cell === 'string' ? cell : JSON.stringify(cell)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
