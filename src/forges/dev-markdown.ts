import { xmlText } from '../lib/xml.ts'

/**
 * Markup of the Markdown that comments of a merge request are written in: paragraphs, headings, lists, tables, fenced code, folded parts,
 * code, bold and links. Whatever else stands there is shown as text, tags too.
 */
export function markdown(text: string): string {
  const lines = text.replaceAll(/<!--[^]*?-->/g, '').split(/\r?\n/)
  const parts: string[] = []
  for (let at = 0; at < lines.length;) {
    const { markup, next } = blockAt(lines, at)
    if (markup !== '') parts.push(markup)
    at = Math.max(next, at + 1)
  }
  return parts.join('\n')
}

interface Block {
  readonly markup: string
  readonly next: number
}

function blockAt(lines: readonly string[], at: number): Block {
  const line = lines[at] ?? ''
  const [, fence, language = ''] = /^(`{3,})(\w*)\s*$/.exec(line) ?? []
  if (fence !== undefined) return fencedAt(lines, at, { fence, language })
  if (line.startsWith('|')) return tableAt(lines, at)
  if (/^[-*] /.test(line)) return listAt(lines, at)
  const [, summary] = /^<details><summary>([^<]*)<\/summary>$/.exec(line) ?? []
  if (summary !== undefined) return { markup: `<details><summary>${inline(summary)}</summary>`, next: at + 1 }
  if (line === '</details>') return { markup: line, next: at + 1 }
  const [, marks = '', heading = ''] = /^(#{1,6}) (.*)$/.exec(line) ?? []
  if (marks !== '') return { markup: `<h3>${inline(heading)}</h3>`, next: at + 1 }
  return line.trim() === '' ? { markup: '', next: at + 1 } : paragraphAt(lines, at)
}

function fencedAt(
  lines: readonly string[],
  at: number,
  { fence, language }: { readonly fence: string; readonly language: string },
): Block {
  const end = lines.findIndex((line, index) => index > at && line.trim() === fence)
  const last = end === -1 ? lines.length : end
  const code = lines.slice(at + 1, last).join('\n')
  return { markup: language === 'diff' ? diffMarkup(code) : `<pre>${xmlText(code)}</pre>`, next: last + 1 }
}

/** Added and removed lines of a diff, told apart. */
export function diffMarkup(diff: string): string {
  const lines = diff.split('\n').map((line) => {
    const tag = /^(?:\+\+\+|---)/.test(line)
      ? 'b'
      : line.startsWith('+')
        ? 'ins'
        : line.startsWith('-')
          ? 'del'
          : 'span'
    return `<${tag}>${xmlText(line)}</${tag}>`
  })
  return `<pre class="diff">${lines.join('\n')}</pre>`
}

function tableAt(lines: readonly string[], at: number): Block {
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('|'))
  const rows = lines.slice(at, end === -1 ? lines.length : end).map(cellsOf)
  const [head = [], , ...body] = rows
  const cells = (row: readonly string[], tag: 'td' | 'th') =>
    row.map((cell) => `<${tag}>${inline(cell)}</${tag}>`).join('')
  const markup = `<div class="wide"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${body.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div>`
  return { markup, next: at + rows.length }
}

function cellsOf(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll(String.raw`\|`, '|'))
  return cells.slice(1, -1)
}

function listAt(lines: readonly string[], at: number): Block {
  const end = lines.findIndex((line, index) => index > at && !/^[-*] /.test(line))
  const items = lines.slice(at, end === -1 ? lines.length : end)
  const markup = `<ul>${items.map((item) => `<li>${inline(item.slice(2))}</li>`).join('')}</ul>`
  return { markup, next: at + items.length }
}

const ends = /^(?:```|\||[-*] |#{1,6} |<\/?details)|^\s*$/

function paragraphAt(lines: readonly string[], at: number): Block {
  const end = lines.findIndex((line, index) => index > at && ends.test(line))
  const last = end === -1 ? lines.length : end
  return { markup: `<p>${inline(lines.slice(at, last).join('\n'))}</p>`, next: last }
}

/** Code first: nothing in it means anything. */
function inline(text: string): string {
  return text
    .split(/(`[^`\n]+`)/)
    .map((part, index) => (index % 2 === 1 ? `<code>${xmlText(part.slice(1, -1))}</code>` : spans(part)))
    .join('')
}

function spans(text: string): string {
  return xmlText(text)
    .replaceAll(/\*\*([^*\n]+)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/\[([^\]\n]*)\]\((https?:\/\/[^\s)"'<>]+)\)/g, '<a href="$2">$1</a>')
}
