import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { excerpt } from './excerpt.ts'

it('folds white space, shows control characters and hides secrets', () => {
  expect(excerpt(' a\r\n\tb\u001b[31m\u202Ec ')).toBe('a b\\u001b[31m\\u202ec')
  expect(excerpt('your key sk-12345678 is wrong', ['sk-12345678', ''])).toBe('your key *** is wrong')
})

it('is never longer than 300 characters and never holds a control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      const shown = excerpt(text)
      expect(shown.length).toBeLessThanOrEqual(300)
      expect(shown).not.toMatch(/[\p{Cc}\u202A-\u202E\u2066-\u2069]/u)
    }),
  )
})
