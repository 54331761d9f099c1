import { flowSchema, scenarioSchema, type Flow, type Scenario } from '../domain/experiment.ts'
import { GreenloopError, type Problem } from '../domain/errors.ts'
import { foldName } from '../lib/nearest.ts'
import { isObject, type Sourced } from './aliases.ts'
import { parseText } from './document.ts'
import { readLargeText } from './large-text.ts'
import { rowScenario, type Columns } from './plan-dataset-row.ts'
import { readTable } from './plan-dataset-table.ts'
import { readPart } from './plan-view.ts'
import type { SourceDocument } from './source-document.ts'

/** What a dataset file holds, with everything that is wrong with it. */
export interface DatasetRows {
  readonly scenarios: readonly Scenario[]
  readonly flows: readonly Flow[]
  readonly problems: readonly Problem[]
}

/**
 * Reads the rows of a dataset: CSV, TSV, JSONL (`.jsonl`, `.ndjson`), or a JSON or YAML list. A row is either columns, of
 * which the declared ones are inputs, or a scenario or conversation as plans have them. Throws what `readDocument` throws.
 */
export async function readDataset(path: string, name: string, columns: Columns): Promise<DatasetRows> {
  const read = await readRows(path, name, columns)
  if (read.scenarios.length + read.flows.length + read.problems.length > 0) return read
  // A dataset without rows is tried as one empty row, which nobody means who names a file.
  const problem = {
    message: `\`${name}\` has no rows`,
    place: { file: name, line: 1 },
    help: 'add one, or leave out `file`',
  }
  return { ...read, problems: [problem] }
}

async function readRows(path: string, name: string, columns: Columns): Promise<DatasetRows> {
  const text = await readLargeText(path, name)
  if (/\.(?:csv|tsv)$/iu.test(path)) return { flows: [], ...readTable(text, name, columns) }
  if (/\.(?:jsonl|ndjson)$/iu.test(path)) return readLines(text, name, columns)
  const document = await parseText(text, name)
  return readItems(listIn(document), columns)
}

type Item = Sourced & { readonly document: SourceDocument }

const listNames = new Set(['scenarios', 'rows', 'data', 'cases', 'testcases', 'tests', 'examples', 'flows'])
const flowNames = new Set(['turns', 'messages', 'conversation', 'steps'])
const scenarioNames = new Set(['inputs', 'vars', 'variables', 'checks', 'assertions', 'files'])

function listIn(document: SourceDocument): Item[] {
  const { value } = document
  const inner = isObject(value) ? Object.entries(value).find(([key]) => listNames.has(foldName(key))) : undefined
  const list: unknown = inner?.[1] ?? value
  if (!Array.isArray(list)) {
    throw new GreenloopError('plan_invalid', `\`${document.file}\` must hold a list of rows`, {
      place: document.locate([]),
    })
  }
  const base = inner === undefined ? [] : [inner[0]]
  return list.map((item: unknown, index) => ({ document, value: item, at: [...base, index] }))
}

function readLines(text: string, file: string, columns: Columns): DatasetRows {
  const problems: Problem[] = []
  const items = text.split('\n').flatMap((line, index): Item[] => {
    if (line.trim() === '') return []
    const place = { file, line: index + 1 }
    try {
      const value = JSON.parse(line) as unknown
      return [{ value, at: [], document: { file, format: 'json', value, locate: () => place } }]
    } catch {
      problems.push({ message: 'the line is not JSON', place, help: 'each line holds one object' })
      return []
    }
  })
  const read = readItems(items, columns)
  return { ...read, problems: [...problems, ...read.problems] }
}

function readItems(items: readonly Item[], columns: Columns): DatasetRows {
  const scenarios: Scenario[] = []
  const flows: Flow[] = []
  const problems: Problem[] = []
  for (const item of items) {
    const { value, document, at } = item
    const kind = kindOf(value)
    if (kind === 'columns' && isObject(value)) {
      const place = (column: string) => document.locate([...at, column])
      scenarios.push(rowScenario({ cells: Object.entries(value), place }, columns, problems))
      continue
    }
    const part = kind === 'flow' ? readPart(flowSchema, document, item) : readPart(scenarioSchema, document, item)
    problems.push(...part.problems)
    if (!part.checked.ok) continue
    if ('turns' in part.checked.value) flows.push(part.checked.value)
    else scenarios.push(part.checked.value)
  }
  return { scenarios, flows, problems }
}

function kindOf(value: unknown): 'columns' | 'scenario' | 'flow' {
  if (!isObject(value)) return 'scenario'
  const has = (names: ReadonlySet<string>) =>
    Object.entries(value).some(
      ([key, member]) => names.has(foldName(key)) && typeof member === 'object' && member !== null,
    )
  if (has(flowNames)) return 'flow'
  return has(scenarioNames) ? 'scenario' : 'columns'
}
