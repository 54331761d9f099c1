import { GreenloopError } from '../domain/errors.ts'
import type { Place, Problem } from '../domain/errors.ts'
import type { Model, Parameter, Scalar } from './model.ts'
import { folding } from './model-truth.ts'
import { didYouMean } from './pict-report.ts'
import { cellLookup, type CellLookup } from './rows-cells.ts'
import { formatOf, readTable, type RowFormat, type Table, type TableRecord } from './rows-table.ts'

/** A row of a file as value indices by parameter. */
export interface GivenRow {
  /** Value index by parameter, -1 where the row leaves it open. */
  readonly values: Int32Array
  readonly line: number
  /** Text of the column with results, where one was asked for and the row has it. */
  readonly outcome?: string | undefined
}

/** How rows are read. */
export interface RowOptions {
  /** Name of the file, for messages and for its format. */
  readonly file: string
  /** Format, where it shall not follow from the name and the beginning of the file. */
  readonly format?: RowFormat | undefined
  /**
   * What becomes of columns and values that the model does not have: `refuse` is an error, `skip` leaves them out with a
   * warning, as PICT does with seeds.
   */
  readonly unknown: 'refuse' | 'skip'
  /** Name of a column that holds a result and is no parameter. */
  readonly outcome?: string | undefined
}

/** Rows that were read, with what was left out. */
export interface GivenRows {
  readonly rows: readonly GivenRow[]
  readonly warnings: readonly Problem[]
}

/**
 * Reads rows: CSV, PICT's tab-separated text, JSON or a Markdown table, with their columns in any order. An empty cell
 * leaves its parameter open. Whether rows satisfy the constraints is not looked at. Throws `rows_invalid` with every
 * problem and its line.
 */
export function readRows(text: string, model: Model, options: RowOptions): GivenRows {
  const problems: Problem[] = []
  const warnings: Problem[] = []
  const { file, unknown } = options
  const format = options.format ?? formatOf(file, text)
  const table = readTable(text, format, problems)
  const report: Report = { file, odd: unknown === 'refuse' ? problems : warnings, problems }
  const columns = problems.length > 0 ? undefined : resolveColumns(table, { model, options, report })
  const rows =
    columns === undefined
      ? []
      : table.records.map((record) =>
          readRow(record, columns, { table, model, report, isShortAllowed: format === 'text' }),
        )
  if (problems.length === 0) return { rows, warnings }
  const message = problems.length === 1 ? (problems[0]?.message ?? '') : `${problems.length} problems in ${file}`
  throw new GreenloopError('rows_invalid', message, {
    problems: problems.map((each) => ({ place: { file }, ...each })),
  })
}

interface Report {
  readonly file: string
  readonly problems: Problem[]
  /** Where columns and values go that the model does not have. */
  readonly odd: Problem[]
}

/** What a column of the file is. */
type Column =
  | { readonly kind: 'parameter'; readonly index: number; readonly parameter: Parameter; readonly find: CellLookup }
  | { readonly kind: 'outcome' }
  | { readonly kind: 'unknown' }

interface ColumnScope {
  readonly model: Model
  readonly options: RowOptions
  readonly report: Report
}

function resolveColumns(table: Table, { model, options, report }: ColumnScope): readonly Column[] {
  const fold = folding(model.caseSensitive)
  const names = model.parameters.map(({ name }) => name)
  const place: Place = { file: report.file, line: table.line }
  const taken = new Set<string>()
  const columns = table.columns.map((name): Column => {
    if (taken.has(fold(name))) report.problems.push({ message: `column \`${name}\` stands twice`, place })
    taken.add(fold(name))
    const index = names.findIndex((each) => fold(each) === fold(name))
    const parameter = model.parameters[index]
    if (parameter !== undefined) return { kind: 'parameter', index, parameter, find: cellLookup(parameter, model) }
    if (options.outcome !== undefined && fold(name) === fold(options.outcome)) return { kind: 'outcome' }
    const help = didYouMean(name, names)
    report.odd.push({ message: `the model has no parameter \`${name}\``, place, ...(help && { help }) })
    return { kind: 'unknown' }
  })
  for (const name of names)
    if (!taken.has(fold(name)) && table.records.length > 0)
      report.odd.push({ message: `there is no column for \`${name}\``, place })
  if (options.outcome !== undefined && !columns.some(({ kind }) => kind === 'outcome'))
    report.problems.push({ message: `there is no column \`${options.outcome}\` with results`, place })
  return columns
}

interface RowScope {
  readonly table: Table
  readonly model: Model
  readonly report: Report
  /** Editors strip tabs from the ends of lines, so a short line is one with open ends. */
  readonly isShortAllowed: boolean
}

function readRow(record: TableRecord, columns: readonly Column[], scope: RowScope): GivenRow {
  const { table, model, report } = scope
  const place: Place = { file: report.file, line: record.line }
  const values = new Int32Array(model.parameters.length).fill(-1)
  const { length } = record.cells
  if (length > table.columns.length || (length < table.columns.length && !scope.isShortAllowed))
    report.problems.push({ message: `line ${record.line} has ${length} cells, not ${table.columns.length}`, place })
  let outcome: string | undefined
  columns.forEach((column, at) => {
    const cell = record.cells[at]
    if (column.kind === 'outcome' && cell !== undefined && cell !== '') outcome = String(cell)
    if (column.kind !== 'parameter' || cell === undefined) return
    const value = findValue(cell, column)
    if (value !== undefined) values[column.index] = value
    else if (!isOpen(cell)) report.odd.push(unknownValue(cell, column.parameter, place))
  })
  return { values, line: record.line, outcome }
}

function findValue(cell: Scalar, { find, parameter }: Extract<Column, { kind: 'parameter' }>): number | undefined {
  const value = find(cell)
  // The text "null" is no value for a cell without one.
  return cell === null && value !== undefined && parameter.values[value]?.json !== null ? undefined : value
}

function isOpen(cell: Scalar): boolean {
  return cell === null || (typeof cell === 'string' && cell.trim() === '')
}

function unknownValue(cell: Scalar, parameter: Parameter, place: Place): Problem {
  const help = didYouMean(
    String(cell),
    parameter.values.map(({ text }) => text),
  )
  const message = `line ${place.line}: \`${parameter.name}\` has no value \`${String(cell)}\``
  return { message, place, ...(help && { help }) }
}
