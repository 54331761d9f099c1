import { parentPort, workerData } from 'node:worker_threads'
import { combineNow } from './combine.ts'
import type { RivalTask } from './portfolio.ts'

const { model, options } = workerData as RivalTask
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(combineNow(model, options))
