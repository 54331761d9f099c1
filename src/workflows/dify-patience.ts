import type { GreenloopError } from '../domain/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { ApiRequest, Asked, DifyApi } from './dify-api.ts'
import type { DifyLimits } from './dify-limits.ts'

/** What looking for a lost call needs. */
export interface SearchParts {
  readonly api: DifyApi
  readonly clock: Clock
  readonly limits: DifyLimits
  readonly signal: AbortSignal
}

/** Asks something that changes nothing, and again as long as the server is away or busy. */
export async function askPatiently(request: ApiRequest, { api, clock, limits, signal }: SearchParts): Promise<Asked> {
  let asked = await api.ask(request, signal)
  for (const wait of limits.lookAgainMs) {
    if (asked.kind === 'answer' || asked.kind === 'failed' || !mayPass(asked.error)) return asked
    await clock.sleep(wait, signal)
    asked = await api.ask(request, signal)
  }
  return asked
}

/** Whether a server that answers so is away or busy, and may be back. */
export function mayPass({ code }: GreenloopError): boolean {
  return code === 'target_failed' || code === 'target_rate_limited'
}

/** Why a question has no answer, in words. */
export function whyNot(asked: Exclude<Asked, { kind: 'answer' }>): string {
  return asked.kind === 'failed' ? asked.complaint.message : asked.error.message
}
