import type { ModelCall } from '../domain/generation.ts'
import type { Provider } from '../domain/ports.ts'
import { openAiCompatible } from './http.ts'
import type { HttpConfig } from './http.ts'
import { metered } from './meter.ts'
import { mockProvider } from './mock.ts'
import type { MockConfig } from './mock.ts'
import { recording, replaying } from './record.ts'
import { retrying } from './retry.ts'
import type { RetryParts, RetryPolicy } from './retry.ts'
import { subprocessProvider } from './subprocess.ts'
import type { SubprocessConfig } from './subprocess.ts'

interface ModeConfigs {
  readonly http: HttpConfig
  readonly subprocess: SubprocessConfig
  readonly mock: MockConfig
  readonly replay: { readonly dir: string; readonly model?: string | undefined }
}

type ProviderMode = keyof ModeConfigs

type ModeConfig<M extends ProviderMode = ProviderMode> = { [K in M]: { readonly mode: K } & ModeConfigs[K] }[M]

/** A model, how it is reached, and what is done around each call. */
export type ProviderConfig = ModeConfig & {
  readonly retry: RetryPolicy
  /** Folder that answers are kept in for a replay. */
  readonly recordDir?: string | undefined
}

/** What the providers need from outside. `onCall` is told of every single attempt. */
export interface ProviderParts extends RetryParts {
  readonly onCall: (call: ModelCall) => void
}

const factories: { readonly [M in ProviderMode]: (config: ModeConfigs[M]) => Provider } = {
  http: openAiCompatible,
  subprocess: subprocessProvider,
  mock: mockProvider,
  replay: ({ dir, model }) => replaying(dir, model),
}

/** Makes the provider of a mode with everything that surrounds it, innermost first: meter, retry, recording. */
export function createProvider(config: ProviderConfig, parts: ProviderParts): Provider {
  const patient = retrying(metered(basic(config), parts.onCall), config.retry, parts)
  return config.recordDir === undefined ? patient : recording(patient, config.recordDir)
}

function basic<M extends ProviderMode>(config: ModeConfig<M>): Provider {
  return factories[config.mode](config)
}
