import * as fc from 'fast-check'
import type { JournalEntry } from '../../src/domain/stored-run.ts'
import type { FinalState, TaskAttempt } from '../../src/domain/task.ts'
import { ended, makeTasks } from './stores.ts'

/** What a test does with one run: its owner writes, its lease is taken over, whoever lost it tries to write. */
export type Step =
  | { readonly kind: 'start'; readonly seq: number; readonly number: number }
  | { readonly kind: 'attempt'; readonly seq: number; readonly number: number; readonly state: FinalState }
  | { readonly kind: 'result'; readonly seq: number; readonly number: number; readonly state: FinalState }
  | { readonly kind: 'event'; readonly at: number }
  | { readonly kind: 'flush' }
  | { readonly kind: 'takeover' }

/** Tasks and attempts of the model: few, so that the steps meet each other. */
export const taskCount = 4
const seq = fc.nat(taskCount - 1)
const number = fc.integer({ min: 1, max: 3 })
const state = fc.constantFrom<FinalState>('succeeded', 'failed', 'timeout', 'cancelled', 'error')

/** Random steps; number 0 of a result stands for a task that never began. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), seq, number }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('attempt' as const), seq, number, state }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('result' as const), seq, number: fc.nat(3), state }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('event' as const), at: fc.nat(1_000) }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'takeover' as const }) },
  ),
  { maxLength: 40 },
)

/** The entry of a step that writes. */
export function entryOf(step: Exclude<Step, { kind: 'flush' | 'takeover' }>): JournalEntry {
  switch (step.kind) {
    case 'start':
      return { kind: 'start', seq: step.seq, number: step.number, startedAt: 1_000 + step.number }
    case 'attempt':
      return { kind: 'attempt', seq: step.seq, attempt: ended(step.number, step.state) }
    case 'event':
      return { kind: 'event', event: { at: step.at, kind: 'tick', data: step.at } }
    case 'result': {
      const [task = { id: '', payload: 0 }] = makeTasks(1, step.seq)
      const attempts = step.number === 0 ? [] : [ended(step.number, step.state)]
      const output = `${step.seq}/${step.number}/${step.state}`
      const usage = { tokens: 0, costUsd: 0 }
      return { kind: 'result', seq: step.seq, result: { task, state: step.state, attempts, usage, output } }
    }
  }
}

interface ModelTask {
  readonly attempts: Map<number, FinalState | undefined>
  decision?: { readonly state: FinalState; readonly output: unknown }
}

/** The rules of a journal in their plainest form: one entry after the other, nothing is grouped, nothing is stored. */
export function createModel() {
  const tasks = Array.from({ length: taskCount }, (): ModelTask => ({ attempts: new Map() }))
  const events: number[] = []
  const end = ({ attempts }: ModelTask, { number, state }: TaskAttempt): void => {
    attempts.set(number, attempts.get(number) ?? state)
  }
  const apply = (entry: JournalEntry): void => {
    if (entry.kind === 'event') return void events.push(entry.event.at)
    const task = tasks[entry.seq]
    if (task === undefined) return
    if (entry.kind === 'start') {
      if (!task.attempts.has(entry.number)) task.attempts.set(entry.number, undefined)
    } else if (entry.kind === 'attempt') end(task, entry.attempt)
    else if (task.decision === undefined) {
      const [attempt] = entry.result.attempts
      if (attempt !== undefined) end(task, attempt)
      // An attempt that ended otherwise before stays what it was, and so decides.
      const state = (attempt && task.attempts.get(attempt.number)) ?? entry.result.state
      task.decision = { state, output: entry.result.output }
    }
  }
  return { tasks, events, apply }
}
