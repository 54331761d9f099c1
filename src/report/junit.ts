import type { Attempt, Execution, RunProblem, TestResult } from '../domain/run.ts'
import { badAttempts, durationOf, failureOf, standingOf } from './standing.ts'
import { capMiddle, plainText } from '../lib/plain-text.ts'
import { attributes, xmlText } from '../lib/xml.ts'

/** A `testcase` element and what it counts as. */
interface Written {
  readonly xml: string
  readonly counts: 'passed' | 'failure' | 'error' | 'skipped'
  readonly seconds: number
}

interface Writer {
  /** An element with text, capped, or an empty string where the text is empty. */
  node(name: string, text: string): string
  /** The name, with a number behind it where class and name were there before. */
  unique(classname: string, name: string): string
}

const nodeCap = 16_000
// Readers refuse files of 30 MB; what does not fit any more is cut, never the test cases themselves.
const textBudget = 20_000_000

/**
 * A JUnit document in the dialect of Maven Surefire: a pass after a failure holds `flakyFailure` or `flakyError` and
 * counts as passed, a lasting failure holds its first attempt and one `rerunFailure` or `rerunError` for each later one.
 * Files that could not be collected, and whatever else kept the run from being proven, are test cases with an error.
 */
export function toJunit(execution: Execution): string {
  const writer = createWriter()
  const suites = [...Map.groupBy(execution.tests, (test) => test.file)].map(([file, tests]) =>
    suiteElement(
      file,
      tests.map((test) => testCase(test, writer)),
      execution,
    ),
  )
  const problems = problemsToShow(execution).map((problem) => problemCase(problem, writer))
  if (problems.length > 0) suites.push(suiteElement('greenloop.run', problems, execution))
  const total = totals(suites.flatMap((suite) => suite.cases))
  const head = attributes({ name: 'greenloop', ...total, time: seconds(execution.durationMs) })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${head}>`,
    ...suites.map((suite) => suite.xml),
    '</testsuites>',
    '',
  ].join('\n')
}

function suiteElement(name: string, cases: readonly Written[], execution: Execution) {
  const time = cases.reduce((sum, each) => sum + each.seconds, 0)
  const head = attributes({
    name,
    ...totals(cases),
    time: time.toFixed(3),
    timestamp: new Date(execution.startedAt).toISOString().slice(0, 19),
  })
  return { cases, xml: [`<testsuite${head}>`, ...cases.map((each) => each.xml), '</testsuite>'].join('\n') }
}

function totals(cases: readonly Written[]) {
  const count = (kind: Written['counts']) => cases.filter((each) => each.counts === kind).length
  return { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') }
}

function testCase(test: TestResult, writer: Writer): Written {
  const classname = [test.file.replace(/\.\w+$/, '').replaceAll(/[\\/]/g, '.'), ...test.suite].join('.')
  const head = attributes({
    classname,
    name: writer.unique(classname, test.name === '' ? test.id : test.name),
    file: test.file,
    line: test.line,
    time: seconds(durationOf(test)),
  })
  const { children, counts } = verdictOf(test, writer)
  const body = [propertiesOf(test), ...children].filter((child) => child !== '')
  const xml = body.length === 0 ? `<testcase${head}/>` : [`<testcase${head}>`, ...body, '</testcase>'].join('\n')
  return { xml, counts, seconds: durationOf(test) / 1000 }
}

function propertiesOf(test: TestResult): string {
  if (test.caseId === undefined) return ''
  return `<properties><property${attributes({ name: 'greenloop_case_id', value: test.caseId })}/></properties>`
}

function verdictOf(test: TestResult, writer: Writer): { children: string[]; counts: Written['counts'] } {
  const [first, ...later] = badAttempts(test)
  const standing = standingOf(test)
  if (standing === 'failed' && first !== undefined) {
    const kind = kindOf(first)
    const reruns = later.map((attempt) => attemptElement(`rerun${capital(kindOf(attempt))}`, attempt, writer))
    return { children: [firstElement(first, writer), ...reruns, ...outputs(first, writer)], counts: kind }
  }
  if (standing === 'flaky') {
    const falls = badAttempts(test).map((each) => attemptElement(`flaky${capital(kindOf(each))}`, each, writer))
    return { children: falls, counts: 'passed' }
  }
  if (standing === 'passed') return { children: [], counts: 'passed' }
  const message = standing === 'not_run' ? 'not run: no attempt was finished' : (test.attempts.at(-1)?.skipReason ?? '')
  return { children: [`<skipped${attributes({ message })}/>`], counts: 'skipped' }
}

/** The message stands in the body too, because some readers show only that. */
function firstElement(attempt: Attempt, writer: Writer): string {
  const { type, message, trace } = failureOf(attempt)
  const body = trace.includes(message) ? trace : `${message}\n\n${trace}`
  const head = attributes({ message: capMiddle(message, 2000), type })
  const name = kindOf(attempt)
  return writer.node(`${name}${head}`, body.trim()) || `<${name}${head}/>`
}

function attemptElement(name: string, attempt: Attempt, writer: Writer): string {
  const { type, message, trace } = failureOf(attempt)
  const head = attributes({ message: capMiddle(message, 2000), type })
  const trail = writer.node('stackTrace', trace === '' ? message : trace)
  return [`<${name}${head}>`, trail, ...outputs(attempt, writer), `</${name}>`].filter((part) => part !== '').join('\n')
}

function outputs(attempt: Attempt, writer: Writer): string[] {
  return [writer.node('system-out', attempt.stdout), writer.node('system-err', attempt.stderr)]
}

function problemsToShow(execution: Execution): readonly RunProblem[] {
  const shown = execution.problems.filter(
    ({ kind }) => kind === 'collection_error' || (kind !== 'note' && execution.verdict !== 'passed'),
  )
  // A reader that knows only this file must not take missing results for a green run.
  const unexplained = execution.verdict === 'incomplete' && shown.length === 0
  return unexplained ? [{ kind: 'results_lost', message: 'results are missing, so the run proves nothing' }] : shown
}

function problemCase(problem: RunProblem, writer: Writer): Written {
  const name = writer.unique('greenloop.run', [problem.kind, problem.file].filter(Boolean).join(' '))
  const head = attributes({ classname: 'greenloop.run', name, file: problem.file, time: '0.000' })
  const trace = problem.failure === undefined ? '' : `\n\n${problem.failure.message}\n${problem.failure.trace}`
  const inner = attributes({ message: capMiddle(problem.message, 2000), type: problem.failure?.type ?? problem.kind })
  const body = writer.node(`error${inner}`, problem.message + trace) || `<error${inner}/>`
  return { xml: [`<testcase${head}>`, body, '</testcase>'].join('\n'), counts: 'error', seconds: 0 }
}

function createWriter(): Writer {
  let left = textBudget
  const seen = new Map<string, number>()
  const unique = (classname: string, name: string): string => {
    const key = `${classname}\n${name}`
    const times = (seen.get(key) ?? 0) + 1
    seen.set(key, times)
    return times === 1 ? name : unique(classname, `${name} #${times}`)
  }
  return {
    node(head, text) {
      const name = head.split(' ', 1)[0] ?? head
      const shown = xmlText(capMiddle(plainText(text), nodeCap))
      if (shown === '' || shown.length > left) return ''
      left -= shown.length
      return `<${head}>${shown}</${name}>`
    },
    unique,
  }
}

const kindOf = (attempt: Attempt) => (attempt.outcome === 'failed' ? 'failure' : 'error')
const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)
const seconds = (ms: number) => (Math.max(0, ms) / 1000).toFixed(3)
