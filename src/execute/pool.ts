/**
 * Works on a queue, `width` items at a time, until it is empty; what `work` returns is added to its end. The first error
 * stops the intake and is thrown when nothing runs any more. The caller bounds what is added.
 */
export async function drain<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<readonly T[]>,
): Promise<void> {
  const queue = [...items]
  const running = new Set<Promise<void>>()
  const faults: unknown[] = []
  const take = async (item: T): Promise<void> => {
    try {
      queue.push(...(await work(item)))
    } catch (error) {
      faults.push(error)
    }
  }
  while (running.size > 0 || (queue.length > 0 && faults.length === 0)) {
    while (running.size < width && queue.length > 0 && faults.length === 0) {
      const item = queue.shift() as T
      const job: Promise<void> = take(item).finally(() => running.delete(job))
      running.add(job)
    }
    await Promise.race(running)
  }
  if (faults.length > 0) throw faults[0]
}
