import { xmlText } from '../lib/xml.ts'

const style = `
:root{color-scheme:light dark;--ink:light-dark(#1c1e21,#e6e7e9);--dim:light-dark(#5b6068,#a3a8b0);--line:light-dark(#dfe2e6,#3a3e45);--ground:light-dark(#fff,#17191c);--code:light-dark(#f5f6f8,#202327);--link:light-dark(#0b57c4,#8ab8ff)}
body{font:15px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--ground);margin:2rem auto;max-width:62rem;padding:0 1rem;overflow-wrap:break-word}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}h3{font-size:1rem}a{color:var(--link)}nav{color:var(--dim)}
pre,code{font:13px/1.5 ui-monospace,monospace;background:var(--code);border-radius:4px}code{padding:.1rem .3rem}pre{padding:.7rem;overflow:auto;max-height:32rem;white-space:pre-wrap}
.diff b{color:var(--dim)}ins,del{text-decoration:none}ins{background:light-dark(#dff5e3,#173a21)}del{background:light-dark(#fde4e4,#481c1f)}
table{border-collapse:collapse}td,th{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}.wide{overflow-x:auto}
article{border:1px solid var(--line);border-radius:6px;padding:.2rem 1rem;margin:1rem 0}
.s{border:1px solid;border-radius:1rem;padding:.05rem .6rem;font-size:.85rem;white-space:nowrap}.success{color:light-dark(#116329,#6fdd8b)}.failed{color:light-dark(#a40e26,#ff9492)}.running,.pending,.created,.manual{color:light-dark(#7a4b00,#f0c36d)}
`
  .replaceAll('\n', '')
  .trim()

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

/** The status of a pipeline or job, as a badge. */
export const badge = (status: string): string => `<span class="s ${attributeText(status)}">${xmlText(status)}</span>`

/** A list of pieces of markup. */
export const list = (items: readonly string[]): string =>
  items.length === 0 ? '<p>None yet.</p>' : `<ul>${items.map((item) => `<li>${item}</li>`).join('')}</ul>`

/** A table of pieces of markup under plain headings. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '<p>None yet.</p>'
  const head = headings.map((text) => `<th>${xmlText(text)}</th>`).join('')
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
}
