import { plainText } from './plain-text.ts'

/** Everything that XML 1.0 does not allow, given that {@link plainText} has removed control characters and half pairs. */
const forbidden = /[\ufffe\uffff]/g
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\t': '&#9;',
}

/** Text for between tags: no terminal escapes, no character that XML forbids, markup escaped. */
export function xmlText(text: string): string {
  return plainText(text)
    .replaceAll(forbidden, '')
    .replaceAll(/[&<>]/g, (sign) => entities[sign] ?? sign)
}

/** Attributes with a blank before each; `undefined` leaves one out. Line feeds and tabs survive the reader. */
export function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${xmlAttribute(String(value))}"`)
    .join('')
}

function xmlAttribute(text: string): string {
  return plainText(text)
    .replaceAll(forbidden, '')
    .replaceAll(/[&<>"\n\t]/g, (sign) => entities[sign] ?? sign)
}
