import { Worker } from 'node:worker_threads'
import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import type { Timer } from '../lib/clock.ts'
import type { ThreadMessage } from './thread-answers.ts'

/** Other threads that do what could hold up the server. They start when they are needed and end when they idle. */
export interface Threads<Task, Result> {
  /**
   * Has a task done. Throws what the work throws, `rate_limited` where no thread becomes free in time, the error of
   * `late` after `ms` milliseconds of work (the thread is ended then), and the signal's reason on an abort.
   */
  run(task: Task, limits: { readonly ms: number; readonly signal?: AbortSignal | undefined }): Promise<Result>
}

/** How threads are kept. */
export interface ThreadOptions {
  /** Address of the module that answers, without its ending, which is that of this module. */
  readonly module: URL
  /** Most threads side by side. */
  readonly most: number
  /** How long a task waits for a thread, in milliseconds. */
  readonly waitMs: number
  /** Heap of one thread; a task that wants more is late. */
  readonly heapMb: number
  /** The error for a task that takes too long or too much. */
  readonly late: (what: 'time' | 'memory', ms: number) => GreenloopError
}

/** A thread without work ends after so long. */
const idleMs = 60_000
/** A machine that cannot start a thread in so long cannot do its work either. */
const startMs = 30_000

interface Thread {
  readonly worker: Worker
  readonly ready: Promise<ThreadMessage>
  idle: Timer | undefined
}

/** Threads that each run the same module; see `answerTasks` for what it has to do. */
export function createThreads<Task, Result>(options: ThreadOptions): Threads<Task, Result> {
  const slots = createSlots(options)
  const idle: Thread[] = []
  const forget = (thread: Thread): void => {
    const at = idle.indexOf(thread)
    if (at >= 0) idle.splice(at, 1)
  }
  const open = (): Thread => {
    const thread = start(options)
    thread.worker.once('exit', () => forget(thread))
    return thread
  }
  const rest = (thread: Thread): void => {
    thread.worker.unref()
    idle.push(thread)
    const end = (): void => {
      forget(thread)
      void thread.worker.terminate()
    }
    thread.idle = after(idleMs, end, { unref: true })
  }
  return {
    async run(task, { ms, signal }) {
      signal?.throwIfAborted()
      await slots.take(signal)
      const thread = idle.pop() ?? open()
      try {
        thread.idle?.cancel()
        thread.worker.ref()
        const message = await exchange(thread, { task, ms, signal, late: options.late })
        rest(thread)
        return resultOf(message) as Result
      } catch (error) {
        if (!idle.includes(thread)) void thread.worker.terminate()
        throw error
      } finally {
        slots.give()
      }
    },
  }
}

function resultOf(message: ThreadMessage): unknown {
  if (message.kind === 'failed') throw new GreenloopError(message.code, message.message, message.details)
  return message.kind === 'done' ? message.result : undefined
}

function start({ module, heapMb }: ThreadOptions): Thread {
  const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  const worker = new Worker(new URL(`${module.href}${ending}`), {
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  })
  const ready = nextMessage(worker)
  ready.catch(() => {})
  return { worker, ready, idle: undefined }
}

interface Exchange {
  readonly task: unknown
  readonly ms: number
  readonly signal: AbortSignal | undefined
  readonly late: ThreadOptions['late']
}

/** Sends a task once the thread listens, and waits for its answer. */
async function exchange({ worker, ready }: Thread, { task, ms, signal, late }: Exchange): Promise<ThreadMessage> {
  const limits = { signal, late }
  await within(ready, { ...limits, ms: startMs })
  const answered = nextMessage(worker)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(task)
  return within(answered, { ...limits, ms })
}

function nextMessage(worker: Worker): Promise<ThreadMessage> {
  const next = Promise.withResolvers<ThreadMessage>()
  const onExit = (code: number): void => next.reject(new Error(`the thread ended with ${code}`))
  worker.once('message', next.resolve)
  worker.once('error', next.reject)
  worker.once('exit', onExit)
  const forget = (): void => {
    worker.off('message', next.resolve)
    worker.off('exit', onExit)
    worker.off('error', next.reject)
    // An error that nobody hears would end the process.
    if (worker.listenerCount('error') === 0) worker.on('error', () => {})
  }
  next.promise.then(forget, forget)
  return next.promise
}

async function within<T>(work: Promise<T>, { ms, signal, late }: Omit<Exchange, 'task'>): Promise<T> {
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  const timer = after(ms, () => ended.reject(late('time', ms)))
  const onAbort = (): void => ended.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, ended.promise])
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    throw isFull ? late('memory', ms) : error
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Counts who may work; the others wait in line. */
function createSlots({ most, waitMs }: Pick<ThreadOptions, 'most' | 'waitMs'>) {
  let free = most
  const waiting: (() => void)[] = []
  const wait = async (signal: AbortSignal | undefined): Promise<void> => {
    const turn = Promise.withResolvers<void>()
    waiting.push(turn.resolve)
    const late = (): GreenloopError =>
      new GreenloopError('rate_limited', `${most} such calculations are under way already`, {
        help: 'try again in a few seconds',
      })
    try {
      await within(turn.promise, { ms: waitMs, signal, late })
    } catch (error) {
      const at = waiting.indexOf(turn.resolve)
      if (at >= 0) waiting.splice(at, 1)
      throw error
    }
  }
  return {
    take: async (signal: AbortSignal | undefined): Promise<void> => {
      if (free === 0) return wait(signal)
      free--
    },
    give: (): void => {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    },
  }
}
