import { parentPort } from 'node:worker_threads'
import { GreenloopError } from '../domain/errors.ts'
import type { ErrorCode, ErrorDetails } from '../domain/errors.ts'

/** What a thread sends back: first that it is ready, then one answer for each task. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: unknown }
  | {
      readonly kind: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly details: ErrorDetails
    }

/** Answers the tasks that come to this thread, one after the other. */
export function answerTasks(work: (task: never) => unknown): void {
  parentPort?.on('message', (task: unknown) => void answer(work, task))
  send({ kind: 'ready' })
}

async function answer(work: (task: never) => unknown, task: unknown): Promise<void> {
  try {
    // What comes here was sent by whoever started the thread, for this work.
    send({ kind: 'done', result: await work(task as never) })
  } catch (error) {
    send(failure(error))
  }
}

function failure(error: unknown): ThreadMessage {
  if (!(error instanceof GreenloopError)) {
    return { kind: 'failed', code: 'internal', message: String(error), details: {} }
  }
  const { code, message, place, why, help, problems } = error
  const optional = Object.entries({ place, why, help }).filter(([, value]) => value !== undefined)
  return { kind: 'failed', code, message, details: { ...Object.fromEntries(optional), problems } }
}

function send(message: ThreadMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message)
}
