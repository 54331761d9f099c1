import type { TaskAttempt, TaskResult } from '../../src/domain/task.ts'

/** What was noted of a run. */
type Note =
  | { readonly kind: 'start'; readonly task: string; readonly number: number }
  | { readonly kind: 'attempt'; readonly task: string; readonly attempt: TaskAttempt }
  | { readonly kind: 'result'; readonly result: TaskResult }

/** What a new life finds. */
export interface Recorded {
  readonly finished: ReadonlySet<string>
  /** Highest number of an attempt on record, by task. */
  readonly numbered: ReadonlyMap<string, number>
  /** Attempts whose end is on record, by task; those that were broken off do not count against the policy. */
  readonly counted: ReadonlyMap<string, number>
}

/** A journal in memory: an array that only grows, and of which a crash takes whatever was not flushed. */
export interface MemoryJournal {
  append(note: Note): void
  flush(): void
  crash(): void
  read(): Recorded
  readonly notes: readonly Note[]
}

/** A journal that flushes by itself after so many notes. */
export function createJournal(flushEvery: number): MemoryJournal {
  const notes: Note[] = []
  let durable = 0
  const flush = (): void => {
    durable = notes.length
  }
  return {
    notes,
    append: (note) => {
      notes.push(note)
      if (notes.length - durable >= flushEvery) flush()
    },
    flush,
    crash: () => {
      notes.length = durable
    },
    read: () => read(notes),
  }
}

function read(notes: readonly Note[]): Recorded {
  const finished = new Set<string>()
  const numbered = new Map<string, number>()
  const ended = new Map<string, Set<number>>()
  const end = (task: string, number: number): void => {
    numbered.set(task, Math.max(number, numbered.get(task) ?? 0))
    ended.set(task, (ended.get(task) ?? new Set()).add(number))
  }
  for (const note of notes) {
    switch (note.kind) {
      case 'start':
        numbered.set(note.task, Math.max(note.number, numbered.get(note.task) ?? 0))
        break
      case 'attempt':
        end(note.task, note.attempt.number)
        break
      case 'result': {
        const { task, attempts } = note.result
        finished.add(task.id)
        const last = attempts.at(-1)
        if (last !== undefined) end(task.id, last.number)
      }
    }
  }
  return { finished, numbered, counted: new Map([...ended].map(([task, numbers]) => [task, numbers.size])) }
}
