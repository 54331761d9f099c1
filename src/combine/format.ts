import type { Model } from './model.ts'
import { cellJson, cellText, flat } from './rows-cells.ts'
import type { RowFormat } from './rows-table.ts'

/** Rows as a text, piece by piece, so that rows without end can be written. */
interface RowWriter {
  /** What stands before the rows. */
  head(): string
  /** One row: value index by parameter, -1 for an open one. Of several names of a value, rows take turns. */
  row(values: ArrayLike<number>): string
  /** What stands behind them. */
  end(): string
}

/** Writes rows so that {@link readRows} gives them back. */
function createRowWriter(model: Model, format: RowFormat): RowWriter {
  const names = model.parameters.map(({ name }) => name)
  const cells = createCells(model, format)
  if (format === 'json') return jsonWriter(names, cells)
  const line = lineStyles[format]
  const rule = format === 'markdown' ? `|${' --- |'.repeat(names.length)}\n` : ''
  return {
    head: () => `${line(names)}\n${rule}`,
    row: (values) => `${line(cells(values).map(String))}\n`,
    end: () => '',
  }
}

/** All rows at once. */
export function formatRows(model: Model, rows: Iterable<ArrayLike<number>>, format: RowFormat): string {
  const writer = createRowWriter(model, format)
  const parts = [writer.head()]
  for (const row of rows) parts.push(writer.row(row))
  return [...parts, writer.end()].join('')
}

type Cell = string | number | boolean | null

function createCells({ parameters }: Model, format: RowFormat): (values: ArrayLike<number>) => Cell[] {
  const turns = parameters.map(({ values }) => values.map(() => 0))
  return (row) =>
    parameters.map((parameter, index): Cell => {
      const at = row[index] ?? -1
      const value = parameter.values[at]
      if (value === undefined) return format === 'json' ? null : ''
      const all = [value.text, ...value.aliases]
      const turn = turns[index]?.[at] ?? 0
      if (turns[index] !== undefined) turns[index][at] = (turn + 1) % all.length
      const name = all[turn] ?? value.text
      return format === 'json' ? cellJson(value, name, parameter) : cellText(value, name)
    })
}

function jsonWriter(names: readonly string[], cells: (values: ArrayLike<number>) => Cell[]): RowWriter {
  let isFirst = true
  return {
    head: () => '[',
    row: (values) => {
      const lead = isFirst ? '\n  ' : ',\n  '
      isFirst = false
      const members = cells(values).map((cell, index) => `${JSON.stringify(names[index])}: ${JSON.stringify(cell)}`)
      return `${lead}{ ${members.join(', ')} }`
    },
    end: () => '\n]\n',
  }
}

const lineStyles: Readonly<Record<Exclude<RowFormat, 'json'>, (cells: readonly string[]) => string>> = {
  text: (cells) => cells.map(flat).join('\t'),
  csv: (cells) => cells.map(csvCell).join(','),
  markdown: (cells) => `| ${cells.map(markdownCell).join(' | ')} |`,
}

function csvCell(text: string): string {
  return /[",\r\n]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function markdownCell(text: string): string {
  return text.replace(/[\\|<*_`[]/gu, '\\$&').replace(/\r\n|\n|\r/gu, '<br>')
}
