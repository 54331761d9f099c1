import { GreenloopError } from '../domain/errors.ts'
import type { ModelCall } from '../domain/generation.ts'
import type { CallOptions, Prompt, Provider } from '../domain/ports.ts'
import { monotonic } from '../lib/clock.ts'
import { estimateTokens } from '../lib/tokens.ts'

/** Reports each call to `onCall`, failed ones with estimated tokens: what was sent and what came has its price. */
export function metered(provider: Provider, onCall: (call: ModelCall) => void): Provider {
  const complete = async (prompt: Prompt, options: CallOptions) => {
    const startedAt = monotonic()
    try {
      const answer = await provider.complete(prompt, options)
      const { model, usage, durationMs } = answer
      onCall({ provider: provider.name, model, outcome: 'answered', usage, durationMs })
      return answer
    } catch (error) {
      onCall({
        provider: provider.name,
        model: provider.model ?? '',
        outcome: 'failed',
        usage: {
          inputTokens: estimateTokens(prompt.system + prompt.user),
          outputTokens: error instanceof GreenloopError ? estimateTokens(error.call?.partial ?? '') : 0,
          estimated: true,
        },
        durationMs: Math.round(monotonic() - startedAt),
        error: error instanceof GreenloopError ? error.code : options.signal.aborted ? 'cancelled' : 'internal',
      })
      throw error
    }
  }
  return { ...provider, complete }
}
