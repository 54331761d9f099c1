import type { ReportedTest, TestReport } from '../domain/forge.ts'
import { capMiddle, plainText } from '../lib/plain-text.ts'

/** Failed tests that are kept, at most. */
const maxTests = 100
/** Longest output that is kept of one, in characters. */
const maxOutput = 3_000
/** Longest text of all of them together. */
const maxText = 12_000

/** Name of a job without what a matrix or `parallel` adds: `test: [3.11, slow]`, `test 2/4`. */
export function baseName(name: string): string {
  return name.replace(/: \[[^\]]*\]$/, '').replace(/ \d{1,4}\/\d{1,4}$/, '')
}

/**
 * Tests of a report that failed or broke, each once, without secrets, names and outputs cut. Where suites are called like
 * `jobs`, those of other jobs, which may fail, are left out.
 */
export function diagnosedTests(
  report: TestReport,
  jobs: readonly string[],
  redact: (text: string) => string,
): readonly ReportedTest[] {
  const names = new Set(jobs.map(baseName))
  const isOurs = ({ suite }: ReportedTest): boolean => names.has(baseName(suite))
  const hasOurs = report.tests.some(isOurs)
  const found = new Map<string, ReportedTest>()
  for (const test of report.tests) {
    if (found.size >= maxTests) break
    if ((test.status !== 'failed' && test.status !== 'error') || (hasOurs && !isOurs(test))) continue
    const key = JSON.stringify([test.classname, test.name])
    if (!found.has(key)) found.set(key, cut(test, redact))
  }
  return [...found.values()]
}

function cut(test: ReportedTest, redact: (text: string) => string): ReportedTest {
  const name = (text: string): string =>
    redact(plainText(text.slice(0, 2_000)))
      .replaceAll(/\s+/g, ' ')
      .slice(0, 300)
  const output = test.output === undefined ? undefined : redact(plainText(test.output.slice(0, 200_000)))
  return {
    suite: name(test.suite),
    classname: name(test.classname),
    name: name(test.name),
    status: test.status,
    ...(test.file !== undefined && { file: name(test.file) }),
    ...(output !== undefined && { output: capMiddle(output.trim(), maxOutput) }),
  }
}

/** Failed tests as the prompt shows them; what does not fit is counted. */
export function describeTests(tests: readonly ReportedTest[]): string {
  const texts: string[] = []
  let left = maxText
  for (const { classname, name, file, status, output } of tests) {
    const title = [classname, name].filter((part) => part !== '').join(' › ')
    const place = file === undefined ? '' : ` (${file})`
    const text = `${status === 'error' ? 'BROKEN' : 'FAILED'} ${title}${place}\n${output ?? ''}`.trimEnd()
    if (text.length + 2 > left) break
    left -= text.length + 2
    texts.push(text)
  }
  const missing = tests.length - texts.length
  return [...texts, ...(missing > 0 ? [`… and ${missing} more failed tests`] : [])].join('\n\n')
}
