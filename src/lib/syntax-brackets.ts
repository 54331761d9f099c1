/** An open bracket: which one, where, and the word before it when it is a round one. */
export interface OpenBracket {
  readonly char: '(' | '[' | '{' | '${'
  readonly index: number
  /** The name that is called by a round bracket: `describe`, `test.only`. */
  readonly callee: string
}

/** A point between two statements, with the brackets that are open there. */
export interface StatementEnd {
  /** Index after the statement and its semicolon. */
  readonly index: number
  readonly open: readonly OpenBracket[]
}

const closers: Readonly<Record<OpenBracket['char'], string>> = { '(': ')', '[': ']', '{': '}', '${': '}' }

/** What closes the given brackets, innermost first, with a semicolon where a call ends. */
export const closing = (open: readonly OpenBracket[]): string =>
  open.toReversed().reduce((text, { char }) => `${text}${closers[char]}`, '')

interface Scanner {
  readonly code: string
  at: number
  readonly open: OpenBracket[]
  readonly ends: StatementEnd[]
  /** Text of the last token that was not space or comment; decides whether a slash begins a regular expression. */
  last: string
}

/** How strings, templates, comments and regular expressions look from their first character. */
const tokens: readonly { readonly kind: 'space' | 'value'; readonly pattern: RegExp }[] = [
  { kind: 'space', pattern: /\s+|\/\/[^\n]*|\/\*[^]*?\*\//y },
  { kind: 'value', pattern: /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y },
  { kind: 'value', pattern: /[A-Za-z_$][\w$]*(?:\s*\??\.\s*[A-Za-z_$][\w$]*)*|\d[\w.]*/y },
]
const templatePart = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y
const regex = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y

/** After these a slash begins a regular expression; after any other token it divides. */
const beforeRegex = /^(?:[([{,;:=!&|?+\-*%<>~^]|=>|return|typeof|case|in|of|await|yield|void|delete|throw|new|)$/

/**
 * Reads JavaScript or TypeScript up to its end, or to the string, template, comment or regular expression in which it
 * breaks off, and lists where statements end. Knows strings, templates, comments and regular expressions; needs no
 * valid text.
 */
export function statementEnds(code: string): StatementEnd[] {
  const scanner: Scanner = { code, at: 0, open: [], ends: [], last: '' }
  while (scanner.at < code.length && step(scanner));
  return scanner.ends
}

function take(scanner: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = scanner.at
  const found = pattern.exec(scanner.code)?.[0]
  if (found !== undefined) scanner.at += found.length
  return found
}

/** Reads one token; false where the text breaks off inside it. */
function step(scanner: Scanner): boolean {
  const { code, open } = scanner
  for (const { kind, pattern } of tokens) {
    const found = take(scanner, pattern)
    if (found === undefined || found === '') continue
    if (kind === 'value') scanner.last = found.startsWith('"') || found.startsWith("'") ? 'string' : found
    return true
  }
  const char = code.charAt(scanner.at)
  if (char === '"' || char === "'" || code.startsWith('/*', scanner.at)) return false
  if (char === '`') return template(scanner, scanner.at + 1)
  if (char === '/' && beforeRegex.test(scanner.last)) {
    scanner.last = 'regex'
    if (take(scanner, regex) === undefined) scanner.at++
    return true
  }
  scanner.at++
  if (char === '(' || char === '[' || char === '{') {
    const callee = char === '(' ? scanner.last.replaceAll(/\s/g, '') : ''
    open.push({ char, index: scanner.at - 1, callee })
  } else if (char === ')' || char === ']' || char === '}') return close(scanner, char)
  scanner.last = char === '>' && scanner.last === '=' ? '=>' : char
  if (char === ';') mark(scanner)
  return true
}

function close(scanner: Scanner, char: string): boolean {
  const opened = scanner.open.pop()
  if (opened === undefined || closers[opened.char] !== char) return false
  if (opened.char === '${') return template(scanner, scanner.at)
  // A call's own name stays known over `each(...)` so that `describe.each(rows)('x', ...)` is still a describe.
  scanner.last = char === ')' && opened.callee !== '' ? opened.callee : char
  const next = /\s*([^\s]|$)/y
  next.lastIndex = scanner.at
  const following = next.exec(scanner.code)?.[1] ?? ''
  const lineEnds = /^[ \t]*(?:\/\/[^\n]*)?(?:\n|$)/.test(scanner.code.slice(scanner.at, scanner.at + 400))
  if (lineEnds && !/[.,;:?)\]([&|=+*/<>-]/.test(following)) mark(scanner)
  return true
}

/** Reads template text from `from` to its end or to the next `${`. */
function template(scanner: Scanner, from: number): boolean {
  scanner.at = from
  take(scanner, templatePart)
  const { code, at } = scanner
  if (code.startsWith('${', at)) {
    scanner.open.push({ char: '${', index: at, callee: '' })
    scanner.at += 2
    scanner.last = '{'
    return true
  }
  scanner.last = 'string'
  scanner.at++
  return at < code.length
}

// Deeper nesting than this is no script; without the bound hostile text would take memory by the square of its length.
const maxOpen = 40

const mark = (scanner: Scanner): void => {
  if (scanner.open.length <= maxOpen) scanner.ends.push({ index: scanner.at, open: [...scanner.open] })
}
