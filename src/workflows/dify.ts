import { GreenloopError } from '../domain/errors.ts'
import type { Target, TargetSetup } from '../domain/target.ts'
import type { Clock } from '../lib/clock.ts'
import { markExhausted } from '../lib/exhausted.ts'
import { createDifyApi } from './dify-api.ts'
import { createCaller } from './dify-call.ts'
import { createAppFacts } from './dify-facts.ts'
import { createFileSender } from './dify-files.ts'
import { usualLimits } from './dify-limits.ts'
import type { DifyLimits } from './dify-limits.ts'
import { createStops } from './dify-stops.ts'
import type { HttpClient } from '../lib/http-client.ts'

/** What a Dify target needs from outside. */
export interface DifyParts {
  readonly http: HttpClient
  readonly clock: Clock
  /** In place of the usual ones. */
  readonly limits?: Partial<DifyLimits> | undefined
}

/**
 * An app on a Dify server, called over its service API, always streaming. A run costs money and cannot be sent twice as
 * one: after a break it is looked for and followed to its end, and `target_failed` is thrown only where it was not begun.
 * Throws `plan_invalid` where the server has no usable address; its calls throw as every {@link Target}.
 */
export function difyTarget(setup: TargetSetup, { http, clock, limits: own }: DifyParts): Target {
  const { workflow, version = workflow.target === 'dify' ? workflow.version : undefined } = setup
  const limits = { ...usualLimits, ...own }
  const api = createDifyApi(setup, http, clock)
  const facts = createAppFacts({ ...setup, version }, { api, clock, limits })
  const sendFiles = createFileSender({ api, folder: setup.folder, listInputs: (signal) => facts.listInputs(signal) })
  const stops = createStops({ api, clock, limits })
  const caller = createCaller({ api, clock, limits, sendFiles, stops, version, prices: setup.prices })
  const app = workflow.target === 'dify' ? workflow.app : undefined
  return {
    name: ['dify', app, workflow.id].filter((part) => part !== undefined).join(' '),
    call: async (call, options) => {
      options.signal.throwIfAborted()
      const kind = await facts.kind(options.signal)
      if (call.query === undefined && kind !== 'workflow' && kind !== 'completion')
        throw withoutQuery(workflow.id, kind)
      return await caller.call(call, options, kind)
    },
    recover: async (lost, options) => await caller.recover(lost, options, await facts.kind(options.signal)),
    probe: (signal) => facts.probe(signal),
    close: () => stops.settled(),
  }
}

function withoutQuery(workflow: string, kind: string): GreenloopError {
  return markExhausted(
    new GreenloopError('target_refused', `workflow ${workflow} is a ${kind} app, and the case says nothing to it`, {
      help: 'give the case a `query`, or turns',
    }),
  )
}
