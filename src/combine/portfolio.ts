import { Worker } from 'node:worker_threads'
import { after } from '../lib/clock.ts'
import type { Model } from './model.ts'
import type { Combination, CombineOptions } from './options.ts'

/** A second search, with a seed of its own, on another thread. */
export interface Rival {
  /** What it found; `undefined` where it failed or takes longer than `ms` milliseconds from now. */
  result(ms: number): Promise<Combination | undefined>
  /** Ends it. */
  stop(): Promise<void>
}

/** What a rival is told. */
export interface RivalTask {
  readonly model: Model
  readonly options: CombineOptions
}

const file = import.meta.url.endsWith('.ts') ? './portfolio-worker.ts' : './portfolio-worker.js'

/** Starts a rival. Its options are those of the caller, with another seed. */
export function startRival(model: Model, options: CombineOptions): Rival {
  const { signal: _signal, clock: _clock, seed = 0, ...rest } = options
  const task: RivalTask = { model, options: { ...rest, seed: seed + 1 } }
  const worker = new Worker(new URL(file, import.meta.url), { workerData: task })
  const found = new Promise<Combination | undefined>((resolve) => {
    worker.once('message', resolve)
    // Whatever goes wrong over there, the caller's own array stands.
    worker.once('error', () => resolve(undefined))
    worker.once('exit', () => resolve(undefined))
  })
  return {
    result: async (ms) => {
      const late = Promise.withResolvers<undefined>()
      const timer = after(ms, () => late.resolve(undefined))
      const result = await Promise.race([found, late.promise])
      timer.cancel()
      return result
    },
    stop: async () => {
      await worker.terminate()
    },
  }
}
