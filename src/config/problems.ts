import { GreenloopError, type ErrorCode, type Place, type Problem } from '../domain/errors.ts'
import type { LinePlace } from '../lib/positions.ts'

/** Lines beyond this are not carried along: in a minified file each problem would hold the whole of it. */
const maxLineLength = 10_000

/** Most problems that one error carries; its message tells how many there were. */
const maxProblems = 200

/** The place of a stretch of a file, ready for a code frame; the underline ends with the line. */
export function placeAt(file: string, at: LinePlace, length: number): Place {
  const place = { file, line: at.line, column: at.column }
  if (at.text.length > maxLineLength) return place
  const room = Math.max(1, at.text.length - at.column + 1)
  return { ...place, length: Math.min(Math.max(1, length), room), text: at.text }
}

/**
 * The error for the problems of one file: a single problem is the error itself, several are listed in the order of
 * the file. `subject` begins the message that tells how many.
 */
export function problemsError(code: ErrorCode, subject: string, problems: readonly Problem[]): GreenloopError {
  const sorted = problems.toSorted((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0))
  const [only] = sorted
  if (only === undefined || sorted.length > 1) {
    return new GreenloopError(code, `${subject}: ${sorted.length} problems`, {
      problems: sorted.slice(0, maxProblems),
    })
  }
  return new GreenloopError(code, only.message, { ...only, problems: sorted })
}

/** The message for a key that stands twice. */
export function duplicateMessage(key: string, firstLine: number): string {
  return `the key \`${key}\` stands here a second time; the first is on line ${firstLine}`
}
