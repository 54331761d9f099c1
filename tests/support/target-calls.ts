import type { Target, TargetCall, TargetSetup } from '../../src/domain/target.ts'
import { serverSchema, workflowSchema } from '../../src/domain/workflow.ts'

/** A call that says hello, unless told otherwise. */
export function callOf(changes: Partial<TargetCall> = {}): TargetCall {
  const common = { inputs: {}, query: 'hello', files: [], user: 'u-1', history: [], key: 'run/task', sampling: {} }
  return { ...common, ...changes }
}

/** A setup of this entry of the catalog, with a server where an address is given. */
export function setupOf(workflow: object, baseUrl?: string): TargetSetup {
  return {
    workflow: workflowSchema.parse({ id: 'flow', ...workflow }),
    server: baseUrl === undefined ? undefined : serverSchema.parse({ baseUrl }),
    folder: import.meta.dirname,
    prices: { currency: 'USD', models: {} },
  }
}

/** What a call throws; fails where it throws nothing. */
export async function thrownBy(
  target: Target,
  call: TargetCall,
  signal: AbortSignal = new AbortController().signal,
): Promise<unknown> {
  const reply = await target.call(call, { signal }).catch((error: unknown) => ({ error }))
  if ('error' in reply && !('status' in reply)) return reply.error
  throw new Error('the call threw nothing')
}
