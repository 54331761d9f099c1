import type { Plan } from '../domain/plan.ts'
import type { Case, Expected } from '../domain/suite.ts'
import { fillRequest, ownInputs, preparationsOf, type FilledRequest, type Preparation } from './offline-requests.ts'
import { slugOf, uniqueNamer } from './slug.ts'

/** One set of data for a test. */
export interface DraftRow {
  readonly id: string | undefined
  readonly args: readonly unknown[]
  readonly inputs: Readonly<Record<string, unknown>>
  readonly expected: Expected
  readonly request: FilledRequest | undefined
}

/** A test before it is written in a language. */
export interface DraftTest {
  /** Unique lower-case ASCII words joined by `_`. */
  readonly name: string
  readonly caseId: string | undefined
  readonly title: string
  /** Lines below the title: objective, preconditions, steps. */
  readonly doc: readonly string[]
  /** Allure labels besides the title, in their order: kind and value. */
  readonly labels: readonly (readonly [kind: string, value: string])[]
  readonly preparations: readonly Preparation[]
  /** Function or method under test, for a call. */
  readonly call: string | undefined
  /** Arguments of the constructor, where the call names a class: `custom.construct`. */
  readonly construct: unknown
  /** At least one; all of the same shape. Several make a parametrised test. */
  readonly rows: readonly DraftRow[]
  readonly parametrised: boolean
  /** Why nothing can be asserted; the test is then written as skipped. */
  readonly gap: string | undefined
  /** Statuses on valid data that prove nothing (no rights, taken, too many); empty for a strict test. */
  readonly inconclusive: readonly number[]
}

/** What stands for a row of the case: its data, with what the row leaves open taken from the case. */
function rowsOf(item: Case): DraftRow[] {
  const make = (row: Partial<Case['parameters'][number]>): DraftRow => {
    const inputs = { ...item.inputs, ...row.inputs }
    return {
      id: row.name,
      args: row.args ?? item.args,
      inputs,
      expected: row.expected ?? item.expected,
      request: item.request === undefined ? undefined : fillRequest(item.request, ownInputs(item, inputs)),
    }
  }
  return item.parameters.length === 0 ? [make({})] : item.parameters.map(make)
}

/** Rows of one shape share a test: same arguments, same kind of expectation. */
function groupsOf(item: Case, preparations: readonly Preparation[]): DraftRow[][] {
  const dynamic = preparations.some((step) => step.kind === 'request' && Object.keys(step.save).length > 0)
  const groups = new Map<string, DraftRow[]>()
  for (const [index, row] of rowsOf(item).entries()) {
    const { returns: _returns, status, ...rest } = row.expected
    const shape = [
      dynamic ? index : 0,
      row.args.length,
      Object.keys(row.inputs),
      'returns' in row.expected,
      Array.isArray(status) ? status : typeof status,
      rest,
    ]
    const key = JSON.stringify(shape)
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()]
}

/** Drafts of all cases of a plan. Names are unique; nothing is invented: what cannot be checked is a gap. */
export function draftCases(plan: Plan, unique: (name: string) => string = uniqueNamer()): DraftTest[] {
  return plan.cases.flatMap((item, index) => {
    const preparations = preparationsOf(item)
    const id = slugOf(item.id, 40) || `case_${index + 1}`
    const words = slugOf(item.title, 60)
    const base = words === '' || words === id ? id : `${id}_${words}`
    return groupsOf(item, preparations).map((rows): DraftTest => ({
      name: unique(nameOf(rows, base)),
      title: titleOf(rows, item.title),
      caseId: item.id,
      doc: docOf(item),
      labels: labelsOf(plan, item),
      preparations,
      call: item.call,
      construct: item.custom['construct'],
      rows,
      parametrised: rows.length > 1,
      gap: gapOf(plan, item, rows),
      inconclusive: [],
    }))
  })
}

/** A row that stands alone is a test of its own, named after the row. */
function nameOf(rows: readonly DraftRow[], base: string): string {
  const words = rows.length > 1 ? '' : slugOf(rows[0]?.id ?? '', 30)
  return words === '' ? base : `${base}_${words}`
}

function titleOf(rows: readonly DraftRow[], title: string): string {
  const id = rows.length > 1 ? undefined : rows[0]?.id
  return id === undefined ? title : `${title} [${id}]`
}

function docOf(item: Case): string[] {
  const list = (heading: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [heading, ...lines.map((line) => `  ${line}`)]
  const steps = item.steps.map(({ action, expected }, index) => {
    const outcome = expected === undefined ? '' : ` -> ${expected}`
    return `${index + 1}. ${action}${outcome}`
  })
  const words = item.expected.text === undefined ? [] : [`Expected: ${item.expected.text}`]
  return [
    ...(item.objective === undefined ? [] : [`Objective: ${item.objective}`]),
    ...list(
      'Preconditions:',
      item.preconditions.map((line) => `- ${line}`),
    ),
    ...list('Steps:', steps),
    ...words,
    ...list(
      'Postconditions:',
      item.postconditions.map((line) => `- ${line}`),
    ),
  ]
}

const severities = { critical: 'blocker', high: 'critical', medium: 'normal', low: 'minor' } as const
const allureSeverities: readonly string[] = ['blocker', 'critical', 'normal', 'minor', 'trivial']

function labelsOf(plan: Plan, item: Case): [string, string][] {
  const named = item.severity?.toLowerCase() ?? ''
  const severity = allureSeverities.includes(named) ? named : severities[item.priority]
  const owner = item.owner ?? plan.owner
  return [
    ['feature', plan.feature],
    ['story', item.suite.at(-1) ?? item.title],
    ['severity', severity],
    ...item.tags.map((tag): [string, string] => ['tag', tag]),
    ...(owner === '' ? [] : [['owner', owner] as [string, string]]),
  ]
}

const checkable = ['returns', 'raises', 'status', 'body', 'contains', 'schema'] as const

function gapOf(plan: Plan, item: Case, rows: readonly DraftRow[]): string | undefined {
  const { target } = plan
  const expected = rows[0]?.expected ?? {}
  if (!checkable.some((key) => key in expected)) {
    return expected.text === undefined ? 'no expectation stated' : `expectation in words only: ${expected.text}`
  }
  if (target.kind === 'http') {
    if (item.request === undefined) return 'the case names no request'
    return 'raises' in expected && Object.keys(expected).every((key) => key === 'raises' || key === 'match')
      ? 'an HTTP answer raises nothing; a status is wanted'
      : undefined
  }
  if (item.call === undefined) return 'the case names no call'
  if (target.module === undefined) return 'the target names no module'
  if (target.kind === 'node' && plan.framework === 'pytest') return 'pytest cannot import a Node module'
  if (
    'status' in expected &&
    !('returns' in expected) &&
    !('raises' in expected) &&
    Object.keys(expected).length === 1
  ) {
    return 'a call has no HTTP status'
  }
  return undefined
}
