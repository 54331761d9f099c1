import type { ReportedTest, TestReport } from '../domain/forge.ts'
import type { GuardFinding, TestBaseline } from '../domain/repair.ts'
import { countTests } from './trace-counts.ts'
import { cleanLines } from './trace-lines.ts'
import { relevantParts } from './trace-sections.ts'

/** Findings of one kind that are told one by one. */
const maxTold = 20

/** What a pipeline ran: by name where there is a report, else the counts that its traces tell. */
export function baselineOf(
  report: TestReport,
  traces: readonly { readonly job: string; readonly trace: string }[],
): TestBaseline {
  if (report.tests.length > 0) return ofReport(report.tests)
  const counts = traces.flatMap(({ trace }) => {
    const counts = countTests(cleanLines(relevantParts(trace, undefined).text))
    return counts === undefined ? [] : [counts.executed]
  })
  return {
    executed: counts.reduce((sum, executed) => sum + executed, 0),
    passed: [],
    names: [],
    source: counts.length === 0 ? 'none' : 'trace',
  }
}

function ofReport(tests: readonly ReportedTest[]): TestBaseline {
  const ran = tests.filter(({ status }) => status !== 'skipped')
  const failed = new Set(ran.filter(({ status }) => status !== 'success').map(nameOf))
  const names = [...new Set(ran.map(nameOf))]
  return {
    executed: ran.length,
    // Of tests that share a name each one must pass.
    passed: names.filter((name) => !failed.has(name)),
    names,
    source: 'report',
  }
}

const nameOf = ({ suite, classname, name }: ReportedTest): string =>
  [suite, classname, name].filter((part) => part !== '').join(' › ')

/**
 * What a green pipeline lost against the one before: tests that ran and no longer do, or passed and now fail. Where there is
 * nothing to compare with, that is told and blocks nothing.
 */
export function compareTests(before: TestBaseline, after: TestBaseline): readonly GuardFinding[] {
  if (before.source === 'none') {
    const message = 'the pipeline told nothing of its tests before, so none can be missed'
    return [{ code: 'fewer_tests', message, blocks: false }]
  }
  if (after.source === 'none' || (before.source === 'report' && after.source === 'trace')) {
    const what = before.source === 'report' ? 'the test report' : 'the count of tests'
    return [{ code: 'fewer_tests', message: `${what} is gone: ${before.executed} tests ran before`, blocks: true }]
  }
  return [...fewer(before, after), ...(after.source === 'report' ? lost(before, after) : [])]
}

function fewer(before: TestBaseline, after: TestBaseline): readonly GuardFinding[] {
  if (after.executed >= before.executed) return []
  const message = `${after.executed} tests ran, ${before.executed} before`
  return [{ code: 'fewer_tests', message, blocks: true }]
}

function lost(before: TestBaseline, after: TestBaseline): readonly GuardFinding[] {
  const ran = new Set(after.names)
  const passed = new Set(after.passed)
  const passedBefore = new Set(before.passed)
  const isGone = (name: string): boolean => !ran.has(name) && (passedBefore.has(name) || !isReplaced(name, after))
  const gone = before.names.filter(isGone)
  const broken = before.passed.filter((name) => ran.has(name) && !passed.has(name))
  return [
    ...told('lost_test', gone, 'ran before and is now gone or skipped'),
    ...told('lost_test', broken, 'passed before and now fails'),
  ]
}

const fileName = /(?:^| › )[^\s›]*\.(?:py|[cm]?[jt]sx?)$/u

/**
 * Whether a name stood for a whole file that could not be loaded, whose tests run now in its place: pytest reports the module,
 * vitest and node:test the file.
 */
function isReplaced(name: string, { names }: TestBaseline): boolean {
  if (fileName.test(name)) return true
  return names.some((other) => other.startsWith(`${name} › `) || other.startsWith(`${name}.`))
}

/** Jobs that ran before and did not run now. */
export function compareJobs(before: readonly string[], after: readonly string[]): readonly GuardFinding[] {
  const ran = new Set(after)
  const gone = [...new Set(before)].filter((name) => !ran.has(name))
  return told('lost_job', gone, 'ran before and did not run now')
}

function told(code: GuardFinding['code'], names: readonly string[], what: string): readonly GuardFinding[] {
  const findings = names
    .slice(0, maxTold)
    .map((name): GuardFinding => ({ code, message: `${name.slice(0, 300)} ${what}`, blocks: true }))
  const rest = names.length - findings.length
  return rest > 0 ? [...findings, { code, message: `${rest} more: ${what}`, blocks: true }] : findings
}
