import { GreenloopError } from '../domain/errors.ts'
import type { TargetFacts, TargetSetup } from '../domain/target.ts'
import type { Clock } from '../lib/clock.ts'
import { markExhausted } from '../lib/exhausted.ts'
import type { Asked, DifyApi } from './dify-api.ts'
import { kindOfMode } from './dify-app.ts'
import type { DifyKind } from './dify-app.ts'
import { fieldsOf, listOf, textOf } from './dify-fields.ts'
import type { Fields } from './dify-fields.ts'
import type { DifyLimits } from './dify-limits.ts'

/** What is asked of a server about its app. */
export interface AppFacts {
  /** The kind of the app: that of the catalog, else asked once. Throws `target_refused` where neither tells. */
  kind(signal: AbortSignal): Promise<DifyKind>
  /** Input variables that take a list of files; asked once. */
  listInputs(signal: AbortSignal): Promise<ReadonlySet<string>>
  probe(signal: AbortSignal): Promise<TargetFacts>
}

interface FactParts {
  readonly api: DifyApi
  readonly clock: Clock
  readonly limits: DifyLimits
}

/** The facts of the app that a target is set up for. */
export function createAppFacts(setup: TargetSetup, { api, clock, limits }: FactParts): AppFacts {
  const { workflow, version } = setup
  const wanted = workflow.target === 'dify' ? workflow.app : undefined
  const ask = (path: string) => async (signal: AbortSignal) => answerOf(await api.ask({ method: 'GET', path }, signal))
  const info = askedOnce(ask('info'), clock, limits.askMs)
  const parameters = askedOnce(ask('parameters'), clock, limits.askMs)
  return {
    kind: async (signal) => wanted ?? kindIn((await info(signal)).fields, workflow.id),
    listInputs: async (signal) => {
      const form = formOf((await parameters(signal)).fields)
      return new Set(form.filter(({ type }) => type === 'file-list').map(({ name }) => name))
    },
    probe: async (signal) => {
      const { fields, headers } = await ask('info')(signal)
      const form = formOf((await ask('parameters')(signal)).fields)
      const mode = textOf(fields['mode'])
      const release = textOf(headers['x-version'])
      const title = ['Dify', wanted ?? mode ?? 'app', `"${textOf(fields['name']) ?? workflow.id}"`, release]
      return {
        title: title.filter((part) => part !== undefined).join(' '),
        inputs: form.map(({ name, required }) => ({ name, required })),
        problems: problemsOf({ wanted, mode, version, host: api.base.hostname }),
      }
    },
  }
}

interface Answered {
  readonly fields: Fields
  readonly headers: Fields
}

function answerOf(asked: Asked): Answered {
  if (asked.kind === 'answer') return asked
  if (asked.kind === 'failed') throw new GreenloopError('target_failed', asked.complaint.message)
  throw asked.error
}

/**
 * One question for all who want to know, under a limit of its own: who gives up does not take the answer from the others.
 * A failure is not kept.
 */
function askedOnce(ask: (signal: AbortSignal) => Promise<Answered>, clock: Clock, limitMs: number) {
  let answer: Promise<Answered> | undefined
  const begin = async (): Promise<Answered> => {
    const stop = new AbortController()
    const tooLate = new GreenloopError(
      'target_failed',
      `the server did not say what the app is within ${limitMs / 1000} s`,
    )
    const timer = clock.after(limitMs, () => stop.abort(tooLate))
    try {
      return await ask(stop.signal)
    } catch (error) {
      answer = undefined
      throw error
    } finally {
      timer.cancel()
    }
  }
  return async (signal: AbortSignal): Promise<Answered> => {
    signal.throwIfAborted()
    return await untilAborted((answer ??= begin()), signal)
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const gone = Promise.withResolvers<never>()
  const onAbort = (): void => gone.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, gone.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function kindIn(info: Fields, workflow: string): DifyKind {
  const mode = textOf(info['mode'])
  const kind = mode === undefined ? undefined : kindOfMode(mode)
  if (kind !== undefined) return kind
  const said =
    mode === undefined ? 'does not say what kind of app this is' : `has an app of a kind not known here: ${mode}`
  throw markExhausted(
    new GreenloopError('target_refused', `the server of workflow ${workflow} ${said}`, {
      help: 'set `app` in the catalog to workflow, chatflow, chat, agent or completion',
    }),
  )
}

interface FormField {
  readonly name: string
  readonly type: string
  readonly required: boolean
}

/** Each entry of the form is an object with one member: the type of the field. */
function formOf(parameters: Fields): readonly FormField[] {
  return listOf(parameters['user_input_form']).flatMap((entry) =>
    Object.entries(entry).flatMap(([type, value]) => {
      const { variable, required } = fieldsOf(value)
      const name = textOf(variable)
      return name === undefined ? [] : [{ name, type, required: required === true }]
    }),
  )
}

interface Compared {
  readonly wanted: DifyKind | undefined
  readonly mode: string | undefined
  readonly version: string | undefined
  readonly host: string
}

function problemsOf({ wanted, mode, version, host }: Compared): string[] {
  const found = mode === undefined ? undefined : kindOfMode(mode)
  const kind = wanted ?? found
  const problems: (string | undefined)[] = [
    mode !== undefined && found === undefined ? `the app is of a kind that is not known here: ${mode}` : undefined,
    mode === undefined && wanted === undefined
      ? 'the server does not say what kind of app this is: set `app`'
      : undefined,
    wanted !== undefined && found !== undefined && wanted !== found
      ? `the catalog calls the app ${wanted}, the server ${found} (${mode ?? ''})`
      : undefined,
    version !== undefined && kind !== undefined && kind !== 'workflow' && kind !== 'chatflow'
      ? `a published version cannot be chosen for an app of the kind ${kind}`
      : undefined,
    version !== undefined && host === 'api.dify.ai' ? 'the cloud runs pinned versions only in paid plans' : undefined,
  ]
  return problems.filter((problem) => problem !== undefined)
}
