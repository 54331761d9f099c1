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

/** A redactor of every secret that the settings hold. */
export function redactorOf({ settings }: LoadedSettings): Redactor {
  const { apiKey, headers } = settings.llm
  const secretHeaders = Object.entries(headers).flatMap(([name, value]) =>
    /key|token|auth|secret/i.test(name) ? [value] : [],
  )
  return createRedactor([...(apiKey === undefined ? [] : [apiKey]), ...secretHeaders])
}
