import { z } from 'zod'

/** Number of a resource. */
export const idField = z.int().positive()

/** Hash of a commit: hexadecimal, so that no other program can take it for an option. */
export const shaField = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/)

/** A text that may be missing. */
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => (text === null || text === '' ? undefined : text))

/** An address for people; empty where it is none of the web. */
export const webField = z
  .string()
  .nullish()
  .transform((text) => (/^https?:\/\//i.test(text ?? '') ? (text ?? '') : ''))

/** A moment as epoch milliseconds. */
export const timeField = z
  .string()
  .nullish()
  .transform((text) => {
    const at = Date.parse(text ?? '')
    return Number.isNaN(at) ? undefined : at
  })

/** A yes or no that may be missing. */
export const flagField = z
  .boolean()
  .nullish()
  .transform((flag) => flag === true)

/** A piece of a path as it stands in an address. */
export function encoded(part: string | number): string {
  return encodeURIComponent(String(part))
}
