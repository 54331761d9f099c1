import type { Scalar } from '../domain/case.ts'
import { type TestResult, trialStatuses } from '../domain/test-result.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import type { Span } from './report-lines.ts'
import { outcomeOf, trialOutcomes } from './report-outcome.ts'

/** Where the details of a trial are: the piece of the page, or -1, and its place in there. */
export interface Slot {
  readonly chunk: number
  readonly slot: number
}

/** All trials column by column: what the page reads, and what is held of a result. */
export interface Columns {
  readonly workflows: string[]
  readonly variants: string[]
  readonly datasets: string[]
  readonly currencies: string[]
  readonly statuses: readonly string[]
  readonly outcomes: readonly string[]
  readonly cases: { readonly id: string[]; readonly name: string[]; readonly dataset: number[] }
  /** Value by case as an index, or -1. */
  readonly parameters: { readonly name: string; readonly values: Scalar[]; readonly of: number[] }[]
  readonly results: ResultColumns
}

/** Numbers by trial. Texts are indices; what is not known is `null`. */
interface ResultColumns {
  readonly workflow: number[]
  readonly variant: number[]
  readonly case: number[]
  readonly repeat: number[]
  readonly status: number[]
  readonly outcome: number[]
  readonly score: (number | null)[]
  readonly latency: (number | null)[]
  readonly tokens: number[]
  readonly cost: (number | null)[]
  readonly currency: number[]
  readonly chunk: number[]
  readonly slot: number[]
  readonly offset: number[]
  readonly bytes: number[]
}

/** Columns without a trial yet, and what adds one. */
export function createColumns() {
  const columns = noColumns()
  const indices = {
    workflow: indexIn(columns.workflows),
    variant: indexIn(columns.variants),
    dataset: indexIn(columns.datasets),
    currency: indexIn(columns.currencies),
    cases: new Map<string, number>(),
    values: new Map<string, { readonly at: number; readonly known: Map<Scalar, number> }>(),
  }
  const caseOf = (result: TestResult): number => {
    const known = indices.cases.get(result.caseId)
    if (known !== undefined) return known
    const at = indices.cases.size
    indices.cases.set(result.caseId, at)
    columns.cases.id.push(result.caseId)
    columns.cases.name.push(ownText(capHead(plainText(result.caseName), 200)))
    columns.cases.dataset.push(indices.dataset(result.dataset))
    for (const [name, value] of Object.entries(result.parameters))
      setParameter(columns, indices.values, { name, value, at })
    return at
  }
  return {
    columns,
    add: (result: TestResult, place: Slot & Span): void => {
      const { results } = columns
      results.workflow.push(indices.workflow(result.workflowId))
      results.variant.push(indices.variant(result.variantId))
      results.case.push(caseOf(result))
      results.repeat.push(result.repeat)
      results.status.push(trialStatuses.indexOf(result.status))
      results.outcome.push(trialOutcomes.indexOf(outcomeOf(result)))
      results.score.push(rounded(result.score, 4))
      results.latency.push(rounded(result.latencyMs, 0))
      results.tokens.push(result.tokens)
      results.cost.push(result.cost === undefined ? null : Number(result.cost.amount))
      results.currency.push(result.cost === undefined ? -1 : indices.currency(result.cost.currency))
      results.chunk.push(place.chunk)
      results.slot.push(place.slot)
      results.offset.push(place.offset)
      results.bytes.push(place.bytes)
    },
  }
}

function noColumns(): Columns {
  return {
    workflows: [],
    variants: [],
    datasets: [],
    currencies: [],
    statuses: trialStatuses,
    outcomes: trialOutcomes,
    cases: { id: [], name: [], dataset: [] },
    parameters: [],
    results: {
      workflow: [],
      variant: [],
      case: [],
      repeat: [],
      status: [],
      outcome: [],
      score: [],
      latency: [],
      tokens: [],
      cost: [],
      currency: [],
      chunk: [],
      slot: [],
      offset: [],
      bytes: [],
    },
  }
}

function indexIn(names: string[]): (name: string) => number {
  const known = new Map<string, number>()
  return (name) => {
    const at = known.get(name) ?? known.size
    if (at === known.size) {
      known.set(name, at)
      names.push(name)
    }
    return at
  }
}

function setParameter(
  columns: Columns,
  values: Map<string, { readonly at: number; readonly known: Map<Scalar, number> }>,
  { name, value, at }: { readonly name: string; readonly value: Scalar; readonly at: number },
): void {
  const own = values.get(name) ?? { at: columns.parameters.length, known: new Map<Scalar, number>() }
  if (!values.has(name)) {
    values.set(name, own)
    columns.parameters.push({ name, values: [], of: [] })
  }
  const column = columns.parameters[own.at]
  if (column === undefined) return
  const index = own.known.get(value) ?? own.known.size
  if (index === own.known.size) {
    own.known.set(value, index)
    column.values.push(typeof value === 'string' ? ownText(capHead(plainText(value), 200)) : value)
  }
  while (column.of.length < at) column.of.push(-1)
  column.of.push(index)
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value * 10 ** digits) / 10 ** digits
}

/** A copy that does not keep a larger text in memory behind it. */
function ownText(text: string): string {
  return Buffer.from(text).toString('utf8')
}
