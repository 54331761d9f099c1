import { combinationsMessages } from './combinations.ts'
import { commonMessages } from './common.ts'
import { experimentMessages } from './experiment.ts'
import { experimentCompareMessages } from './experiment-compare.ts'
import { healthMessages } from './health.ts'
import { historyMessages } from './history.ts'
import { loginMessages } from './login.ts'
import { newMessages } from './new.ts'
import { repairMessages } from './repair.ts'
import { runLeftMessages } from './run-left.ts'
import { runMessages } from './run.ts'
import { settingsMessages } from './settings.ts'
import { statusMessages } from './status.ts'
import { suitesMessages } from './suites.ts'
import { testMessages } from './test.ts'
import type { Language } from './catalogue.ts'

const areas = [
  commonMessages,
  statusMessages,
  runMessages,
  runLeftMessages,
  testMessages,
  loginMessages,
  settingsMessages,
  healthMessages,
  historyMessages,
  newMessages,
  suitesMessages,
  combinationsMessages,
  experimentMessages,
  experimentCompareMessages,
  repairMessages,
] as const

/** Every key that has a text. */
export type TextKey = KeysOf<(typeof areas)[number]>
type KeysOf<Area> = Area extends { readonly en: infer Texts } ? keyof Texts & string : never

/** All texts by language and key; the build takes it apart by language. */
export const allMessages: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = {
  en: merged('en'),
  'zh-CN': merged('zh-CN'),
  ru: merged('ru'),
}

function merged(language: Language): Readonly<Record<TextKey, string>> {
  return Object.assign({}, ...areas.map((area) => area[language]))
}
