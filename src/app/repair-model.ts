import type { RepairSetup } from '../config/repair-setup.ts'
import type { Provider } from '../domain/ports.ts'
import { sleep } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { createProvider } from '../llm/provider-table.ts'
import { providerConfig } from './model.ts'
import { readSettings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'

/** Longest wait between two attempts at the model, in milliseconds. */
const maxWaitMs = 60_000

/** The model of a repair: the server or command of its configuration, with the timeouts and headers of the settings. */
export async function openRepairModel(
  { model, retry }: RepairSetup,
  log: (line: string) => void,
  where: Surroundings,
): Promise<Provider> {
  const { settings } = await readSettings(where)
  const { url, name, key, command } = model
  const llm = {
    ...settings.llm,
    mode: command === undefined ? ('http' as const) : ('local' as const),
    baseUrl: url ?? settings.llm.baseUrl,
    model: name,
    apiKey: key ?? settings.llm.apiKey,
    command,
  }
  const config = {
    ...providerConfig({ ...settings, llm }, where),
    retry: { maxAttempts: retry.maxAttempts, baseMs: retry.intervalMs, maxWaitMs },
  }
  return createProvider(config, {
    clock: { sleep },
    random,
    onCall: ({ provider, outcome, usage, durationMs, error }) =>
      log(
        `model ${provider}: ${error ?? outcome}, ${usage.inputTokens} tokens sent, ${usage.outputTokens} received, ${Math.round(durationMs)} ms`,
      ),
    onRetry: ({ error, attempt, waitMs }) => {
      const text = `the model failed (${error.message}), attempt ${attempt}, next in ${(waitMs / 1000).toFixed(1)} s`
      log(text)
      where.onStep?.(text)
    },
  })
}
