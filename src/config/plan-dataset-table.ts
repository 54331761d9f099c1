import { CsvError, parse } from 'csv-parse/sync'
import type { Problem } from '../domain/errors.ts'
import type { Scenario } from '../domain/experiment.ts'
import { rowScenario, type Columns } from './plan-dataset-row.ts'

/** Rows of a table as scenarios, with what is wrong with it. */
export interface TableRows {
  readonly scenarios: readonly Scenario[]
  readonly problems: readonly Problem[]
}

interface Record {
  readonly record: readonly string[]
  /** `lines`: lines read up to the end of the record. */
  readonly info: { readonly lines: number }
}

/**
 * Reads CSV (RFC 4180: quotes, line breaks in cells, `,` or `;` between them) or TSV; the first row names the columns.
 * Problems name the line on which the row begins.
 */
export function readTable(text: string, file: string, columns: Columns): TableRows {
  const delimiter = /\.tsv$/iu.test(file) ? '\t' : delimiterOf(text)
  const parsed = parseRows(text, delimiter, file)
  if ('problem' in parsed) return { scenarios: [], problems: [parsed.problem] }
  const [head, ...rows] = parsed.rows
  if (head === undefined)
    return { scenarios: [], problems: [{ message: 'the file is empty', place: { file, line: 1 } }] }
  const names = head.record.map((name) => name.trim())
  const problems = namesTwice(names, file)
  const scenarios: Scenario[] = []
  let before = head.info.lines
  for (const { record, info } of rows) {
    const line = before + 1
    before = info.lines
    const place = () => ({ file, line })
    const isLong = record.slice(names.length).some((cell) => cell !== '')
    if (record.length < names.length || isLong) {
      const message = `the row has ${record.length} cells, but there are ${names.length} columns`
      problems.push({ message, place: place(), help: 'a cell that holds the separator stands in quotes' })
      continue
    }
    const cells = names.map((name, index) => [name, record[index] ?? ''] as const)
    scenarios.push(rowScenario({ cells, place }, columns, problems))
  }
  return { scenarios, problems }
}

/** Spreadsheets of countries with a decimal comma write `;`. */
function delimiterOf(text: string): string {
  const head = (/^[^\n]*/u.exec(text)?.[0] ?? '').replaceAll(/"[^"]*"/gu, '')
  if (head.includes(',')) return ','
  return head.includes(';') ? ';' : head.includes('\t') ? '\t' : ','
}

function parseRows(text: string, delimiter: string, file: string): { rows: Record[] } | { problem: Problem } {
  try {
    // The types of the package do not tell that `info` wraps each record.
    const rows = parse(text, {
      delimiter,
      info: true,
      bom: true,
      relax_column_count: true,
      skip_records_with_empty_values: true,
    }) as unknown as Record[]
    return { rows }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? error['lines'] : 1
    return { problem: { message: wording(error), place: { file, line } } }
  }
}

function wording(error: CsvError): string {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote is opened and never closed'
  if (error.code === 'INVALID_OPENING_QUOTE') return 'a quote stands inside a cell that does not begin with one'
  if (error.code === 'CSV_INVALID_CLOSING_QUOTE') return 'text stands behind the closing quote of a cell'
  return error.message
}

function namesTwice(names: readonly string[], file: string): Problem[] {
  const seen = new Set<string>()
  return names.flatMap((name) => {
    const isTwice = name !== '' && seen.has(name)
    seen.add(name)
    return isTwice ? [{ message: `two columns are called \`${name}\``, place: { file, line: 1 } }] : []
  })
}
