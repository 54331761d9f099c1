import type { Execution } from '../domain/run.ts'
import { countTests } from '../domain/verdict.ts'
import { type FailedTest, type FailureGroup, failedTests, groupFailures } from './groups.ts'
import { rerunCommand, type RunPlace } from './rerun.ts'
import { badAttempts } from './standing.ts'
import { capHead, capMiddle, capTail, firstLine, plainText } from '../lib/plain-text.ts'
import { focusTrace } from './trace.ts'

/** How long a digest may be. */
export interface DigestOptions {
  /** Upper bound, counted at four bytes a token; 4,000 unless given. */
  readonly maxTokens?: number
}

/**
 * What went wrong, as Markdown for a model: failures grouped by their normalised error, the group that hits most tests
 * first, one representative each. What does not fit the budget is counted at the end.
 */
export function toDigest(execution: Execution, options: DigestOptions = {}): string {
  const budget = (options.maxTokens ?? 4000) * 4
  const failed = groupFailures(failedTests(execution, 'failed'))
  const flaky = groupFailures(failedTests(execution, 'flaky'))
  const sections = [
    ...problemSections(execution),
    ...failed.map((group, index) => groupSection(group, execution, `## ${index + 1}. `)),
    ...flaky.map((group) => groupSection(group, execution, '## Flaky: ')),
  ]
  return fit(header(execution), sections, budget)
}

function header(execution: Execution): string {
  const counts = countTests(execution.tests)
  const parts = [
    [counts.passed, 'passed'],
    [counts.failed, 'failed'],
    [counts.flaky, 'flaky'],
    [counts.skipped, 'skipped'],
    [counts.notRun, 'not run'],
  ] as const
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  return [
    `# Run ${execution.runId}: ${execution.verdict}`,
    '',
    `${execution.framework} ${execution.frameworkVersion} on ${execution.interpreter}; ${counts.total} tests: ${told.join(', ') || 'none'}.`,
  ].join('\n')
}

function problemSections(execution: Execution): string[] {
  return execution.problems
    .filter((problem) => problem.kind !== 'note')
    .map((problem) => {
      const place = problem.file === undefined ? '' : ` in ${code(problem.file)}`
      const trace = problem.failure === undefined ? '' : focusTrace(problem.failure.trace, problem.file ?? '', 800)
      return [
        `## Problem: ${problem.kind}${place}`,
        '',
        fence(capMiddle(plainText(`${problem.message}\n${trace}`).trim(), 1500)),
      ].join('\n')
    })
}

function groupSection(group: FailureGroup, execution: Execution, prefix: string): string {
  const first = group.members[0]
  if (first === undefined) return ''
  const type = capHead(firstLine(plainText(first.failure.type)), 100)
  const title = capHead(firstLine(plainText(first.failure.message)) || type, 160)
  const count = group.members.length === 1 ? '1 test' : `${group.members.length} tests`
  return [
    `${prefix}${type}: ${title} (${count}, fingerprint ${group.fingerprint})`,
    '',
    ...facts(first, execution).map((fact) => `- ${fact}`),
    ...otherMembers(group),
    '',
    ...evidence(first),
  ].join('\n')
}

/** One failed test as Markdown for a model: facts, trace and output. Without a place it does not say how to run it again. */
export function failureText(failed: FailedTest, place: RunPlace | undefined): string {
  return [...facts(failed, place).map((fact) => `- ${fact}`), '', ...evidence(failed)].join('\n')
}

function evidence(failed: FailedTest): string[] {
  const { failure, test } = failed
  return [fence(focusTrace(failure.trace, test.file, 1800) || plainText(failure.message)), ...output(failed)]
}

function facts({ test, failure, attempt }: FailedTest, place: RunPlace | undefined): string[] {
  const line = failure.line ?? test.line
  const outcomes = test.attempts.map((each) => each.outcome).slice(0, 10)
  const later = badAttempts(test).slice(1)
  const changed = later.find((each) => each.failure !== undefined && each.failure.message !== failure.message)
  return [
    `test: ${code(test.id)}${test.caseId === undefined ? '' : ` (case ${code(test.caseId)})`}`,
    `place: ${code(`${failure.file ?? test.file}${line === undefined ? '' : `:${line}`}`)}, in ${failure.phase}`,
    `attempts: ${outcomes.join(', ')}${attempt.number === 1 ? '' : `; shown is attempt ${attempt.number}`}`,
    ...(failure.expected === undefined ? [] : [`expected: ${code(capHead(failure.expected, 300))}`]),
    ...(failure.actual === undefined ? [] : [`actual: ${code(capHead(failure.actual, 300))}`]),
    ...(changed === undefined
      ? []
      : [`a later attempt failed differently: ${code(firstLine(changed.failure?.message ?? ''))}`]),
    ...(place === undefined ? [] : [`run again: ${code(rerunCommand(place, test))}`]),
  ]
}

function otherMembers(group: FailureGroup): string[] {
  const others = group.members.slice(1, 6).map(({ test }) => code(test.id))
  const more = group.members.length - 1 - others.length
  if (others.length === 0) return []
  return [`- also: ${others.join(', ')}${more > 0 ? ` and ${more} more` : ''}`]
}

function output({ attempt }: FailedTest): string[] {
  const streams = [
    ['stdout', attempt.stdout],
    ['stderr', attempt.stderr],
  ] as const
  return streams
    .filter(([, text]) => text.trim() !== '')
    .flatMap(([name, text]) => ['', `${name}:`, '', fence(capTail(plainText(text), 500))])
}

/** Takes sections in order while they fit; a later, smaller one may still fit after one that did not. */
function fit(head: string, sections: readonly string[], budget: number): string {
  const reserve = 120
  let left = budget - reserve - bytes(head)
  const taken = sections.filter((section) => {
    const cost = bytes(section) + 2
    if (cost > left) return false
    left -= cost
    return true
  })
  const omitted = sections.length - taken.length
  const end =
    omitted === 0
      ? []
      : [`Left out to stay within the budget: ${omitted} of ${sections.length} sections; all are in report.json.`]
  const body = taken.length === 0 && omitted === 0 ? ['Nothing failed.'] : taken
  return `${[head, ...body, ...end].join('\n\n')}\n`
}

/** A fence longer than any run of backticks inside. */
export function fence(text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), (run) => run[0].length))
  const marks = '`'.repeat(longest + 1)
  return `${marks}\n${text}\n${marks}`
}

function code(text: string): string {
  const line = plainText(text).replaceAll(/\s+/g, ' ')
  return line.includes('`') ? `\`\` ${line.replaceAll('``', '` `')} \`\`` : `\`${line}\``
}

const bytes = (text: string) => Buffer.byteLength(text)
