import type { Progress } from '../domain/progress.ts'
import { now } from '../lib/clock.ts'
import type { Output } from './output.ts'

/** The event stream of `--jsonl`: one JSON object a line, with increasing `seq`. */
export interface EventStream {
  progress(progress: Progress): void
  emit(event: Readonly<Record<string, unknown>>): void
}

/** Writes events to standard output in the mode `jsonl`, nowhere in the others. */
export function eventStream(output: Output): EventStream {
  let seq = 0
  const emit = (event: Readonly<Record<string, unknown>>): void => {
    if (output.result === 'jsonl')
      output.print(`${JSON.stringify({ seq: ++seq, at: new Date(now()).toISOString(), ...event })}\n`)
  }
  return { emit, progress: emit }
}
