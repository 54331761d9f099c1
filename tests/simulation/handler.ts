import { GreenloopError } from '../../src/domain/errors.ts'
import type { Handler, Reply, Task, TaskContext } from '../../src/domain/task.ts'
import { failed, succeeded } from '../../src/domain/task.ts'
import { markExhausted } from '../../src/lib/exhausted.ts'
import type { Happening } from './log.ts'
import { actOf } from './observed.ts'
import type { Act, SimulatedTask } from './world.ts'

/** What the acting handler is made with. */
export interface HandlerParts {
  readonly log: (happening: Happening) => void
  /** Calls back on the virtual clock. */
  readonly later: (ms: number, action: () => void) => void
  /** Attempts that the engine allows itself at this moment. */
  readonly width: () => number
  /** Called in the midst of each attempt. */
  readonly interrupt: () => void
}

type Output = string
type Answer = Output | Reply<Output>

/** A handler that does what each task has written down for the attempt. */
export function createHandler(parts: HandlerParts): Handler<readonly Act[], Output> {
  const { log, width } = parts
  return (task: Task<readonly Act[]>, context: TaskContext) => {
    const act = actOf(task as SimulatedTask, context.attempt)
    const place = { task: task.id, attempt: context.attempt }
    log({ kind: 'start', ...place, width: width() })
    parts.interrupt()
    const answer = (): Answer => {
      log({ kind: 'answer', ...place })
      return answerOf(act, `${task.id}/${context.attempt}`)
    }
    if ('afterMs' in act) {
      // Half of those that take no time are done before they give anything back.
      if (act.afterMs === 0 && task.id.length % 2 === 0) return answer()
      return new Promise<Answer>((resolve, reject) => {
        const settle = (): void => attempt(answer, resolve, reject)
        if (act.afterMs === 0) queueMicrotask(settle)
        else parts.later(act.afterMs, settle)
      })
    }
    if (act.kind === 'hang') return new Promise<never>(() => {})
    return onAbort(context.signal, (resolve, reject) => {
      log({ kind: 'abort', ...place })
      const settle = (): void => attempt(answer, resolve, reject)
      if (act.kind === 'obey') settle()
      else parts.later(act.lateMs, settle)
    })
  }
}

function onAbort(
  signal: AbortSignal,
  act: (resolve: (value: Answer) => void, reject: (error: unknown) => void) => void,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) act(resolve, reject)
    else signal.addEventListener('abort', () => act(resolve, reject), { once: true })
  })
}

function attempt(answer: () => Answer, resolve: (value: Answer) => void, reject: (error: unknown) => void): void {
  try {
    resolve(answer())
  } catch (error) {
    reject(error)
  }
}

function answerOf(act: Act, text: string): Answer {
  switch (act.kind) {
    case 'succeed':
      return act.usage === undefined ? text : succeeded(text, act.usage)
    case 'fail':
      return failed(text, { usage: act.usage, retry: act.retry })
    case 'throw':
      if (act.final === 'usage') throw new GreenloopError('usage_invalid', text)
      throw act.final === 'exhausted' ? markExhausted(new Error(text)) : new Error(text)
    case 'overload':
      throw overload(act, text)
    case 'obey':
      throw new DOMException(text, 'AbortError')
    case 'late':
      if (act.ending === 'error') throw new Error(text)
      return text
    case 'hang':
      throw new RangeError('what hangs does not answer')
  }
}

function overload({ form, retryAfterMs }: Extract<Act, { kind: 'overload' }>, text: string): Error {
  switch (form) {
    case 'field':
      return Object.assign(new Error(text), { status: 429, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
    case 'header': {
      const headers = retryAfterMs === undefined ? {} : { 'retry-after': String(retryAfterMs / 1000) }
      return Object.assign(new Error(text), { statusCode: 429, headers })
    }
    case 'greenloop': {
      const call = { status: 429, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
      return new GreenloopError('llm_rate_limited', text, { call })
    }
  }
}
