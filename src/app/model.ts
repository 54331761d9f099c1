import { testEnvironment } from '../config/test-environment.ts'
import type { Settings } from '../config/settings-schema.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { ModelCall } from '../domain/generation.ts'
import type { Plan } from '../domain/plan.ts'
import type { Provider } from '../domain/ports.ts'
import { offlineProvider } from '../generate/generate.ts'
import { sleep } from '../lib/clock.ts'
import { random } from '../lib/random.ts'
import { failingOver } from '../llm/failover.ts'
import { createProvider } from '../llm/provider-table.ts'
import type { ProviderConfig } from '../llm/provider-table.ts'
import type { Surroundings } from './surroundings.ts'

/** A model and the calls that it made. */
export interface Model {
  readonly provider: Provider
  readonly calls: readonly ModelCall[]
}

/** What decides whether the offline generator may step in. */
export interface ModelChoice {
  readonly settings: Settings
  /** The mode was demanded by name, not implied by a key that lies around. */
  readonly demanded: boolean
  /** The variable that holds the key was named. */
  readonly keyNamed: boolean
}

/**
 * The model that the settings choose. It fails over to the offline generator where `fallback` is set, or where nobody
 * demanded a real model: never with USE_REAL_LLM or a mode given by name.
 */
export async function openModel(plan: Plan, choice: ModelChoice, where: Surroundings): Promise<Model> {
  const { settings, demanded } = choice
  const calls: ModelCall[] = []
  const { mode, fallback, useReal, apiKey, apiKeyEnv } = settings.llm
  if (mode === 'offline') {
    if (useReal) throw new GreenloopError('config_invalid', 'USE_REAL_LLM demands a model, --mode offline excludes one')
    return { provider: offlineProvider(plan), calls }
  }
  if (mode === 'http' && apiKey === undefined && choice.keyNamed) {
    where.onStep?.(`the variable ${apiKeyEnv} is not set: no key is sent`)
  }
  const model = createProvider(providerConfig(settings, where), {
    clock: { sleep },
    random,
    onCall: (call) => calls.push(call),
    onRetry: ({ error, attempt, waitMs }) =>
      where.onStep?.(`attempt ${attempt} failed (${error.message}), next in ${(waitMs / 1000).toFixed(1)} s`),
  })
  const mayFallBack = !useReal && (fallback || (mode === 'http' && !demanded))
  if (!mayFallBack) return { provider: model, calls }
  const onFailover = ({ message }: GreenloopError): void =>
    where.onStep?.(`the model failed (${message}): the offline generator takes over`)
  return { provider: failingOver(model, offlineProvider(plan), { onFailover }), calls }
}

/** What a provider is made from, by the settings. */
export function providerConfig({ llm }: Settings, { cwd, env }: Surroundings): ProviderConfig {
  const timeouts = {
    connectMs: llm.connectTimeoutSeconds * 1000,
    firstByteMs: llm.firstByteTimeoutSeconds * 1000,
    idleMs: llm.idleTimeoutSeconds * 1000,
    totalMs: llm.timeoutSeconds * 1000,
  }
  const around = {
    retry: { maxAttempts: llm.maxAttempts, baseMs: 500, maxWaitMs: 20_000 },
    recordDir: llm.record,
  }
  const { maxAnswerBytes, model, temperature, maxTokens, thinking } = llm
  switch (llm.mode) {
    case 'mock':
      return { mode: 'mock', file: wanted(llm.mockResponse, 'mock', '--mock-response FILE'), ...around }
    case 'local': {
      const command = wanted(llm.command, 'local', '--subprocess-cmd "COMMAND"')
      return { mode: 'subprocess', command, cwd, env: testEnvironment(env), timeouts, maxAnswerBytes, ...around }
    }
    case 'replay':
      return { mode: 'replay', dir: wanted(llm.replay, 'replay', '--replay FOLDER'), ...around, recordDir: undefined }
    case 'http':
    case 'offline': {
      const sampling = { model, temperature, maxTokens, thinking, stream: true }
      const { baseUrl: endpoint, headers, apiKey } = llm
      return { mode: 'http', endpoint, headers, apiKey, timeouts, maxAnswerBytes, ...sampling, ...around }
    }
  }
}

function wanted(value: string | undefined, mode: string, option: string): string {
  if (value !== undefined) return value
  throw new GreenloopError('usage_invalid', `--mode ${mode} needs ${option.split(' ', 1)[0] ?? option}`, {
    help: `greenloop pipeline --suite FILE --mode ${mode} ${option}`,
  })
}
