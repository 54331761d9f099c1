import { parse } from 'csv-parse/sync'
import type { Cursor, PromptfooImport } from './promptfoo-source.ts'
import { cursorAt } from './promptfoo-source.ts'

/** Where a table stands. */
export interface TablePlace {
  readonly file: string
  readonly run: PromptfooImport
}

/**
 * Reads a table of tests. Columns are variables, but for `__expected` (with a number behind it for several),
 * `__description`, `__metric` and `__metadata:NAME`; other columns that begin with `__` are noted.
 */
export function readTestTable(text: string, { file, run }: TablePlace): readonly Cursor[] {
  const rows = parse(text, {
    delimiter: file.toLowerCase().endsWith('.tsv') ? '\t' : [',', ';'],
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    trim: true,
  }) as unknown as readonly { readonly record: readonly string[]; readonly info: { readonly lines: number } }[]
  const [head, ...body] = rows
  if (head === undefined) return []
  for (const column of head.record) {
    if (column.startsWith('__') && !isKnown(column)) {
      run.note({ place: { file, line: 1, column: 1 } }, `the column \`${column}\` is not taken over`)
    }
  }
  return body.map(({ record, info }) => {
    const cells = head.record.map((column, index) => [column, record[index] ?? ''] as const)
    return cursorAt(testOf(cells), { file, line: info.lines, column: 1 })
  })
}

const isKnown = (column: string): boolean => /^__(?:expected\d*|description|metric|metadata:.+)$/u.test(column)

function testOf(cells: readonly (readonly [string, string])[]): unknown {
  const find = (name: string): string | undefined => cells.find(([column]) => column === name)?.[1]
  const metric = find('__metric')
  const expected = cells.filter(([column, cell]) => /^__expected\d*$/u.test(column) && cell !== '')
  const metadata = cells.filter(([column, cell]) => column.startsWith('__metadata:') && cell !== '')
  return {
    description: find('__description'),
    vars: Object.fromEntries(cells.filter(([column]) => !column.startsWith('__'))),
    assert: expected.map(([, cell]) => ({ ...expectedCheck(cell), ...(metric ? { metric } : {}) })),
    metadata: Object.fromEntries(metadata.map(([column, cell]) => [column.slice('__metadata:'.length), cell])),
  }
}

const written = /^(not-)?([a-z][a-z-]*)(?:\((\d+(?:\.\d+)?)\))?:\s*([^]*)$/u
const bare = /^(not-)?(is-json|contains-json|latency|cost)(?:\((\d+(?:\.\d+)?)\))?$/u
const otherNames: Readonly<Record<string, string>> = { fn: 'javascript', eval: 'javascript', grade: 'llm-rubric' }

/** The assertion in a cell: `contains: x`, `similar(0.8): x`, `not-is-json`, or a text that has to be equal. */
function expectedCheck(cell: string): Readonly<Record<string, unknown>> {
  const found = written.exec(cell) ?? bare.exec(cell)
  const [, not = '', name = '', threshold, value] = found ?? []
  const type = Object.hasOwn(otherNames, name) ? otherNames[name] : name
  if (found === null || type === undefined || !kinds.has(type)) return { type: 'equals', value: cell }
  return {
    type: `${not}${type}`,
    ...(value === undefined || value === '' ? {} : { value: value.startsWith('file://') ? value : value.trim() }),
    ...(threshold === undefined ? {} : { threshold: Number(threshold) }),
  }
}

/** Words before a colon that are assertions; `Note: …` is a text. */
const kinds = new Set([
  'equals',
  'contains',
  'icontains',
  'contains-any',
  'contains-all',
  'icontains-any',
  'icontains-all',
  'starts-with',
  'regex',
  'is-json',
  'contains-json',
  'javascript',
  'python',
  'llm-rubric',
  'model-graded-closedqa',
  'factuality',
  'similar',
  'levenshtein',
  'latency',
  'cost',
])
