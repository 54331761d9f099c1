/** A file as lines, with all that is to stay as it was: byte order mark, the end of each line, the end of the file. */
export interface TextFile {
  readonly mark: '' | '\ufeff'
  readonly lines: readonly string[]
  /** End of each line: LF, CRLF, or nothing at the end of the file. */
  readonly ends: readonly string[]
}

/** Cuts a text into lines. */
export function readText(text: string): TextFile {
  const mark = text.startsWith('\ufeff') ? '\ufeff' : ''
  const lines: string[] = []
  const ends: string[] = []
  let at = mark.length
  while (at < text.length) {
    const feed = text.indexOf('\n', at)
    const end = feed < 0 ? text.length : feed
    const isReturn = feed > at && text.charAt(feed - 1) === '\r'
    lines.push(text.slice(at, isReturn ? end - 1 : end))
    ends.push(feed < 0 ? '' : isReturn ? '\r\n' : '\n')
    at = end + 1
  }
  return { mark, lines, ends }
}

/** The text of a file; the reverse of {@link readText}. */
export const writeText = ({ mark, lines, ends }: TextFile): string =>
  mark + lines.map((line, index) => line + (ends[index] ?? '')).join('')

/** What most lines of a file end in; LF where none does. */
function usualEnd({ ends }: TextFile): string {
  const returns = ends.filter((end) => end === '\r\n').length
  return returns * 2 > ends.filter((end) => end !== '').length ? '\r\n' : '\n'
}

/** A line with its end; without one it is new, and gets what is usual. */
export interface Line {
  readonly text: string
  readonly end?: string | undefined
}

/** A file with other lines. Its mark, its line ends and whether it ends in one stay. */
export function withLines(file: TextFile, lines: readonly Line[]): TextFile {
  const usual = usualEnd(file)
  const closed = file.lines.length === 0 || file.ends.at(-1) !== ''
  const ends = lines.map(({ end }, index) =>
    index === lines.length - 1 && !closed ? '' : end === undefined || end === '' ? usual : end,
  )
  return { mark: file.mark, lines: lines.map(({ text }) => text), ends }
}
