import { join, relative } from 'node:path'
import type { Reported } from '../app/execution.ts'
import { visible } from '../lib/frame.ts'
import { painter } from './output.ts'
import type { Paint } from './output.ts'
import type { Session } from './session.ts'

/** A finished run as it is printed: its folder, or the page of a server that holds it. */
export interface ShownReport {
  readonly summary: Reported['summary']
  readonly runDir?: string | undefined
  readonly page?: string | undefined
}

/** Prints a finished run: the document on standard output, the readable form on standard error; sets the exit code. */
export function printReport(
  reported: ShownReport,
  session: Session,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const { output } = session
  const document = { ...reported.summary, ...extra }
  if (output.result === 'json') output.print(`${JSON.stringify(document)}\n`)
  if (output.result === 'jsonl') output.print(`${JSON.stringify({ kind: 'summary', ...document })}\n`)
  if (output.progress !== 'none' || output.result === 'human') output.note(readable(reported, session))
  session.end(reported.summary.exitCode)
}

function readable({ summary, runDir, page }: ShownReport, { output, cwd }: Session): string {
  const paint = painter(output.colour)
  return [
    '',
    ...summary.failures.flatMap((failure, index) =>
      failureLines(failure, `[${index + 1}/${summary.failures.length}]`, paint),
    ),
    ...(summary.moreFailures === undefined
      ? []
      : [`… and ${summary.moreFailures.count} more failures in the report`, '']),
    ...summary.flaky.map(({ id, attempts }) => `${paint('yellow', 'flaky')} ${visible(id)} (${attempts.join(', ')})`),
    ...summary.problems.map(
      ({ kind, message }) => `${paint(kind === 'note' ? 'dim' : 'yellow', kind)} ${lines(message)}`,
    ),
    // What the strongest tier lacks on this machine is for doctor and the report; a weaker tier is said each time.
    ...(summary.sandbox.tier === 'standard' ? [] : summary.sandbox.gaps).map(
      (gap) => `${paint('yellow', `sandbox ${summary.sandbox.tier}`)} ${gap}`,
    ),
    '',
    headline(summary, paint),
    ...(runDir === undefined ? [] : placeLines(runDir, cwd)),
    // What runs a test again names folders of the machine that ran it.
    ...(page === undefined
      ? summary.failures.slice(0, 1).map(({ rerun }) => `again    ${rerun}`)
      : [`page     ${page}`]),
    '',
  ].join('\n')
}

function placeLines(runDir: string, cwd: string): string[] {
  const folder = relative(cwd, runDir) || '.'
  const shown = folder.startsWith('..') ? runDir : folder
  return [`report   ${join(shown, 'report.html')}`, `bundle   ${join(shown, 'bundle.zip')}`]
}

/** Foreign text with its lines kept and everything else that could drive a terminal made visible. */
function lines(text: string): string {
  return text.trimEnd().split('\n').map(visible).join('\n    ')
}

type Failure = Reported['summary']['failures'][number]

function failureLines(failure: Failure, number: string, paint: Paint): string[] {
  const place = failure.line === undefined ? failure.file : `${failure.file}:${failure.line}`
  const message = failure.message.split('\n').slice(0, 12).map(visible)
  return [
    `${paint('red', `${number} ${failure.outcome}`)} ${visible(failure.id)}`,
    ...(failure.caseId === undefined ? [] : [paint('dim', `    case ${failure.caseId}`)]),
    `    ${paint('dim', place)}`,
    ...message.map((line) => `    ${line}`),
    '',
  ]
}

function headline({ verdict, summary, coverage, framework }: Reported['summary'], paint: Paint): string {
  const colour = verdict === 'passed' ? 'green' : verdict === 'failed' ? 'red' : 'yellow'
  const counts = [
    [summary.passed, 'passed'],
    [summary.failed, 'failed'],
    [summary.flaky, 'flaky'],
    [summary.skipped, 'skipped'],
    [summary.notRun, 'not run'],
  ] as const
  const told = counts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const lines = coverage?.linePercent === undefined ? '' : `, ${coverage.linePercent} % of lines covered`
  const seconds = (summary.durationMs / 1000).toFixed(1)
  return `${paint('bold', paint(colour, verdict))}  ${told.join(', ') || 'no tests'}${lines} (${framework.name} ${framework.version}, ${seconds} s)`
}
