import type { TrialResult } from '../app/trial.ts'
import { errorCatalog } from '../domain/errors.ts'
import type { TaskCounts } from '../domain/stored-run.ts'
import type { TaskResult, TaskStatistics } from '../domain/task.ts'
import { every } from '../lib/clock.ts'
import { painter } from './output.ts'
import type { Session } from './session.ts'

/** Shows how far a run of tasks is. */
export interface TrialProgress {
  readonly onResult: (result: TaskResult) => void
  readonly close: () => void
}

const liveMs = 100
const linesMs = 2000

/** A line that is written anew on a terminal, and one every few seconds elsewhere. */
export function trialProgress({ output }: Session): TrialProgress {
  const counts = new Map<string, number>()
  let told = 0
  const show = (): void => {
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    if (total === told) return
    told = total
    const parts = [...counts].map(([state, count]) => `${count} ${state}`)
    const line = `${total} tasks: ${parts.join(', ')}`
    output.note(output.progress === 'live' ? `\r\u001b[K${line}` : `${line}\n`)
  }
  if (output.progress === 'none') return { onResult: () => {}, close: () => {} }
  const timer = every(output.progress === 'live' ? liveMs : linesMs, show)
  return {
    onResult: ({ state }) => void counts.set(state, (counts.get(state) ?? 0) + 1),
    close: () => {
      timer.cancel()
      if (output.progress === 'live' && told > 0) output.note('\r\u001b[K')
    },
  }
}

/** Prints a trial run that is over, or was handed in; sets the exit code. */
export function printTrial({ run, conclusion }: TrialResult, session: Session, store = ''): void {
  const { output } = session
  const { id, state, verdict, reason } = run
  const exitCode = run.exitCode ?? (state === 'failed' ? errorCatalog.internal.exit : state === 'cancelled' ? 130 : 0)
  const { statistics, stopped } = conclusion ?? {}
  const document = { status: state, exitCode, runId: id, verdict, reason, stopped, statistics }
  if (output.result !== 'human') {
    output.print(`${JSON.stringify(output.result === 'jsonl' ? { kind: 'summary', ...document } : document)}\n`)
  }
  if (output.result === 'human' || output.progress !== 'none')
    output.note(readable({ run, conclusion }, session, store))
  session.end(exitCode)
}

function readable({ run, conclusion }: TrialResult, { output }: Session, store: string): string {
  const paint = painter(output.colour)
  const word = run.verdict ?? run.state
  const colour = word === 'passed' ? 'green' : word === 'failed' ? 'red' : 'yellow'
  const lines = [
    paint('bold', paint(colour, word)) + (conclusion === undefined ? '' : `  ${told(conclusion.statistics)}`),
    ...(run.reason === undefined ? [] : [`reason  ${run.reason}`]),
    `run     ${run.id}    greenloop runs show ${run.id}${store}`,
  ]
  return `${lines.join('\n')}\n`
}

function told(statistics: TaskStatistics | TaskCounts): string {
  const { total, succeeded, failed, error, timeout, cancelled, retries, attempts, serviceMs } = statistics
  const states = Object.entries({ succeeded, failed, error, timeout, cancelled })
  const parts = states.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`)
  const mean = attempts === 0 ? '' : `, ${(serviceMs / attempts).toFixed(1)} ms an attempt`
  return `${total} tasks: ${parts.join(', ') || 'none'}${retries > 0 ? `, ${retries} retries` : ''}${mean}`
}
