import type { RepairStanding } from '../app/repair.ts'
import type { WatchedProject } from '../app/repair-watch.ts'
import { guardCodes } from '../domain/repair.ts'
import type { RepairEnd, RepairEvent, RepairResult, RepairRound, RepairState } from '../domain/repair.ts'
import { visible } from '../lib/frame.ts'
import { firstLine } from '../lib/plain-text.ts'
import { painter } from './output.ts'
import type { Paint } from './output.ts'
import type { Session } from './session.ts'

/** Shows a repair while it goes on: a line for each transition and each change of the pipeline. */
export interface RepairView {
  readonly onEvent: (event: RepairEvent) => void
  readonly step: (text: string) => void
}

/** One view for all modes; with `--jsonl` every event goes to standard output as well. */
export function openRepairView({ output }: Session): RepairView {
  const paint = painter(output.colour)
  let phase = ''
  const note = (text: string): void => {
    if (output.progress !== 'none') output.note(`${visible(text)}\n`)
  }
  return {
    step: note,
    onEvent: (event) => {
      if (output.result === 'jsonl' && output.asked) output.print(`${JSON.stringify(event)}\n`)
      if (event.kind === 'step') note(event.text)
      if (event.kind === 'state' && event.state.phase !== phase) {
        phase = event.state.phase
        if (output.progress !== 'none') output.note(`${paint('dim', phase.replaceAll('_', ' '))}\n`)
      }
      if (event.kind === 'pipeline') note(pipelineLine(event))
    },
  }
}

function pipelineLine({ pipelineId, status, jobs }: Extract<RepairEvent, { kind: 'pipeline' }>): string {
  const shown = jobs.map((job) => `${job.name} ${job.status}`).join(', ')
  return `pipeline ${pipelineId} ${status}${shown === '' ? '' : `: ${shown}`}`
}

const colours: Readonly<Record<RepairEnd, 'green' | 'red' | 'yellow'>> = {
  succeeded: 'green',
  gave_up: 'red',
  guard_rejected: 'red',
  blocked_gate: 'yellow',
  auth_failed: 'red',
  project_not_found: 'red',
  llm_unavailable: 'yellow',
  timed_out: 'yellow',
  cancelled: 'yellow',
}

/** Prints a repair that is over and sets the exit code. */
export function printRepair(result: RepairResult, session: Session): void {
  const { output } = session
  const { runId, end, exitCode, state, folder } = result
  if (output.result !== 'human') {
    const document = { status: 'finished', exitCode, runId, end, folder, ...summaryOf(state) }
    output.print(`${JSON.stringify(output.result === 'jsonl' ? { kind: 'summary', ...document } : document)}\n`)
  }
  if (output.result === 'human' || output.progress !== 'none') {
    output.note(
      `\n${story(state, painter(output.colour))}artifacts ${folder}\nrun       ${runId}    greenloop repair status ${runId}\n`,
    )
  }
  session.end(exitCode)
}

function summaryOf(state: RepairState) {
  const { projectPath, branch, mergeRequest, pipelineId, rounds, flaky, notes, reason, advice, tokens, costUsd } = state
  return {
    project: projectPath,
    branch,
    mergeRequest,
    pipelineId,
    rounds,
    flaky,
    notes,
    reason,
    advice,
    tokens,
    costUsd,
  }
}

/** Prints where a repair stands. */
export function printStanding({ runId, standing, folder, state }: RepairStanding, session: Session): void {
  const { output } = session
  if (output.result !== 'human') {
    output.print(
      `${JSON.stringify({ runId, standing, folder, phase: state?.phase, end: state?.end, ...(state === undefined ? {} : summaryOf(state)) })}\n`,
    )
  } else {
    const paint = painter(output.colour)
    const open = standing === 'interrupted'
    output.print(
      `run       ${runId}  ${standing}\n${state === undefined ? 'nothing happened yet\n' : story(state, paint)}`,
    )
    if (open) output.print(`go on     greenloop repair resume ${runId}\n`)
  }
  session.end(0)
}

function story(state: RepairState, paint: Paint): string {
  const { end, phase, reason, advice, branch, mergeRequest, rounds, flaky, notes, tokens, costUsd } = state
  const word = end === undefined ? phase : paint(colours[end], paint('bold', end))
  const lines = [
    `${word}${reason === undefined ? '' : `  ${visible(firstLine(reason))}`}`,
    ...(advice === undefined ? [] : [`next      ${visible(advice)}`]),
    ...rounds.flatMap((round) => roundLines(round, paint)),
    ...flaky.map((job) => `flaky     ${visible(job)} failed and passed again with nothing changed`),
    ...notes.map((text) => `note      ${visible(firstLine(text))}`),
    ...(branch === undefined ? [] : [`branch    ${visible(branch)}`]),
    ...(mergeRequest === undefined || mergeRequest.webUrl === '' ? [] : [`request   ${visible(mergeRequest.webUrl)}`]),
    ...(tokens === 0 ? [] : [`model     ${tokens} tokens${costUsd > 0 ? `, ${costUsd.toFixed(4)} USD` : ''}`]),
  ]
  return `${lines.join('\n')}\n`
}

const outcomes: Readonly<Record<RepairRound['outcome'], string>> = {
  open: 'begun',
  malformed: 'the answer held no patch that can be read',
  rejected: 'refused by a guard',
  failed_locally: 'still failed here, not pushed',
  pushed: 'pushed',
  green: 'green',
  red: 'pushed, red again',
}

function roundLines(
  { number, failing, outcome, explanation, findings, localProof }: RepairRound,
  paint: Paint,
): string[] {
  const jobs = failing.map(({ name }) => visible(name)).join(', ')
  const told = outcome === 'green' ? paint('green', outcomes.green) : outcomes[outcome]
  return [
    `round ${number}   ${jobs}: ${told}`,
    ...(explanation === '' ? [] : [`          ${visible(firstLine(explanation)).slice(0, 160)}`]),
    ...findings.map(
      ({ code, path, message }) =>
        `          ${code}${path === undefined ? '' : ` ${visible(path)}`}: ${visible(firstLine(message === '' ? guardCodes[code] : message))}`,
    ),
    ...(localProof === undefined ? [] : [`          local proof: ${visible(firstLine(localProof))}`]),
  ]
}

/** Prints what became of a pipeline that was watched, and sets the exit code. */
export function printWatched(watched: WatchedProject, session: Session): void {
  const { output } = session
  const { outcome, exitCode, pipeline, failing, signature, log, advice } = watched
  if (output.result !== 'human') {
    output.print(
      `${JSON.stringify({ status: 'finished', exitCode, outcome, pipeline, failing, signature, log, advice })}\n`,
    )
  } else {
    const paint = painter(output.colour)
    const colour = outcome === 'green' ? 'green' : outcome === 'red' ? 'red' : 'yellow'
    output.print(`${paint(colour, paint('bold', outcome))}  pipeline ${pipeline.id}  ${visible(pipeline.webUrl)}\n`)
    for (const { name, stage, failureReason } of failing)
      output.print(`  ${visible(stage)} / ${visible(name)}${failureReason === undefined ? '' : `  ${failureReason}`}\n`)
    if (log !== '') output.print(`\n${visible(log)}\n`)
    if (advice !== undefined) output.print(`\nnext: ${advice}\n`)
  }
  session.end(exitCode)
}
