import { relative } from 'node:path'
import type { ComparedRuns } from '../app/experiment-compare.ts'
import type { ExperimentResult } from '../app/experiment.ts'
import type { Comparison } from '../domain/comparison.ts'
import type { TaskResult } from '../domain/task.ts'
import type { TrialOutput } from '../domain/test-result.ts'
import { comparisonMarkdown, comparisonText } from '../app/experiment-text.ts'
import { every } from '../lib/clock.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { painter } from './output.ts'
import type { Session } from './session.ts'

/** Shows how far the trials are. */
export interface ExperimentProgress {
  readonly onResult: (result: TaskResult) => void
  readonly onStep: (text: string) => void
  readonly close: () => void
}

const liveMs = 100
const linesMs = 5000

/** A line that is written anew on a terminal, and one every few seconds elsewhere. */
export function experimentProgress({ output }: Session): ExperimentProgress {
  const counts = { done: 0, passed: 0, failed: 0, missing: 0, tokens: 0 }
  let told = 0
  const isLive = output.progress === 'live'
  const clear = isLive ? '\r\u001b[K' : ''
  const show = (): void => {
    if (counts.done === told) return
    told = counts.done
    const { done, passed, failed, missing, tokens } = counts
    const lost = missing === 0 ? '' : `, ${missing} without a score`
    const spent = tokens === 0 ? '' : `, ${tokens} tokens`
    output.note(`${clear}${done} trials: ${passed} passed, ${failed} failed${lost}${spent}${isLive ? '' : '\n'}`)
  }
  if (output.progress === 'none') return { onResult: () => {}, onStep: () => {}, close: () => {} }
  const timer = every(isLive ? liveMs : linesMs, show)
  return {
    onResult: ({ output: given, usage }) => {
      const trial = given as TrialOutput | undefined
      counts.done++
      counts.tokens += usage.tokens
      if (trial?.passed === undefined) counts.missing++
      else if (trial.passed) counts.passed++
      else counts.failed++
    },
    onStep: (text) => output.note(`${clear}${text}\n`),
    close: () => {
      timer.cancel()
      if (isLive && told > 0) output.note(clear)
    },
  }
}

/** Prints an experiment that is over; sets the exit code. */
export function printExperiment(result: ExperimentResult, session: Session, store = ''): void {
  const { output } = session
  const { run, verdict, exitCode, reason, trials, comparison, files, folder } = result
  if (output.result !== 'human') {
    const document = { status: run.state, exitCode, runId: run.id, verdict, reason, trials, folder, files, comparison }
    output.print(`${JSON.stringify(snakeKeysButFiles(document))}\n`)
  }
  if (output.result === 'human' || output.progress !== 'none') output.note(readable(result, session, store))
  session.end(exitCode)
}

/** Names of files and workflows are nobody's keys to change. */
function snakeKeysButFiles(document: Readonly<Record<string, unknown>> & { readonly comparison: Comparison }): unknown {
  const { files, ...rest } = document
  const named = snakeKeys({ ...rest, comparison: { ...rest.comparison, winners: undefined } }) as {
    comparison: object
  }
  return { ...named, files, comparison: { ...named.comparison, winners: document.comparison.winners } }
}

const words = {
  passed: ['green', 'gates hold'],
  compared: ['green', 'compared'],
  failed: ['red', 'gates fail'],
  incomplete: ['yellow', 'incomplete'],
  cancelled: ['yellow', 'cancelled'],
} as const

function readable(result: ExperimentResult, { cwd, output }: Session, store: string): string {
  const paint = painter(output.colour)
  const { run, verdict, trials, reason, comparison, files } = result
  const [colour, word] = words[verdict]
  const lost = trials.missing === 0 ? '' : `, ${trials.missing} without a score`
  const page = files['report.html']
  const lines = [
    comparisonText(comparison).trimEnd(),
    '',
    `${paint('bold', paint(colour, word))}  ${trials.done} of ${trials.expected} trials${lost}`,
    ...(reason === undefined ? [] : [`reason  ${reason}`]),
    ...(comparison.gates.length === 0 && verdict === 'compared' ? ['no gate was set, so nothing was judged'] : []),
    ...(page === undefined ? [] : [`report  ${relative(cwd, page) || page}`]),
    `run     ${run.id}    greenloop runs show ${run.id}${store}`,
  ]
  return `${lines.join('\n')}\n`
}

/** Prints a comparison over several runs; sets the exit code by its gates. */
export function printComparison(
  { comparison, variants, exitCode }: ComparedRuns,
  isMarkdown: boolean,
  session: Session,
): void {
  const { output } = session
  if (isMarkdown) output.print(comparisonMarkdown(comparison))
  else if (output.result !== 'human') {
    const document = snakeKeysButFiles({ exitCode, variants, comparison, files: undefined })
    output.print(`${JSON.stringify(document)}\n`)
  }
  if (!isMarkdown && (output.result === 'human' || output.progress !== 'none')) output.note(comparisonText(comparison))
  session.end(exitCode)
}
