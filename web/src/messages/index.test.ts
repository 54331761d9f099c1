import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, it } from 'vitest'
import { languages } from './catalogue.ts'
import { allMessages } from './index.ts'

const placeholders = (text: string) => new Set([...text.matchAll(/\{(\w+)/g)].map(([, name]) => name))

describe('messages', () => {
  it.each(languages)('are well-formed in %s and use the placeholders of the English ones', (language) => {
    const wrong = Object.entries(allMessages[language]).flatMap(([key, text]) => {
      try {
        // Throws where a plural has no `other`, or a brace is not closed.
        void new IntlMessageFormat(text, language, undefined, { ignoreTag: true })
      } catch (error) {
        return [`${key}: ${error}`]
      }
      const english = placeholders(allMessages.en[key as keyof typeof allMessages.en])
      const extra = [...placeholders(text)].filter((name) => !english.has(name))
      return extra.length === 0 && text.trim() !== '' ? [] : [`${key}: ${extra.join(', ') || 'empty'}`]
    })
    expect(wrong).toEqual([])
  })

  it('in Russian have the four forms that its plurals need', () => {
    const poor = Object.entries(allMessages.ru).filter(
      ([, text]) =>
        /, plural,/.test(text) && !['one', 'few', 'many', 'other'].every((form) => text.includes(`${form} {`)),
    )
    expect(poor.map(([key]) => key).filter((key) => key !== 'run.found')).toEqual([])
  })
})
