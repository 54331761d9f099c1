import type { OnProgress, Progress } from '../domain/progress.ts'
import type { Outcome } from '../domain/run.ts'
import { every, now } from '../lib/clock.ts'
import { visible } from '../lib/frame.ts'
import { painter } from './output.ts'
import type { Output, Paint } from './output.ts'

/** Shows progress until it is closed. */
export interface ProgressView {
  readonly onProgress: OnProgress
  /** Pieces of a model's answer as they come. */
  readonly onText: (piece: string) => void
  /** A step of the pipeline began. */
  readonly step: (text: string) => void
  readonly close: () => void
}

/** One view for each mode; all of them write to standard error. */
export function openProgress(output: Output): ProgressView {
  switch (output.progress) {
    case 'live':
      return liveView(output)
    case 'lines':
      return lineView(output)
    case 'agent':
      return agentView(output)
    case 'none':
      return { onProgress: () => {}, onText: () => {}, step: () => {}, close: () => {} }
  }
}

const words: Record<Outcome, string> = {
  passed: 'PASS',
  failed: 'FAIL',
  errored: 'ERROR',
  skipped: 'SKIP',
  timed_out: 'TIMEOUT',
  crashed: 'CRASH',
  cancelled: 'CANCEL',
}

function painted(outcome: Outcome, paint: Paint): string {
  const word = words[outcome].padEnd(7)
  if (outcome === 'passed') return paint('green', word)
  return paint(outcome === 'skipped' || outcome === 'cancelled' ? 'yellow' : 'red', word)
}

/** A line for each thing that is not a plain first pass; `null` where there is nothing to say. */
function lineOf(progress: Progress, paint: Paint): string | null {
  switch (progress.kind) {
    case 'test': {
      const attempt = progress.attempt > 1 ? `  attempt ${progress.attempt}` : ''
      const why = progress.message === undefined ? '' : `\n        ${paint('dim', firstLine(progress.message))}`
      return `${painted(progress.outcome, paint)} ${visible(progress.id)}${attempt}${why}`
    }
    case 'killed':
      return `${paint('red', 'KILLED ')} process ${progress.process}: ${visible(progress.reason)}`
    case 'note':
      return `${paint('yellow', 'NOTE   ')} ${firstLine(progress.problem.message)}`
    case 'collected':
    case 'started':
    case 'running':
    case 'retry':
    case 'finished':
      return null
  }
}

/** One line a change while there are few tests, then one for every tenth part, and every failure always. */
function lineView(output: Output): ProgressView {
  const paint = painter(output.colour)
  let reported = 0
  return {
    onProgress: (progress) => {
      if (progress.kind === 'test' && progress.outcome === 'passed' && progress.total > 60) {
        const tenth = Math.floor((progress.done * 10) / progress.total)
        if (tenth > reported && progress.attempt === 1) {
          reported = tenth
          output.note(`${paint('dim', '…      ')} ${progress.done} of ${progress.total}\n`)
        }
        return
      }
      const line = lineOf(progress, paint)
      if (line !== null) output.note(`${line}\n`)
    },
    onText: () => {},
    step: (text) => output.note(`${paint('blue', '▸')} ${text}\n`),
    close: () => {},
  }
}

/** Failures only, as `file:line: message` where it is known. */
function agentView(output: Output): ProgressView {
  return {
    onProgress: (progress) => {
      if (progress.kind !== 'test' || progress.outcome === 'passed' || progress.outcome === 'skipped') return
      output.note(`${visible(progress.id)}: ${words[progress.outcome]} ${firstLine(progress.message ?? '')}\n`)
    },
    onText: () => {},
    step: () => {},
    close: () => {},
  }
}

interface LiveState {
  done: number
  total: number
  bad: number
  readonly running: Map<number, string>
  readonly since: number
}

/** A bar that is redrawn in place, with failures as lines above it, and a model's answer as it streams. */
function liveView(output: Output): ProgressView {
  const paint = painter(output.colour)
  const state: LiveState = { done: 0, total: 0, bad: 0, running: new Map(), since: now() }
  let drawn = false
  let streaming = false
  const erase = (): void => {
    if (drawn) output.note('\r\u001b[2K')
    drawn = false
  }
  const draw = (): void => {
    if (state.total === 0 || streaming) return
    erase()
    output.note(barOf(state, output.width, paint))
    drawn = true
  }
  const timer = every(100, draw)
  const say = (line: string): void => {
    erase()
    if (streaming) output.note('\n')
    streaming = false
    output.note(`${line}\n`)
  }
  return {
    onProgress: (progress) => {
      follow(state, progress)
      const quiet = progress.kind === 'test' && progress.outcome === 'passed' && progress.attempt === 1
      const line = quiet ? null : lineOf(progress, paint)
      if (line !== null) say(line)
      if (progress.kind === 'finished') erase()
    },
    onText: (piece) => {
      erase()
      streaming = true
      output.note(paint('dim', piece.split('\n').map(visible).join('\n')))
    },
    step: (text) => say(`${paint('blue', '▸')} ${text}`),
    close: () => {
      timer.cancel()
      erase()
      if (streaming) output.note('\n')
    },
  }
}

function follow(state: LiveState, progress: Progress): void {
  if (progress.kind === 'collected') state.total = progress.total
  if (progress.kind === 'running') state.running.set(progress.process, progress.id)
  if (progress.kind !== 'test') return
  state.done = progress.done
  state.total = progress.total
  if (progress.outcome !== 'passed' && progress.outcome !== 'skipped') state.bad++
}

function barOf({ done, total, bad, running, since }: LiveState, width: number, paint: Paint): string {
  const cells = 24
  const filled = Math.min(cells, Math.round((done / total) * cells))
  const bar = paint(bad > 0 ? 'red' : 'green', '━'.repeat(filled)) + paint('dim', '━'.repeat(cells - filled))
  const seconds = Math.round((now() - since) / 1000)
  const current = [...running.values()].at(-1) ?? ''
  const room = Math.max(0, width - cells - 30)
  return `${bar} ${done}/${total}  ${seconds} s  ${paint('dim', visible(current).slice(0, room))}`
}

function firstLine(text: string): string {
  return visible((text.trim().split('\n', 1)[0] ?? '').slice(0, 300))
}
