import { settingRows } from '../config/setting-rows.ts'
import type { SettingRow } from '../config/setting-rows.ts'
import { loadSettings } from '../config/settings.ts'
import type { LoadedSettings } from '../config/settings.ts'
import { createRedactor } from '../lib/redact.ts'
import type { Redactor } from '../lib/redact.ts'
import type { Surroundings } from './surroundings.ts'

/** Settings from flags, environment, .env and settings file. */
export function readSettings({ cwd, env, flags }: Surroundings): Promise<LoadedSettings> {
  return loadSettings({ cwd, env, ...(flags === undefined ? {} : { flags }) })
}

/** Every setting as a row with its origin; secrets only as set or unset. */
export async function showSettings(where: Surroundings): Promise<readonly SettingRow[]> {
  return settingRows(await readSettings(where))
}

const secretName = /(?:^|_)(?:api_?key|key|token|secret|password|passwd|pwd|credentials?)(?:_|$)/i
/** A shorter value is more likely a word that stands everywhere than a secret. */
const leastSecret = 8

/** A redactor of every secret that the settings hold, and of the values of these variables that are named like secrets. */
export function redactorOf({ settings }: LoadedSettings, variables: Readonly<Record<string, string>> = {}): Redactor {
  const { apiKey, headers } = settings.llm
  const secretHeaders = Object.entries(headers).flatMap(([name, value]) =>
    /key|token|auth|secret/i.test(name) ? [value] : [],
  )
  const secretVariables = Object.entries(variables).flatMap(([name, value]) =>
    secretName.test(name) && value.length >= leastSecret ? [value] : [],
  )
  return createRedactor([...(apiKey === undefined ? [] : [apiKey]), ...secretHeaders, ...secretVariables])
}
