import { capMiddle, plainText } from '../lib/plain-text.ts'

/**
 * A trace with the last frame inside `file` first, because that line is what the reader can change; then the rest in
 * its order. Understands the long and native forms of pytest and the stacks of V8; other text comes back as it is.
 * At most `cap` characters.
 */
export function focusTrace(trace: string, file: string, cap: number): string {
  const text = plainText(trace).trim()
  if (text === '') return ''
  const frame = pytestFrames(text, file) ?? nativeFrame(text, file) ?? stackFrame(text, file)
  return capMiddle(frame ?? text, cap)
}

/** Frames of pytest's long form are divided by a line of `_ _ _`; each ends with `file:line: Type`. */
function pytestFrames(text: string, file: string): string | undefined {
  const frames = text.split(/\n(?:_ ){5,}_?\s*\n/)
  if (frames.length < 2) return undefined
  const own = frames.findLastIndex((frame) => frame.split('\n').some((line) => isPlaceIn(line, file)))
  const first = frames[own]
  if (first === undefined || own === frames.length - 1) return undefined
  // The last frame holds the error itself, so it comes right after the test's own.
  const rest = [frames.at(-1) ?? '', ...frames.slice(0, -1).filter((_, index) => index !== own)]
  return [first, ...rest].map((frame) => frame.trim()).join('\n\n')
}

/** `File "tests/test_a.py", line 3, in test_b`, with the source on the next line. */
function nativeFrame(text: string, file: string): string | undefined {
  const lines = text.split('\n')
  const own = lines.findLastIndex((line) => line.trimStart().startsWith('File "') && line.includes(`${file}", line `))
  if (own < 0) return undefined
  return [lines[own]?.trim(), lines[own + 1] ?? '', '', text].join('\n')
}

/** `    at test (file:///…/a.test.ts:3:5)`: the first such line is the innermost frame. */
function stackFrame(text: string, file: string): string | undefined {
  const own = text.split('\n').find((line) => /^\s*(?:at |❯ )/.test(line) && line.includes(`${file}:`))
  return own === undefined ? undefined : `${own.trim()}\n\n${text}`
}

function isPlaceIn(line: string, file: string): boolean {
  const start = line.startsWith(file) ? 0 : line.indexOf(`/${file}:`)
  return start >= 0 && /:\d+(?::|$)/.test(line)
}
