import { inspect } from 'node:util'
import { GreenloopError } from '../domain/errors.ts'
import type { Task } from '../domain/task.ts'
import type { TaskSource } from './options.ts'

/** What a source gave when it was asked. */
type Given<P> = Task<P> | 'later' | 'done'

/** Whoever is told when a source that answers later has answered. */
export interface SourceEvents {
  readonly onTask: () => void
  readonly onFault: (error: unknown) => void
}

/** A source of tasks, asked for one at a time. */
export interface Source<P> {
  /** Asks for a task. After `later`, asking again is free of charge until the answer is there. */
  take(): Given<P>
  /** Whether it gave out everything. */
  readonly isExhausted: boolean
  /** Says that nothing more is wanted, if it has more; comes back when the source has let go, and never rejects. */
  close(): Promise<void>
}

/** A source over any iterable. Throws `usage_invalid` for anything else. */
export function openSource<P>(tasks: TaskSource<P>, events: SourceEvents): Source<P> {
  if (typeof tasks !== 'object' || tasks === null || !(Symbol.asyncIterator in tasks || Symbol.iterator in tasks)) {
    throw new GreenloopError('usage_invalid', 'the tasks are neither iterable nor asynchronously iterable')
  }
  return Symbol.asyncIterator in tasks
    ? openAsync(tasks[Symbol.asyncIterator](), events)
    : openSync(tasks[Symbol.iterator]())
}

function openSync<P>(iterator: Iterator<Task<P>>): Source<P> {
  let state: 'open' | 'exhausted' | 'closed' = 'open'
  let closing = Promise.resolve()
  return {
    get isExhausted() {
      return state === 'exhausted'
    },
    take() {
      if (state !== 'open') return 'done'
      // A source that throws is not asked again, nor told to close.
      state = 'closed'
      const step = iterator.next()
      if (step.done === true) {
        state = 'exhausted'
        return 'done'
      }
      const task = checked(step.value)
      state = 'open'
      return task
    },
    close() {
      if (state === 'open') closing = quietly(() => iterator.return?.())
      if (state === 'open') state = 'closed'
      return closing
    },
  }
}

function openAsync<P>(iterator: AsyncIterator<Task<P>>, { onTask, onFault }: SourceEvents): Source<P> {
  let state: 'open' | 'asked' | 'exhausted' | 'closed' = 'open'
  let task: Task<P> | undefined
  let closing = Promise.resolve()
  const ask = async (): Promise<void> => {
    try {
      const step = await iterator.next()
      if (state === 'closed') return
      task = step.done === true ? undefined : checked(step.value)
      state = step.done === true ? 'exhausted' : 'open'
      onTask()
    } catch (error) {
      if (state === 'closed') return
      state = 'closed'
      onFault(error)
    }
  }
  return {
    get isExhausted() {
      return state === 'exhausted'
    },
    take() {
      if (state === 'asked') return 'later'
      // One that was given before the closing is still there to be ended.
      if (task !== undefined) {
        const given = task
        task = undefined
        return given
      }
      if (state !== 'open') return 'done'
      state = 'asked'
      void ask()
      return 'later'
    },
    close() {
      if (state === 'exhausted' || state === 'closed') return closing
      const letting = quietly(() => iterator.return?.())
      // A generator that hangs in its step would only let go behind it.
      if (state !== 'asked') closing = letting
      state = 'closed'
      return closing
    },
  }
}

/** Callers without types may give anything. */
function checked<P>(task: Task<P>): Task<P> {
  if (typeof (task as Partial<Task> | null | undefined)?.id === 'string') return task
  throw new GreenloopError('usage_invalid', `the source of tasks gave something that is no task: ${inspect(task)}`)
}

async function quietly(action: () => unknown): Promise<void> {
  try {
    await action()
  } catch {
    // The run is over, and what its source still has to say changes nothing.
  }
}
