import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GreenloopError } from '../domain/errors.ts'
import type { Target, TargetCall, TargetSetup } from '../domain/target.ts'
import { readRetryAfter } from '../lib/backoff.ts'
import type { HeaderSource } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import { nearest } from '../lib/nearest.ts'
import { capHead } from '../lib/plain-text.ts'
import { moduleReply } from './module-target-reply.ts'
import { wrongTarget } from './target-errors.ts'

/** What a function of the user gets: snake_case, as in files. */
export interface ModuleTask {
  /** The same for all attempts at a call. */
  readonly id: string
  readonly key: string
  readonly user: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly query: string | undefined
  /** The same as `inputs`, under the name that combinations have. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly prompt: string | undefined
  readonly model: string | undefined
  readonly sampling: Readonly<Record<string, unknown>>
  readonly history: TargetCall['history']
  readonly conversation_id: string | undefined
  readonly files: TargetCall['files']
}

/** A workflow that is a function. What it gives back is read by {@link moduleReply}; what it throws is a system error. */
export type ExecuteTask = (task: ModuleTask, options: { readonly signal: AbortSignal }) => unknown

/** What {@link functionTarget} is made with. */
export interface FunctionParts {
  readonly clock: Clock
  readonly prices: TargetSetup['prices']
  readonly name?: string | undefined
}

/**
 * A function as a target. A throw of the function is `target_failed`, or `target_rate_limited` where the error has status
 * or code 429, with the wait that its `retryAfterMs` or `headers` name; errors of Greenloop stay what they are. An abort
 * throws the signal's reason even where the function does not listen.
 */
export function functionTarget(execute: ExecuteTask, { clock, prices, name = 'function' }: FunctionParts): Target {
  return {
    name,
    call: async (call, { signal, onIds }) => {
      signal.throwIfAborted()
      const startedAt = clock.monotonic()
      const value = await untilAbort(async () => execute(taskOf(call), { signal }), signal).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : thrownFailure(error, { name, nowMs: clock.now() })
      })
      const reply = moduleReply(value, { totalMs: clock.monotonic() - startedAt, prices, model: call.model })
      onIds?.(reply.ids)
      return reply
    },
    close: async () => {},
  }
}

function taskOf(call: TargetCall): ModuleTask {
  const { key, user, inputs, query, prompt, model, sampling, history, conversationId, files } = call
  const given = { query, prompt, model, conversation_id: conversationId }
  return { id: key, key, user, inputs, parameters: inputs, sampling, history, files, ...given }
}

/** A function that does not look at its signal goes on in the background; the attempt is over nevertheless. */
async function untilAbort(work: () => Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

interface Thrown {
  readonly name: string
  readonly nowMs: number
}

function thrownFailure(error: unknown, { name, nowMs }: Thrown): GreenloopError {
  if (error instanceof GreenloopError) return error
  const { status, statusCode, code, message, retryAfterMs, headers } = fieldsOf(error)
  const numbers = [status, statusCode, code].map(Number)
  const found = numbers.find((number) => Number.isInteger(number) && number >= 100 && number < 600)
  const told = typeof retryAfterMs === 'number' ? retryAfterMs : undefined
  const asked =
    told ??
    (typeof headers === 'object' && headers !== null ? readRetryAfter(headers as HeaderSource, nowMs) : undefined)
  const text = capHead(typeof message === 'string' ? message : String(error), longest)
  const isLimit = found === tooManyRequests
  return new GreenloopError(isLimit ? 'target_rate_limited' : 'target_failed', `${name}: ${text}`, {
    cause: error,
    call: {
      ...(found === undefined ? {} : { status: found }),
      ...(asked === undefined ? {} : { retryAfterMs: asked }),
    },
  })
}

const tooManyRequests = 429
const longest = 2000

/**
 * A function of a module of the user, which is loaded with the first call. Throws `target_refused` where the file, or a
 * function of that name in it, is missing or the file cannot be loaded.
 */
export function moduleTarget(setup: TargetSetup, { clock }: { readonly clock: Clock }): Target {
  const { workflow, folder, prices } = setup
  if (workflow.target !== 'module') throw wrongTarget('module', workflow.target)
  const path = resolve(folder, workflow.file)
  const name = `module ${workflow.id}`
  let loading: Promise<Target> | undefined
  const load = async (): Promise<Target> =>
    functionTarget(await functionOf(path, workflow.export), { clock, prices, name })
  const loaded = (): Promise<Target> => (loading ??= load())
  return {
    name,
    call: async (call, options) => {
      options.signal.throwIfAborted()
      return await (await loaded()).call(call, options)
    },
    probe: async () => {
      await loaded()
      return { title: `function ${workflow.export} of ${workflow.file}`, problems: [] }
    },
    close: async () => {},
  }
}

async function functionOf(path: string, name: string): Promise<ExecuteTask> {
  await access(path).catch((cause: unknown) => {
    throw new GreenloopError('target_refused', `the module \`${path}\` is not there`, { cause })
  })
  const module = (await import(pathToFileURL(path).href).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new GreenloopError('target_refused', `the module \`${path}\` cannot be loaded: ${reason}`, { cause })
  })) as Readonly<Record<string, unknown>>
  const found = module[name]
  if (typeof found === 'function') return found as ExecuteTask
  const functions = Object.keys(module).filter((each) => typeof module[each] === 'function')
  const near = nearest(name, functions)
  const listed = functions.map((each) => `\`${each}\``).join(', ')
  throw new GreenloopError('target_refused', `the module \`${path}\` exports no function \`${name}\``, {
    help: near === undefined ? `it exports ${listed === '' ? 'no function' : listed}` : `did you mean \`${near}\`?`,
  })
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
}
