import { IntlMessageFormat } from 'intl-messageformat'
import { useMemo } from 'react'
import { languages } from '../messages/catalogue.ts'
import { formatOf } from './format.ts'
import { store, stored } from './storage.ts'
import { shared, useShared } from './value.ts'
import type { Language } from '../messages/catalogue.ts'
import type { TextKey } from '../messages/index.ts'
import type { Format } from './format.ts'

export type { TextKey } from '../messages/index.ts'

/** What a message is filled with. */
type TextValues = Readonly<Record<string, string | number | boolean | Date | undefined>>
/** Gives the text of a key in the language of the page. */
export type Text = (key: TextKey, values?: TextValues) => string

type Message = ConstructorParameters<typeof IntlMessageFormat>[0]
type Texts = Readonly<Record<string, Message>>
interface Speech {
  readonly language: Language
  readonly text: Text
  readonly format: Format
}

const loaders: Readonly<Record<Language, () => Promise<{ readonly texts: Texts }>>> = {
  en: () => import('virtual:messages/en'),
  'zh-CN': () => import('virtual:messages/zh-CN'),
  ru: () => import('virtual:messages/ru'),
}

const speech = shared<Speech>(speechOf('en', {}))

/** Words for the page, in its language. */
export function useText(): Text {
  return useShared(speech).text
}

/** Dates, numbers and amounts as the language of the page writes them. */
export function useFormat(): Format {
  return useShared(speech).format
}

/** The language of the page and what chooses another. */
export function useLanguage(): readonly [Language, (next: Language) => void] {
  const { language } = useShared(speech)
  return useMemo(() => [language, chooseLanguage], [language])
}

/** Loads the language that was chosen, else the first of the browser's that there is, and sets the page to it. */
export async function loadLanguage(): Promise<void> {
  await speak(knownLanguage(stored('language')) ?? preferredLanguage())
}

function chooseLanguage(next: Language): void {
  store('language', next)
  void speak(next)
}

async function speak(language: Language): Promise<void> {
  const { texts } = await loaders[language]()
  document.documentElement.lang = language
  speech.set(speechOf(language, texts))
}

function knownLanguage(tag: string | undefined): Language | undefined {
  return languages.find((language) => language === tag)
}

function preferredLanguage(): Language {
  for (const tag of navigator.languages) {
    const found = languages.find((language) => language.slice(0, 2) === tag.slice(0, 2).toLowerCase())
    if (found) return found
  }
  return 'en'
}

function speechOf(language: Language, texts: Texts): Speech {
  const parsed = new Map<string, IntlMessageFormat>()
  const text: Text = (key, values) => {
    const message = texts[key]
    if (message === undefined || typeof message === 'string') return message ?? key
    const known = parsed.get(key) ?? new IntlMessageFormat(message, language)
    parsed.set(key, known)
    return String(known.format<string>(values))
  }
  return { language, text, format: formatOf(language) }
}
