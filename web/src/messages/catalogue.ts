/** Languages of the page. */
export const languages = ['en', 'zh-CN', 'ru'] as const

/** A language of the page. */
export type Language = (typeof languages)[number]

/** Messages of one area in ICU syntax, by key: every language has every key, or it does not compile. */
export function catalogue<const K extends string>(
  texts: Readonly<Record<Language, Readonly<Record<K, string>>>>,
): Readonly<Record<Language, Readonly<Record<K, string>>>> {
  return texts
}
