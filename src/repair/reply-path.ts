import { fenceOf } from './reply-lines.ts'

const longestPath = 400
const label = /^(?:file(?: ?name| ?path)?|path|datei|文件|文件路径|файл)\s{0,3}[::]\s{0,3}/i
const note = /\s{1,3}\((?:new(?: file)?|modified|updated|changed|edit(?:ed)?|create[d]?)\)$/i
const bareNames = new Set([
  'makefile',
  'dockerfile',
  'jenkinsfile',
  'license',
  'readme',
  'gemfile',
  'rakefile',
  'procfile',
])

interface Header {
  readonly path: string
  /** Whether marks around it say that it is a path, even if it does not look like one. */
  readonly marked: boolean
}

/** A line without the marks that models put around a path. */
function unmark(line: string): Header {
  let text = line.trim()
  let marked = false
  const take = (next: string): void => {
    if (next !== text) marked = true
    text = next
  }
  // Marks nest: `### **File: \`src/a.py\`**`. Two rounds are enough for what is seen.
  for (let round = 0; round < 3; round++) {
    take(text.replace(/^(?:#{1,6}|\/\/|[-*+]|\d{1,3}[.)])\s{1,4}/, ''))
    take(text.replace(label, ''))
    const open = /^(\*{1,3}|_{2}|`{1,2}|["'])/.exec(text)?.[1] ?? ''
    const inner = text.replace(/[::]$/, '')
    if (open !== '' && inner.length > 2 * open.length && inner.endsWith(open))
      take(inner.slice(open.length, -open.length).trim())
    else if (open !== '' && text.startsWith('**')) take(text.replace(/^\*\*/, '').replace('**', ''))
  }
  text = text.replace(note, '').replace(/[::]$/, '').trim()
  if (/^[`"']/.test(text) && text.endsWith(text.charAt(0))) text = text.slice(1, -1)
  return { path: text.replace(/^(?:\.\/)+/, ''), marked }
}

const looksLikePath = (text: string): boolean =>
  text.length <= longestPath &&
  /^[^\s<>|*?"`:=(){},;]+$/.test(text) &&
  !text.endsWith('/') &&
  /(?:^|[^.])\.?(?:\/|\.[A-Za-z0-9_-]{1,16}$)/.test(text) &&
  !/^[\d.]+$/.test(text)

/** The path that a line is a header for, or nothing. `close`: the line stands directly before what it is a header for. */
export function headerPath(line: string, close: boolean): string | undefined {
  if (line.length > longestPath + 40 || line.trim() === '') return undefined
  const { path, marked } = unmark(line)
  if (looksLikePath(path)) return path
  if (path === '' || path.length > longestPath || !close) return undefined
  if (bareNames.has(path.toLowerCase())) return path
  // With marks around it, a name with spaces is one too.
  const spaced = marked && /^[^<>|*?"`]+\.[A-Za-z0-9_]{1,16}$/.test(path) && !/[.!?:,]\s/.test(path)
  return spaced ? path : undefined
}

/** A path in the first line of a fence: `python src/a.py`, `python:src/a.py`, `title="src/a.py"`. */
export function infoPath(info: string): string | undefined {
  for (const word of info.split(/\s+/)) {
    const value = word.replace(/^(?:title|file|filename|path|name)=/i, '').replaceAll(/["'{}]/g, '')
    const path = (/^[A-Za-z+#-]{1,20}:(?!\/\/)(.+)$/.exec(value)?.[1] ?? value).replace(/^(?:\.\/)+/, '')
    if (looksLikePath(path)) return path
  }
  return undefined
}

const linesAbove = 200

/**
 * The header of what begins at line `at`: the nearest line above it, not above `floor`, that is a path. Blank lines, prose and the fence of
 * the block itself may stand between; code that is quoted there is not looked at.
 */
export function pathAbove(
  lines: readonly string[],
  at: number,
  floor: number,
): { readonly path: string; readonly line: number } | undefined {
  const from = Math.max(floor, at - linesAbove)
  const quoted = quotedLines(lines, from, at)
  let close = true
  for (let line = at - 1; line >= from; line--) {
    const text = lines[line] ?? ''
    if (text.trim() === '' || quoted.has(line)) continue
    const fence = fenceOf(text)
    const path = fence === undefined ? headerPath(text, close) : infoPath(fence.info)
    if (path !== undefined) return { path, line }
    if (fence === undefined) close = false
  }
  return undefined
}

/** Lines of fences that are closed again before `to`. A bare fence right at the beginning closes one of before. */
function quotedLines(lines: readonly string[], from: number, to: number): Set<number> {
  const quoted = new Set<number>()
  let open: number | undefined
  let first = true
  for (let line = from; line < to; line++) {
    const text = lines[line] ?? ''
    const fence = fenceOf(text)
    const closesEarlier = first && from > 0 && fence?.info === ''
    if (text.trim() !== '') first = false
    if (fence === undefined || closesEarlier) continue
    if (open === undefined) open = line
    else {
      for (let inner = open; inner <= line; inner++) quoted.add(inner)
      open = undefined
    }
  }
  return quoted
}
