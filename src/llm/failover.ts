import { GreenloopError } from '../domain/errors.ts'
import type { Provider } from '../domain/ports.ts'

/** What is told when the first model is given up. */
export interface FailoverParts {
  readonly onFailover: (error: GreenloopError) => void
}

/** Asks `second` when `first` fails as a model service fails (`llm_*`); anything else, such as an abort, goes through. */
export function failingOver(first: Provider, second: Provider, { onFailover }: FailoverParts): Provider {
  return {
    ...first,
    complete: async (prompt, options) => {
      try {
        return await first.complete(prompt, options)
      } catch (error) {
        if (!(error instanceof GreenloopError) || !error.code.startsWith('llm_')) throw error
        onFailover(error)
        return { ...(await second.complete(prompt, options)), provider: second.name }
      }
    },
  }
}
