import type { DifyScript } from './dify-script.ts'
import { startDifyServer } from './dify-server.ts'
import type { DifyApp, DifyServer, DifyServerOptions } from './dify-server.ts'
import type { Target, TargetCall, TargetOptions, TargetSetup } from '../../src/domain/target.ts'
import { environmentSchema, serverSchema, workflowSchema } from '../../src/domain/workflow.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { difyTarget } from '../../src/workflows/dify.ts'
import type { DifyLimits } from '../../src/workflows/dify-limits.ts'
import { createHttpClient } from '../../src/lib/http-client.ts'

/** A key that must not be seen in any message. */
export const secretKey = 'app-s3cret-key-1234567890'

/** A server with one app, and a target that calls it. */
export interface Bench extends AsyncDisposable {
  readonly server: DifyServer
  readonly target: Target
}

interface BenchOptions extends Omit<DifyServerOptions, 'apps'> {
  readonly app: DifyApp
  readonly limits?: Partial<DifyLimits>
  readonly workflow?: Readonly<Record<string, unknown>>
  readonly setup?: Partial<TargetSetup>
}

/** Short limits for tests in which nothing has to be waited for. */
const shortLimits: Partial<DifyLimits> = { lingerMs: 300, lookAgainMs: [5, 10], pollMs: 5, messageMs: 2000 }

/** Starts a server with one app and makes a target for it. */
export async function startBench({ app, limits, workflow, setup, ...options }: BenchOptions): Promise<Bench> {
  const server = await startDifyServer({ apps: { [secretKey]: app }, ...options })
  const http = createHttpClient()
  const target = difyTarget(setupFor(server.url, workflow, setup), {
    http,
    clock: systemClock,
    limits: { ...shortLimits, ...limits },
  })
  return {
    server,
    target,
    [Symbol.asyncDispose]: async () => {
      await target.close()
      http.close()
      await server.close()
    },
  }
}

/** What a target of an app at this address is made from. */
export function setupFor(
  baseUrl: string,
  workflow: Readonly<Record<string, unknown>> = {},
  setup: Partial<TargetSetup> = {},
): TargetSetup {
  return {
    workflow: workflowSchema.parse({ id: 'support', target: 'dify', ...workflow }),
    server: serverSchema.parse({ baseUrl }),
    apiKey: secretKey,
    folder: '/',
    prices: environmentSchema.parse({}).prices,
    ...setup,
  }
}

/** A call without anything special. */
export function callOf(call: Partial<TargetCall> = {}): TargetCall {
  return { inputs: { topic: 'rain' }, files: [], user: 'gl-1', history: [], key: 'run/task', sampling: {}, ...call }
}

/** Options of a call that is neither ended nor watched. */
export function quietly(options: Partial<TargetOptions> = {}): TargetOptions {
  return { signal: new AbortController().signal, ...options }
}

/** A workflow of two nodes, the second of which writes. */
export const summary: DifyScript = {
  nodes: [
    { id: 'start', type: 'start', title: 'Start', outputs: { topic: 'rain' } },
    {
      id: 'llm',
      title: 'Writer',
      inputs: { topic: 'rain' },
      outputs: { text: 'It rains. Ça pleut. 下雨了。' },
      tokens: [30, 12],
      price: '0.0001230',
      model: 'test-model',
    },
  ],
  text: 'It rains. Ça pleut. 下雨了。',
  usage: { tokens: [30, 12], price: '0.0001230' },
}
