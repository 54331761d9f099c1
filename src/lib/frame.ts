/** What {@link formatError} shows of an error; a `GreenloopError` with the id of its code fits. */
export interface Framed {
  /** Stable id such as `GL0201`. */
  readonly id: string
  readonly message: string
  readonly place?: FramedPlace | undefined
  readonly why?: string | undefined
  readonly help?: string | undefined
  readonly problems?: readonly FramedProblem[] | undefined
}

/** A place in a file; lines and columns count from 1, in code units. */
interface FramedPlace {
  readonly file: string
  readonly line?: number
  readonly column?: number
  readonly length?: number
  readonly text?: string
}

/** One of several mistakes of an input. */
interface FramedProblem {
  readonly message: string
  readonly place?: FramedPlace
  readonly help?: string
}

/** How an error is drawn. `width` is that of the terminal, in columns. */
export interface FrameStyle {
  readonly colour: boolean
  readonly width: number
}

const problemsShown = 20

/**
 * An error as text for people: id, message, place, the line with what is wrong underlined, the reason, and what mends
 * it. Of several problems the first 20 are shown. Control and bidirectional characters of the input are escaped.
 */
export function formatError(error: Framed, style: FrameStyle): string {
  const paint = painter(style.colour)
  const canvas: Canvas = { ...style, paint }
  const lines = [`${paint('red', `error[${error.id}]`)}: ${paint('bold', visibleLines(error.message, '  '))}`]
  const problems = error.problems ?? []
  let help = error.help
  if (problems.length > 1) {
    for (const problem of problems.slice(0, problemsShown)) {
      const drawn = frame(problem.place, problem.help, canvas)
      lines.push('', visible(problem.message), ...drawn.lines, ...helpLine(drawn.label, paint))
    }
    if (problems.length > problemsShown) lines.push('', `and ${problems.length - problemsShown} more`)
  } else {
    const own = problems[0] ?? error
    const drawn = frame(own.place ?? error.place, own.help, canvas)
    lines.push(...drawn.lines)
    if (help === own.help) help = drawn.label
  }
  if (error.why !== undefined) lines.push(`${paint('cyan', 'why:')}  ${visibleLines(error.why, '      ')}`)
  return [...lines, ...helpLine(help, paint)].join('\n')
}

/** Foreign text of several lines, such as what a runner printed; each line after the first is indented. */
function visibleLines(text: string, indent: string): string {
  return text.trimEnd().split('\n').map(visible).join(`\n${indent}`)
}

function helpLine(help: string | undefined, paint: Paint): string[] {
  return help === undefined ? [] : [`${paint('cyan', 'help:')} ${visible(help)}`]
}

type Paint = (colour: 'red' | 'cyan' | 'bold', text: string) => string

function painter(colour: boolean): Paint {
  const codes = { red: '1;31', cyan: '36', bold: '1' }
  return (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text)
}

interface Canvas extends FrameStyle {
  readonly paint: Paint
}

interface Drawn {
  readonly lines: string[]
  /** The label, where it found no room beside the mark. */
  readonly label: string | undefined
}

function frame(place: FramedPlace | undefined, label: string | undefined, canvas: Canvas): Drawn {
  if (place === undefined) return { lines: [], label }
  const { paint } = canvas
  const { line, column, text } = place
  const where = [visible(place.file), line, line === undefined ? undefined : column].filter(
    (part) => part !== undefined,
  )
  const arrow = `  ${paint('cyan', '-->')} ${where.join(':')}`
  if (line === undefined || column === undefined || text === undefined) return { lines: [arrow], label }
  const number = String(line)
  const room = Math.max(20, canvas.width - number.length - 3)
  const cut = clip(text, { start: column - 1, length: place.length ?? 1 }, room)
  const carets = '^'.repeat(Math.max(1, cut.markWidth))
  const shown = label === undefined ? '' : ` ${visible(label)}`
  const fits = cut.before + carets.length + displayWidth(shown) <= room
  const mark = paint('red', fits ? carets + shown : carets)
  const lines = [
    arrow,
    `${paint('cyan', `${number} |`)} ${cut.text}`,
    `${paint('cyan', `${' '.repeat(number.length)} |`)} ${' '.repeat(cut.before)}${mark}`,
  ]
  return { lines, label: fits ? undefined : label }
}

interface Cut {
  readonly text: string
  /** Columns before the mark, and columns of the mark itself. */
  readonly before: number
  readonly markWidth: number
}

/** A line cut to `room` columns around what is marked, an ellipsis where something was left out. */
function clip(line: string, mark: { start: number; length: number }, room: number): Cut {
  const before = visible(line.slice(0, mark.start))
  const marked = visible(line.slice(mark.start, mark.start + mark.length))
  const after = visible(line.slice(mark.start + mark.length))
  if (displayWidth(before) + displayWidth(marked) + displayWidth(after) <= room) {
    return { text: before + marked + after, before: displayWidth(before), markWidth: displayWidth(marked) }
  }
  const head = displayWidth(before) > room / 2 ? `…${takeEnd(before, Math.floor(room / 3))}` : before
  const middleRoom = room - displayWidth(head) - 1
  const middle = takeStart(marked, middleRoom)
  const tail = middle === marked ? takeStart(after, middleRoom - displayWidth(middle)) : ''
  const whole = middle === marked && tail === after
  return {
    text: `${head}${middle}${tail}${whole ? '' : '…'}`,
    before: displayWidth(head),
    markWidth: displayWidth(middle),
  }
}

function takeStart(text: string, room: number): string {
  let taken = ''
  let width = 0
  for (const { segment } of graphemes.segment(text)) {
    width += displayWidth(segment)
    if (width > room) break
    taken += segment
  }
  return taken
}

function takeEnd(text: string, room: number): string {
  // A grapheme is seldom longer than a few code units; the slice bounds the work on long lines.
  const all = [...graphemes.segment(text.slice(-room * 8))].map(({ segment }) => segment)
  let width = 0
  let from = all.length
  while (from > 0) {
    width += displayWidth(all[from - 1] ?? '')
    if (width > room) break
    from--
  }
  return all.slice(from).join('')
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

/** Columns that a text takes in a terminal: 2 for wide characters (Chinese, Japanese, Korean, emoji), 0 for combining ones. */
export function displayWidth(text: string): number {
  // Plain ASCII is by far the usual case.
  if (/^[\u0020-\u007e]*$/u.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

function graphemeWidth(segment: string): number {
  if (wide.test(segment) || /\p{Emoji_Presentation}|\ufe0f/u.test(segment)) return 2
  return zeroWidth.test(segment) ? 0 : 1
}

const unsafe =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** A text that cannot steer a terminal: a tab becomes a space, other control and bidirectional characters `\u{…}`. */
export function visible(text: string): string {
  return text.replace(unsafe, (character) =>
    character === '\t' ? ' ' : `\\u{${character.charCodeAt(0).toString(16).padStart(4, '0')}}`,
  )
}
