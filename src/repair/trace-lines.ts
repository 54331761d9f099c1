import { plainText } from '../lib/plain-text.ts'

/** Longest line that is looked at, in characters; of a longer one the beginning and the end are. */
const maxLine = 4_000
/** Longest line that is shown. */
const maxShown = 400

// Each begins with an escape, which none of their classes holds: linear time.
const sequences =
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x9b[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]/g
const unusual = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/**
 * The lines of a trace as a terminal leaves them: what follows the last carriage return, without colours and controls.
 * Private keys are left out here already, since single lines of one could not be told from other text later.
 */
export function cleanLines(text: string): string[] {
  const lines: string[] = []
  let inKey = 0
  for (let from = 0; from <= text.length;) {
    const feed = text.indexOf('\n', from)
    const to = feed === -1 ? text.length : feed
    const line = cleanLine(text, from, to)
    if (line.includes('PRIVATE KEY')) {
      inKey = line.includes('-BEGIN ') && !line.includes('-END ') ? 200 : 0
      lines.push('[redacted private key]')
    } else if (inKey > 0) inKey--
    else lines.push(line)
    from = to + 1
  }
  while (lines.length > 0 && lines.at(-1) === '') lines.pop()
  return lines
}

function cleanLine(text: string, from: number, to: number): string {
  const raw = text.slice(from, to)
  if (!unusual.test(raw.length > maxLine ? raw.slice(0, maxLine) + raw.slice(-maxLine) : raw))
    return shortened(raw).trimEnd()
  let end = raw.length
  // A frame that only erased the one before leaves nothing; a few steps back there is text.
  for (let step = 0; step < 8 && end > 0; step++) {
    const start = raw.lastIndexOf('\r', end - 1) + 1
    const seen = visible(shortened(raw.slice(start, end)))
    if (seen !== '') return seen
    end = start - 1
  }
  return ''
}

const shortened = (line: string): string =>
  line.length <= maxLine ? line : `${line.slice(0, maxLine - 500)} … ${line.slice(-497)}`

const visible = (text: string): string => plainText(text.replaceAll(sequences, '').replaceAll(controls, '')).trimEnd()

/** A line as it is shown: at most 400 characters, the middle left out. */
export function shownLine(line: string): string {
  return line.length <= maxShown ? line : `${line.slice(0, 280)} … ${line.slice(-100)}`.toWellFormed()
}

const masked =
  /\b0x[0-9a-f]+\b|\b(?=[a-f]{0,12}\d)[0-9a-f]{7,64}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,27}\b|(?<![\w.)~:/])~?\/[\w.@+~/-]+\/|\d+(?:[.,]\d+)?/gi

/** What lines have in common that differ in numbers, hexadecimal values and absolute folders only. */
export function maskLine(line: string): string {
  const short = line.length > maxShown ? line.slice(0, maxShown) : line
  return short.replaceAll(masked, (found) => (found.includes('/') ? '<path>/' : '#')).trim()
}
