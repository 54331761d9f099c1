import { settingSources, type SettingPath } from './settings-schema.ts'
import type { LoadedSettings, SettingOrigin } from './settings.ts'
import { valueAt } from './validate.ts'

/** One line of `greenloop config show`. */
export interface SettingRow {
  readonly key: SettingPath
  /** The value as it may be shown: of a secret only `set` or `unset`. */
  readonly value: unknown
  readonly origin: string
}

/** Every setting with its value and origin, ready to be shown; keys and header values are not among them. */
export function settingRows({ settings, origins }: LoadedSettings): SettingRow[] {
  return (Object.keys(settingSources) as SettingPath[]).map((key) => {
    const value = valueAt(settings, key.split('.'))
    return { key, value: shownValue(key, value), origin: originText(origins[key]) }
  })
}

function shownValue(key: SettingPath, value: unknown): unknown {
  if (key === 'llm.apiKey') return value === undefined ? 'unset' : 'set'
  // A URL may carry a user and a password.
  if (key === 'llm.baseUrl') return String(value).replace(/\/\/[^/@]*@/u, '//…@')
  if (key !== 'llm.headers') return value ?? 'unset'
  return Object.fromEntries(Object.keys(value ?? {}).map((name) => [name, 'set']))
}

function originText({ kind, where }: SettingOrigin): string {
  return kind === 'env' ? `environment ${where}` : kind === 'flag' ? `flag ${where}` : where
}
