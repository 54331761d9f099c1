import type { RunTasks, Task } from '../domain/task.ts'

/** How a queue is worked on. */
export interface PoolOptions<T> {
  /** Items at a time. */
  readonly width: number
  readonly work: (item: T) => Promise<readonly T[]>
  readonly runTasks: RunTasks
}

/**
 * Works on a queue with the engine until it is empty; what `work` returns is added to its end. The first error stops the
 * intake and is thrown when nothing runs any more. The caller bounds what is added.
 */
export async function drain<T>(items: readonly T[], { width, work, runTasks }: PoolOptions<T>): Promise<void> {
  const queue = openQueue(items)
  const faults: unknown[] = []
  const take = async ({ payload }: Task<T>): Promise<void> => {
    try {
      const more = await work(payload)
      queue.settle(faults.length === 0 ? more : [])
    } catch (error) {
      faults.push(error)
      queue.clear()
      queue.settle([])
    }
  }
  // A run that is being ended goes on listening to its processes, so the engine is not told to leave them.
  await runTasks(queue.tasks(), take, { concurrency: width }, { onResult: () => {} })
  if (faults.length > 0) throw faults[0]
}

/** A queue that is over when it is empty and nothing that was taken from it can add to it any more. */
function openQueue<T>(items: readonly T[]) {
  const waiting = [...items]
  let unsettled = 0
  let number = 0
  let wake: (() => void) | undefined
  return {
    settle: (more: readonly T[]): void => {
      waiting.push(...more)
      unsettled--
      wake?.()
    },
    clear: (): void => {
      waiting.length = 0
    },
    async *tasks(): AsyncGenerator<Task<T>> {
      for (;;) {
        const [next] = waiting.splice(0, 1)
        if (next !== undefined) {
          unsettled++
          yield { id: String(++number), payload: next }
        } else if (unsettled === 0) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
  }
}
