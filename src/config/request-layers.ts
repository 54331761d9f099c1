import type { RequestLayers } from './request-file.ts'
import type { SettingPath } from './settings-schema.ts'
import type { LoadedSettings } from './settings.ts'
import { valueAt } from './validate.ts'

/** Settings that an execution request knows too, by its keys. */
const requestKeys = {
  framework: 'generation.framework',
  sandbox: 'execution.sandbox',
  workers: 'execution.workers',
  retries: 'execution.retries',
  testTimeoutSeconds: 'execution.testTimeoutSeconds',
  timeoutSeconds: 'execution.timeoutSeconds',
  executable: 'execution.executable',
} as const satisfies Record<string, SettingPath>

/** The settings as layers around a request file: what the command line gave goes before it, all else stands behind it. */
export function requestLayers({ settings, origins }: LoadedSettings, cwd: string): RequestLayers {
  const defaults: Record<string, unknown> = {}
  const overrides: Record<string, unknown> = {}
  for (const [key, path] of Object.entries(requestKeys)) {
    const value = valueAt(settings, path.split('.'))
    if (value === undefined) continue
    if (origins[path].kind === 'flag') overrides[key] = value
    else defaults[key] = value
  }
  return { cwd, defaults, overrides }
}
