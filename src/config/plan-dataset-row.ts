import { posix } from 'node:path'
import type { FileSpec } from '../domain/case.ts'
import type { Place, Problem } from '../domain/errors.ts'
import type { Scenario } from '../domain/experiment.ts'
import type { WorkflowParameter } from '../domain/workflow.ts'

/** What is known of the columns of a dataset before it is read. */
export interface Columns {
  /** Parameters of the workflows that the dataset goes to, and of its combinations. */
  readonly declared: ReadonlyMap<string, DeclaredColumn>
  /** Where other columns belong: `vars`, unless no workflow says what it takes. */
  readonly others: 'inputs' | 'vars'
  /** Way from the folder of the plan to that of the dataset, for files that rows name; empty where it is the same. */
  readonly folder: string
}

/** A column that is a parameter. */
export interface DeclaredColumn {
  readonly type: WorkflowParameter['type']
  /** Whether there are values to combine; an empty cell leaves them free then. */
  readonly hasValues: boolean
}

/** One row: its cells by column, and where it stands. */
export interface Row {
  readonly cells: Iterable<readonly [string, unknown]>
  place(column: string): Place
}

type Part = 'inputs' | 'vars' | 'metadata'

/** A row as a scenario. Cells that cannot be what their column is declared to be are added to the problems. */
export function rowScenario(row: Row, columns: Columns, problems: Problem[]): Scenario {
  const parts: Record<Part, Record<string, unknown>> = { inputs: {}, vars: {}, metadata: {} }
  const said: { name?: string; id?: string; query?: string } = {}
  const files: FileSpec[] = []
  for (const [column, cell] of row.cells) {
    if (column === '') continue
    const declared = columns.declared.get(column)
    if (declared === undefined && (column === 'name' || column === 'id' || column === 'query')) {
      if (cell !== '' && cell !== null) said[column] = textOf(cell)
      continue
    }
    if (declared?.type === 'file') {
      files.push(...fileOf(cell, column, columns.folder))
      continue
    }
    const { part, key } = belongsTo(column, columns)
    const read = readCell(cell, columns.declared.get(key))
    if (read.problem !== undefined)
      problems.push({ message: `\`${column}\` ${read.problem}`, place: row.place(column) })
    else if (read.value !== undefined) define(parts[part], key, read.value)
  }
  if (said.id !== undefined) define(parts.metadata, 'id', said.id)
  const name = said.name ?? said.id
  return {
    ...(name === undefined ? {} : { name }),
    inputs: parts.inputs,
    vars: parts.vars,
    ...(said.query === undefined ? {} : { query: said.query }),
    files,
    checks: [],
    metadata: parts.metadata,
  }
}

function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, enumerable: true, configurable: true })
  else target[key] = value
}

function belongsTo(column: string, { declared, others }: Columns): { part: Part; key: string } {
  if (declared.has(column)) return { part: 'inputs', key: column }
  const said = /^(?<part>inputs|vars|metadata)\.(?<key>.+)$/u.exec(column)?.groups
  if (said !== undefined) return { part: said['part'] as Part, key: said['key'] ?? '' }
  const isExpected = /^(?:expected|ground_?truth|golden)/iu.test(column)
  return { part: isExpected ? 'vars' : others, key: column }
}

interface Cell {
  readonly value?: unknown
  readonly problem?: string
}

/** Cells of text files are text; what a declared parameter wants else is made of them. Empty ones are left out then. */
function readCell(cell: unknown, declared: DeclaredColumn | undefined): Cell {
  if (typeof cell !== 'string') return { value: cell }
  const text = cell.trim()
  if (text === '' && declared?.hasValues === true) return {}
  switch (declared?.type) {
    case 'number': {
      if (text === '') return {}
      const number = Number(text)
      return Number.isFinite(number) ? { value: number } : { problem: `must be a number, not ${JSON.stringify(cell)}` }
    }
    case 'boolean': {
      if (text === '') return {}
      const value = truths[text.toLowerCase()]
      return value === undefined ? { problem: `must be true or false, not ${JSON.stringify(cell)}` } : { value }
    }
    case 'json':
      return text === '' ? {} : jsonCell(text)
    case 'string':
    case 'select':
    case 'file':
    case undefined:
      return { value: cell }
  }
}

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  '1': true,
  false: false,
  no: false,
  '0': false,
}

function jsonCell(text: string): Cell {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { problem: 'must be JSON' }
  }
}

const kinds: readonly (readonly [FileSpec['type'], RegExp])[] = [
  ['image', /\.(?:png|jpe?g|gif|webp|svg)$/iu],
  ['audio', /\.(?:mp3|m4a|wav|amr|mpga)$/iu],
  ['video', /\.(?:mp4|mov|mpeg|webm)$/iu],
]

/** A cell of a column that is declared as a file: a path beside the dataset, or an address. */
function fileOf(cell: unknown, input: string, folder: string): FileSpec[] {
  if (typeof cell !== 'string' || cell.trim() === '') return []
  const text = cell.trim()
  const type = kinds.find(([, pattern]) => pattern.test(text.replace(/[?#].*$/u, '')))?.[0] ?? 'document'
  if (/^https?:\/\//iu.test(text)) return [{ url: text, type, input }]
  return [{ path: posix.isAbsolute(text) ? text : posix.join(folder, text), type, input }]
}

function textOf(cell: unknown): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell)
}
