import { xmlText } from '../lib/xml.ts'

const style =
  'body{font:16px/1.5 sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}pre{overflow:auto;background:#f4f4f4;color:#111;padding:.5rem}td,th{text-align:left;padding:.1rem .8rem .1rem 0}'

/** A page without scripts. `body` is markup already. */
export function document(title: string, body: string): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${xmlText(title)}</title><style>${style}</style>`
  return `<!doctype html>\n<html lang="en"><head>${head}</head><body><h1>${xmlText(title)}</h1>\n${body}\n</body></html>\n`
}

/** Text within quotes of an attribute. */
const attributeText = (text: string): string => xmlText(text).replaceAll('"', '&quot;')

/** A link; both parts are plain text. */
export const link = (to: string, text: string): string => `<a href="${attributeText(to)}">${xmlText(text)}</a>`

/** Text as it stands. */
export const preformatted = (text: string): string => `<pre>${xmlText(text)}</pre>`

/** A list of pieces of markup. */
export const list = (items: readonly string[]): string =>
  items.length === 0 ? '<p>None yet.</p>' : `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`

/** A table of pieces of markup under plain headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>None yet.</p>'
  const head = headings.map((text) => `<th>${xmlText(text)}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`
}
