import type { Happening } from './log.ts'
import type { SimulatedTask, World } from './world.ts'

/** What a source is made with. */
export interface SourceParts {
  readonly log: (happening: Happening) => void
  /** Waits on the virtual clock. */
  readonly wait: (ms: number) => Promise<void>
  /** Tasks that are not given: they were finished in an earlier life. */
  readonly finished: ReadonlySet<string>
}

/** The tasks of a world in the form it prescribes; what is asked of it and what it gives is logged. */
export function createSource(world: World, parts: SourceParts): Iterable<SimulatedTask> | AsyncIterable<SimulatedTask> {
  switch (world.source) {
    case 'array': {
      const tasks = [...indices(world, parts)].map((index) => world.task(index))
      for (const { id } of tasks) parts.log({ kind: 'offered', task: id })
      return tasks
    }
    case 'generator':
      return { [Symbol.iterator]: () => watchedSteps(world, parts) }
    case 'steps':
      return { [Symbol.asyncIterator]: () => asyncSteps(world, parts) }
    case 'async':
      return watchedGenerator(world, parts)
  }
}

function* indices({ count }: World, { finished }: SourceParts): Iterable<number> {
  for (let index = 0; index < count; index++) if (!finished.has(`t${index}`)) yield index
}

function watchedSteps(world: World, parts: SourceParts): Iterator<SimulatedTask> {
  const left = indices(world, parts)[Symbol.iterator]()
  return {
    next: () => {
      parts.log({ kind: 'asked' })
      return given(left.next(), world, parts)
    },
    return: () => {
      parts.log({ kind: 'returned' })
      return { done: true, value: undefined }
    },
  }
}

function asyncSteps(world: World, parts: SourceParts): AsyncIterator<SimulatedTask> {
  const left = indices(world, parts)[Symbol.iterator]()
  return {
    next: async () => {
      parts.log({ kind: 'asked' })
      const step = left.next()
      if (step.done !== true) await delay(step.value, world, parts)
      return given(step, world, parts)
    },
    return: async () => {
      parts.log({ kind: 'returned' })
      return { done: true, value: undefined }
    },
  }
}

/** A generator is not seen to be asked before its first step, so each step is told apart by the one who asks. */
async function* watchedGenerator(world: World, parts: SourceParts): AsyncGenerator<SimulatedTask> {
  const left = indices(world, parts)[Symbol.iterator]()
  let isDone = false
  try {
    for (;;) {
      parts.log({ kind: 'asked' })
      const step = left.next()
      if (step.done !== true) await delay(step.value, world, parts)
      isDone = step.done === true
      const { value, done } = given(step, world, parts)
      if (done === true) return
      yield value
    }
  } catch (error) {
    isDone = true
    throw error
  } finally {
    if (!isDone) parts.log({ kind: 'returned' })
  }
}

async function delay(index: number, world: World, { wait }: SourceParts): Promise<void> {
  if (index === world.sourceStallsAt) await new Promise<never>(() => {})
  const { delayMs } = world.task(index)
  if (delayMs > 0) await wait(delayMs)
}

function given(step: IteratorResult<number>, world: World, { log }: SourceParts): IteratorResult<SimulatedTask> {
  if (step.done === true) {
    log({ kind: 'exhausted' })
    return { done: true, value: undefined }
  }
  if (step.value === world.sourceFaultAt) {
    log({ kind: 'source-fault' })
    throw new Error('simulated source fault')
  }
  const task = world.task(step.value)
  log({ kind: 'offered', task: task.id })
  return { done: false, value: task }
}
