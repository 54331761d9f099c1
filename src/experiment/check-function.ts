import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GreenloopError } from '../domain/errors.ts'
import { after } from '../lib/clock.ts'
import type { CheckContext } from './check-context.ts'
import type { Finding } from './check-finding.ts'
import { createMemo } from './check-memo.ts'
import type { CheckOf } from './check-parts.ts'
import { findingOfReply } from './check-reply.ts'

/** One call of a function of a check. */
interface FunctionCall {
  readonly answer: unknown
  readonly context: CheckContext
  readonly signal: AbortSignal
}

/** Calls functions of modules. */
export type FunctionRunner = (check: CheckOf<'function'>, call: FunctionCall) => Promise<Finding>

/** Imports a module by its URL. */
export type ImportModule = (url: string) => Promise<unknown>

const modulesKept = 500

/**
 * Makes a {@link FunctionRunner}. Files are relative to `folder`; each is imported once. A function gets the value that
 * the check looks at and a {@link CheckContext}, and may be asynchronous. What it throws breaks the check, and so
 * does a promise that is not kept in time.
 */
export function createFunctionRunner(folder: string, importModule: ImportModule): FunctionRunner {
  const load = createMemo(modulesKept, (file) => importModule(pathToFileURL(resolve(folder, file)).href))
  return async (check, { answer, context, signal }) => {
    const who = `\`${check.export}\` of ${check.file}`
    const loaded = await load(check.file).catch((error: unknown) => {
      throw failure(`${check.file} cannot be imported`, error)
    })
    const call = memberOf(loaded, check.export)
    if (typeof call !== 'function') {
      throw new GreenloopError('judge_failed', `${check.file} exports no function \`${check.export}\``)
    }
    const running = (async () => await (call as (...given: readonly unknown[]) => unknown)(answer, context))()
    const seconds = check.timeoutSeconds
    const late = new GreenloopError('judge_failed', `${who} took longer than ${seconds} s`)
    const reply = await untilOver(running, { signal, seconds, late }).catch((error: unknown) => {
      signal.throwIfAborted()
      if (error === late) throw late
      throw failure(`${who} threw`, error)
    })
    return findingOfReply(reply, who)
  }
}

function memberOf(loaded: unknown, name: string): unknown {
  return typeof loaded === 'object' && loaded !== null ? (loaded as Record<string, unknown>)[name] : undefined
}

function failure(what: string, cause: unknown): GreenloopError {
  return new GreenloopError('judge_failed', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  })
}

interface Waiting {
  readonly signal: AbortSignal
  readonly seconds: number
  /** Thrown when the time is over. */
  readonly late: GreenloopError
}

/** A function that never ends is left alone when its time is over or the trial is given up. */
async function untilOver<T>(running: Promise<T>, { signal, seconds, late }: Waiting): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = after(seconds * 1000, () => reject(late))
  try {
    return await Promise.race([running, promise])
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', onAbort)
  }
}
