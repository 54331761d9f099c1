/**
 * One contestant of bench/engine.ts in a process of its own: node bench/engine-contestants.ts NAME FORM COUNT. Prints
 * seconds and peak memory as JSON. Every contestant runs the same empty asynchronous handler, 64 at a time.
 */
import { executeTasks } from '../src/engine/execute-tasks.ts'

const [name = '', form = '', size = ''] = process.argv.slice(2)
const count = Number(size)
const width = 64
const timeLimitMs = 30_000
const maxAttempts = 3

let done = 0
const handler = async (): Promise<void> => {}

const run = new AbortController()

/**
 * What our engine does for each task, written by hand: up to three attempts, a limit that aborts the handler and holds
 * even if it does not listen, an end with the run's signal, and a record of when it was and how long it took.
 */
async function attempted(): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const stop = new AbortController()
    const onAbort = (): void => stop.abort(run.signal.reason)
    run.signal.addEventListener('abort', onAbort, { once: true })
    const startedAt = Date.now()
    const start = performance.now()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        stop.abort()
        reject(new Error('too late'))
      }, timeLimitMs)
    })
    try {
      const output = await Promise.race([handler(), late])
      return { output, attempt, startedAt, serviceMs: performance.now() - start }
    } catch (error) {
      if (attempt >= maxAttempts) throw error
    } finally {
      clearTimeout(timer)
      run.signal.removeEventListener('abort', onAbort)
    }
  }
}

const work: () => Promise<unknown> = form === 'duty' ? attempted : handler

/** Submits one by one, never more than `width` unfinished: the way that costs least memory. */
async function fed(submit: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const feed = async (): Promise<void> => {
    while (next < count) {
      await submit(next++)
      done++
    }
  }
  await Promise.all(Array.from({ length: width }, feed))
}

/** Submits everything at once: the way that the documentation of each library shows. */
async function enqueued(submit: (index: number) => Promise<unknown>): Promise<void> {
  const all: Promise<void>[] = []
  const settle = (): void => void done++
  for (let index = 0; index < count; index++) all.push(submit(index).then(settle))
  await Promise.all(all)
}

const drive = form === 'enqueued' ? enqueued : fed

/** Ids of six digits, put together from parts: `String(index)` would measure its cache. */
const parts = Array.from({ length: 1000 }, (_, index) => String(index).padStart(3, '0'))

function* tasks(): Generator<{ id: string; payload: number }> {
  for (let index = 0; index < count; index++) {
    yield { id: `${parts[Math.floor(index / 1000) % 1000]}${parts[index % 1000]}`, payload: index }
  }
}

const contestants: Readonly<Record<string, () => Promise<unknown>>> = {
  greenloop: () =>
    executeTasks(
      tasks(),
      handler,
      { concurrency: width, timeoutSeconds: timeLimitMs / 1000, retry: { maxAttempts } },
      { signal: run.signal, onResult: () => void done++ },
    ),
  'p-queue': async () => {
    const { default: PQueue } = await import('p-queue')
    const queue = new PQueue({ concurrency: width })
    await drive(() => queue.add(work))
  },
  'p-limit': async () => {
    const { default: pLimit } = await import('p-limit')
    const limit = pLimit(width)
    await drive(() => limit(work))
  },
  fastq: async () => {
    const { promise } = await import('fastq')
    const queue = promise<unknown, number>(work, width)
    await drive((index) => queue.push(index))
  },
  bottleneck: async () => {
    const { default: Bottleneck } = await import('bottleneck')
    const limiter = new Bottleneck({ maxConcurrent: width })
    await drive(() => limiter.schedule(work))
  },
  'async-sema': async () => {
    const { Sema } = await import('async-sema')
    const sema = new Sema(width)
    await drive(async () => {
      await sema.acquire()
      try {
        await work()
      } finally {
        sema.release()
      }
    })
  },
  'bare loop': () => drive(work),
}

const start = performance.now()
await contestants[name]?.()
const seconds = (performance.now() - start) / 1000
if (done !== count) throw new Error(`${name} did ${done} of ${count} tasks`)
console.log(JSON.stringify({ seconds, peakMb: process.resourceUsage().maxRSS / 1024 }))
