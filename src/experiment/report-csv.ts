import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Scalar } from '../domain/case.ts'
import type { TestResult } from '../domain/test-result.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import { safeJson } from './report-clean.ts'
import { type GrowingFile, openGrowing } from './report-file.ts'
import { metricsOf } from './report-outcome.ts'

const fixed = [
  'id',
  'workflow',
  'variant',
  'case_id',
  'case_name',
  'dataset',
  'repeat',
  'state',
  'status',
  'passed',
  'score',
  'latency_ms',
  'ttft_ms',
  'queued_ms',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cost',
  'currency',
  'model',
  'attempts',
] as const

type Cell = Scalar | undefined
/** One row before it is known which columns there are. */
type Draft = readonly [
  cells: readonly Cell[],
  parameters: Readonly<Record<string, Cell>>,
  metrics: Readonly<Record<string, number>>,
  tail: readonly string[],
]

/** Writes `results.csv`: a row for each trial (RFC 4180). Cells with text never begin like a formula. */
interface CsvReport {
  readonly drafts: GrowingFile
  add(result: TestResult): void
  /** Writes the file, now that every parameter and metric is known; not yet kept. */
  finish(): Promise<GrowingFile>
}

/** Opens the report. Rows wait in a file of their own, because their columns are known only at the end. */
export async function openCsv(path: string): Promise<CsvReport> {
  const drafts = await openGrowing(`${path}.rows`)
  const parameters = new Set<string>()
  const metrics = new Set<string>()
  return {
    drafts,
    add: (result) => {
      const draft = draftOf(result)
      for (const name of Object.keys(draft[1])) parameters.add(name)
      for (const name of Object.keys(draft[2])) metrics.add(name)
      // A reader of lines takes U+2028 for the end of one, so it is spelled out.
      drafts.write(`${safeJson(draft)}\n`)
    },
    finish: async () => {
      await drafts.close()
      const file = await openGrowing(path)
      try {
        await writeRows(file, drafts, { parameters: [...parameters], metrics: [...metrics] })
      } catch (error) {
        await file.discard()
        throw error
      }
      await drafts.discard()
      return file
    },
  }
}

async function writeRows(
  file: GrowingFile,
  drafts: GrowingFile,
  names: { readonly parameters: readonly string[]; readonly metrics: readonly string[] },
): Promise<void> {
  const titles = [
    ...fixed,
    ...names.parameters.map((name) => `param.${name}`),
    ...names.metrics.map((name) => `metric.${name}`),
  ]
  file.write(lineOf([...titles, 'error', 'text']))
  for await (const line of createInterface({ input: createReadStream(drafts.temporary), crlfDelay: Infinity })) {
    const [cells, parameters, metrics, tail] = JSON.parse(line) as Draft
    const own = names.parameters.map((name) => (Object.hasOwn(parameters, name) ? parameters[name] : undefined))
    const scored = names.metrics.map((name) => (Object.hasOwn(metrics, name) ? metrics[name] : undefined))
    file.write(lineOf([...cells, ...own, ...scored, ...tail]))
    await file.drain()
  }
  await file.close()
}

function draftOf(result: TestResult): Draft {
  const { timing, usage, cost } = result
  const cells = [
    result.id,
    result.workflowId,
    result.variantId,
    result.caseId,
    result.caseName,
    result.dataset,
    result.repeat,
    result.state,
    result.status,
    result.passed,
    result.score,
    result.latencyMs,
    timing.ttftMs,
    timing.queuedMs,
    usage?.inputTokens,
    usage?.outputTokens,
    result.tokens,
    cost === undefined ? undefined : Number(cost.amount),
    cost?.currency,
    result.model,
    result.attempts.length,
  ]
  return [cells, result.parameters, metricsOf(result), [result.error?.message ?? '', capHead(result.text, 1000)]]
}

function lineOf(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

function cellText(cell: Cell): string {
  if (cell === undefined || cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const plain = plainText(cell)
  // A spreadsheet would run what begins like a formula.
  const harmless = /^\s*[=+\-@]/.test(plain) || /^[\t\r\n]/.test(plain) ? `'${plain}` : plain
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
