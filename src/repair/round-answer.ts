import { GreenloopError } from '../domain/errors.ts'
import type { Prompt, Usage } from '../domain/ports.ts'
import type { RepairContext } from './repair-context.ts'
import type { RepairPolicy } from '../domain/repair-config.ts'

/** An answer, and what it cost. */
export interface RoundAnswer {
  readonly text: string
  /** Whether the model came to its end. */
  readonly isWhole: boolean
  readonly tokens: number
  readonly costUsd: number
}

/** Asks the model once. An answer that broke off comes back as far as it went; throws the other `llm_*` errors. */
export async function ask(prompt: Prompt, { world, signal }: RepairContext): Promise<RoundAnswer> {
  try {
    const { text, finish, usage } = await world.provider.complete(prompt, { signal })
    return { text, isWhole: finish !== 'length', ...costOf(usage, world.policy) }
  } catch (error) {
    const code = error instanceof GreenloopError ? error.code : undefined
    if (code !== 'llm_truncated' && code !== 'llm_too_large') throw error
    const text = error instanceof GreenloopError ? (error.call?.partial ?? '') : ''
    // What the server counted is lost with the end of its answer: four characters make about one token.
    const inputTokens = Math.ceil((prompt.system.length + prompt.user.length) / 4)
    const usage = { inputTokens, outputTokens: Math.ceil(text.length / 4), estimated: true }
    return { text, isWhole: false, ...costOf(usage, world.policy) }
  }
}

function costOf(
  { inputTokens, outputTokens }: Usage,
  { budget }: RepairPolicy,
): { readonly tokens: number; readonly costUsd: number } {
  const millionths = inputTokens * budget.inputUsdPerMillion + outputTokens * budget.outputUsdPerMillion
  return { tokens: inputTokens + outputTokens, costUsd: millionths / 1_000_000 }
}
