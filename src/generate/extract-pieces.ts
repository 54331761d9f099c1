import type { Language } from '../domain/suite.ts'

/** A statement of a text that does not parse as a whole, as far as indentation tells. Lines count from 0. */
export interface Piece {
  readonly start: number
  /** Line after the last. */
  readonly end: number
  readonly text: string
}

const indentOf = (line: string): number => line.length - line.trimStart().length

/** Lines that go on with what stands before, although they begin at the margin. */
const continues: Readonly<Record<'python' | 'script', RegExp>> = {
  python: /^(?:[)\]}]|(?:else|elif|except|finally)\b)/,
  script: /^(?:[)\]}]|(?:else|catch|finally)\b|\.)/,
}
/** Lines that belong to what comes after. */
const leads = /^(?:@|#|\/\/|\/\*|\*)/

/** Divides lines into statements by indentation: each begins at the least indentation found. */
export function pieces(lines: readonly string[], language: Language, from = 0): Piece[] {
  const filled = lines.filter((line) => line.trim() !== '')
  const margin = filled.reduce((least, line) => Math.min(least, indentOf(line)), Number.POSITIVE_INFINITY)
  const goesOn = continues[language === 'python' ? 'python' : 'script']
  const starts: number[] = []
  let leading = false
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || indentOf(line) !== margin || goesOn.test(line.trim())) continue
    if (!leading) starts.push(index)
    leading = leads.test(line.trim())
  }
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? lines.length
    return { start: from + start, end: from + end, text: lines.slice(start, end).join('\n') }
  })
}

/** A group of tests: the line that opens it, its statements, and the lines that close it. */
export interface Group {
  readonly head: string
  readonly body: readonly string[]
  /** Number of lines of the head. */
  readonly headLines: number
  readonly foot: string
}

const groupHead: Readonly<Record<'python' | 'script', RegExp>> = {
  python: /^class\s+\w[^\n]*:\s*$/,
  script: /^(?:\w+\.)?(?:describe|suite|context)\b.*\{\s*$/,
}

/** A class or `describe` taken apart, or `undefined` where a piece is none. */
export function groupOf({ text }: Piece, language: Language): Group | undefined {
  const lines = text.split('\n')
  const pattern = groupHead[language === 'python' ? 'python' : 'script']
  const head = lines.findIndex((line) => pattern.test(line.trim()))
  if (head < 0 || !lines.slice(0, head).every((line) => line.trim() === '' || leads.test(line.trim()))) return undefined
  const margin = indentOf(lines[head] ?? '')
  let last = lines.length
  if (language !== 'python') {
    const closer = lines.findLastIndex((line) => line.trim() !== '' && indentOf(line) <= margin)
    if (closer > head) last = closer
  }
  return {
    head: lines.slice(0, head + 1).join('\n'),
    body: lines.slice(head + 1, last),
    headLines: head + 1,
    foot: language === 'python' ? '' : last < lines.length ? lines.slice(last).join('\n') : '});',
  }
}
