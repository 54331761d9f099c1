import type { Scalar } from '../domain/case.ts'
import type { TestResult } from '../domain/test-result.ts'
import { capHead, plainText } from '../lib/plain-text.ts'
import { attributes, xmlText } from '../lib/xml.ts'
import type { GrowingFile } from './report-file.ts'
import { outcomeOf } from './report-outcome.ts'

/** The repeats of one case under one variant. */
interface Folded {
  readonly name: string
  readonly caseId: string
  readonly parameters: Readonly<Record<string, Scalar>>
  passed: number
  failed: number
  unchecked: number
  missing: number
  cancelled: number
  ms: number
  /** Why the first one failed or is missing. */
  reason: string
}

type Kind = 'passed' | 'failure' | 'error' | 'skipped'

// Readers refuse files of 30 MB.
const reasonBudget = 10_000_000
const reasonCap = 500

/**
 * Gathers trials for `junit.xml`: a suite for each workflow and variant, a test case for each case. Repeats are folded:
 * a case fails when any of its trials failed (with the counts; `flaky` as type where others passed), is an error when
 * nothing but missing trials is left, and skipped when all were cancelled or none ran.
 */
export function createJunit() {
  const suites = new Map<string, { workflowId: string; variantId: string; cases: Map<string, Folded> }>()
  let left = reasonBudget
  return {
    add: (result: TestResult): void => {
      const { workflowId, variantId } = result
      const key = JSON.stringify([workflowId, variantId])
      const suite = suites.get(key) ?? { workflowId, variantId, cases: new Map<string, Folded>() }
      suites.set(key, suite)
      const folded = suite.cases.get(result.caseId) ?? foldedOf(result)
      suite.cases.set(result.caseId, folded)
      count(folded, result)
      if (folded.reason !== '' || left <= 0) return
      folded.reason = reasonOf(result)
      left -= folded.reason.length
    },
    /** Writes the document into a file, suite by suite. */
    write: async (file: GrowingFile, facts: { readonly title: string; readonly startedAt: number }): Promise<void> => {
      const all = [...suites.values()].flatMap(({ cases }) => [...cases.values()])
      file.write(
        `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ name: facts.title, ...totals(all) })}>\n`,
      )
      for (const { workflowId, variantId, cases } of suites.values()) {
        const classname = `${workflowId}.${variantId}`
        const folded = [...cases.values()]
        const timestamp = new Date(facts.startedAt).toISOString().slice(0, 19)
        file.write(`<testsuite${attributes({ name: classname, ...totals(folded), timestamp })}>\n`)
        const unique = uniqueNames()
        for (const each of folded) {
          file.write(caseElement(each, { classname, name: unique(each.name, each.caseId) }))
          await file.drain()
        }
        file.write('</testsuite>\n')
      }
      file.write('</testsuites>\n')
    },
  }
}

function foldedOf({ caseName, caseId, parameters }: TestResult): Folded {
  const none = { passed: 0, failed: 0, unchecked: 0, missing: 0, cancelled: 0, ms: 0, reason: '' }
  return { name: plainText(caseName), caseId, parameters, ...none }
}

function count(folded: Folded, result: TestResult): void {
  folded[outcomeOf(result)]++
  folded.ms += result.latencyMs ?? 0
}

/** A text of its own, so that it does not keep the whole answer in memory. */
function reasonOf(result: TestResult): string {
  if (outcomeOf(result) === 'passed') return ''
  const failed = result.scores.filter(({ passed, error }) => passed === false || error !== undefined)
  const checks = failed.map(({ name, reason, error }) => `${name}: ${error ?? reason ?? 'not passed'}`)
  const text = [...(result.error === undefined ? [] : [result.error.message]), ...checks].join('\n')
  return Buffer.from(capHead(plainText(text), reasonCap)).toString('utf8')
}

function kindOf({ passed, failed, unchecked, missing }: Folded): Kind {
  if (failed > 0) return 'failure'
  if (passed + unchecked > 0) return 'passed'
  return missing > 0 ? 'error' : 'skipped'
}

function totals(cases: readonly Folded[]) {
  const count = (kind: Kind) => cases.filter((each) => kindOf(each) === kind).length
  const seconds = cases.reduce((sum, { ms }) => sum + ms, 0) / 1000
  const counts = { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') }
  return { ...counts, time: seconds.toFixed(3) }
}

function caseElement(folded: Folded, head: { readonly classname: string; readonly name: string }): string {
  const values: readonly (readonly [string, Scalar])[] = [
    ['greenloop_case_id', folded.caseId],
    ...Object.entries(folded.parameters),
  ]
  const properties = values.map(([name, value]) => `<property${attributes({ name, value: String(value) })}/>`)
  const seconds = (folded.ms / 1000).toFixed(3)
  return `<testcase${attributes({ ...head, time: seconds })}><properties>${properties.join('')}</properties>${verdictElement(folded)}</testcase>\n`
}

function verdictElement(folded: Folded): string {
  const kind = kindOf(folded)
  const told = countsText(folded)
  if (kind === 'passed') return folded.missing + folded.cancelled > 0 ? `<system-out>${told}</system-out>` : ''
  if (kind === 'skipped') return `<skipped${attributes({ message: told })}/>`
  const type = kind === 'error' ? 'missing' : folded.passed > 0 ? 'flaky' : 'failed'
  const body = folded.reason === '' ? told : `${told}\n\n${folded.reason}`
  return `<${kind}${attributes({ message: capHead(`${told} ${folded.reason}`.trim(), 300), type })}>${xmlText(body)}</${kind}>`
}

function countsText({ passed, failed, unchecked, missing, cancelled }: Folded): string {
  const parts = [
    [passed, 'passed'],
    [failed, 'failed'],
    [unchecked, 'not checked'],
    [missing, 'missing'],
    [cancelled, 'cancelled'],
  ] as const
  const told = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`)
  return `${told.join(', ')}.`
}

/** Readers count only the first of several cases with one name. */
function uniqueNames(): (name: string, caseId: string) => string {
  const seen = new Set<string>()
  return (name, caseId) => {
    const own = seen.has(name) ? `${name} (${caseId})` : name
    seen.add(own)
    return own
  }
}
