import type { RunDetails, ShownRun } from '../app/runs.ts'
import { visible } from '../lib/frame.ts'
import type { Paint } from './output.ts'

const idWidth = 22
const kindWidth = 10
const standingWidth = 12

/** Runs as a table: one line each. */
export function runLines(runs: readonly ShownRun[], paint: Paint): string {
  return runs.map((run) => `${runLine(run, paint)}\n`).join('')
}

function runLine(run: ShownRun, paint: Paint): string {
  const ended = run.finishedAt === undefined ? '' : `  ${durationOf(run)}`
  const state = stateOf(run)
  const coloured = paint(colourOf(run), state.padEnd(standingWidth))
  return `${run.id.padEnd(idWidth)}  ${run.kind.padEnd(kindWidth)} ${coloured} ${visible(run.title)}${ended}`
}

/** The verdict where there is one, for it says more than `finished`. */
function stateOf({ standing, verdict }: ShownRun): string {
  return standing === 'finished' ? (verdict ?? standing) : standing
}

function colourOf(run: ShownRun): Parameters<Paint>[0] {
  const state = stateOf(run)
  if (state === 'passed') return 'green'
  if (state === 'failed') return 'red'
  return state === 'running' || state === 'queued' ? 'blue' : 'yellow'
}

function durationOf({ startedAt, createdAt, finishedAt = createdAt }: ShownRun): string {
  return `${((finishedAt - (startedAt ?? createdAt)) / 1000).toFixed(1)} s`
}

/** One run with its counts, its failures and what can be done next. */
export function detailLines({ run, counts, failures }: RunDetails, paint: Paint, store = ''): string {
  const { pending, running, succeeded, failed, error, timeout, cancelled, retries } = counts
  const states = Object.entries({ succeeded, failed, error, timeout, cancelled, running, pending })
  const told = states.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`)
  const lines = [
    runLine(run, paint),
    `made      ${new Date(run.createdAt).toISOString()}`,
    ...(run.finishedAt === undefined ? [] : [`ended     ${new Date(run.finishedAt).toISOString()}`]),
    `tasks     ${told.join(', ') || 'none'}${retries > 0 ? `, ${retries} retries` : ''}`,
    ...(run.reason === undefined ? [] : [`reason    ${visible(run.reason)}`]),
    ...(run.folder === undefined ? [] : [`artifacts ${run.folder}`]),
    ...failures.map(({ task, state, error: why }) =>
      paint('red', `  ${state} ${visible(task.id)}${why === undefined ? '' : `: ${visible(firstLine(why.message))}`}`),
    ),
    ...(run.standing === 'interrupted' ? [`again     greenloop runs resume ${run.id}${store}`] : []),
    ...(run.standing === 'running' ? [`follow    greenloop runs logs -f ${run.id}${store}`] : []),
  ]
  return `${lines.join('\n')}\n`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.slice(0, 200) ?? ''
}
