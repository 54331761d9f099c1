import { diffArrays, diffLines } from 'diff'

/** A piece of a line. */
interface DiffPiece {
  readonly text: string
  /** Only on this side. */
  readonly isOwn: boolean
}

/** A line of a comparison. */
export interface DiffLine {
  readonly side: 'before' | 'after' | 'both'
  readonly pieces: readonly DiffPiece[]
}

/** Above this, a line is compared as a whole: comparing by characters is quadratic. */
const longLine = 2000
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Compares two texts by lines, and changed lines by what a reader sees as a character. */
export function compareTexts(before: string, after: string): readonly DiffLine[] {
  const lines: DiffLine[] = []
  const changes = diffLines(ended(before), ended(after))
  for (let at = 0; at < changes.length; at++) {
    const change = changes[at]
    const next = changes[at + 1]
    if (!change) continue
    if (change.removed && next?.added) {
      lines.push(...changedLines(linesOf(change.value), linesOf(next.value)))
      at++
    } else lines.push(...wholeLines(change.added ? 'after' : change.removed ? 'before' : 'both', linesOf(change.value)))
  }
  return lines
}

function changedLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  if (before.length !== after.length) return [...wholeLines('before', before), ...wholeLines('after', after)]
  const pairs = before.map((line, at) => comparePair(line, after[at] ?? ''))
  return [...pairs.map((pair) => pair[0]), ...pairs.map((pair) => pair[1])]
}

function comparePair(before: string, after: string): readonly [DiffLine, DiffLine] {
  if (before.length > longLine || after.length > longLine)
    return [whole('before', before, true), whole('after', after, true)]
  const changes = diffArrays(charactersOf(before), charactersOf(after))
  const side = (own: 'removed' | 'added', other: 'removed' | 'added') =>
    changes.filter((change) => !change[other]).map((change) => ({ text: change.value.join(''), isOwn: change[own] }))
  return [
    { side: 'before', pieces: side('removed', 'added') },
    { side: 'after', pieces: side('added', 'removed') },
  ]
}

function wholeLines(side: DiffLine['side'], lines: readonly string[]): readonly DiffLine[] {
  return lines.map((line) => whole(side, line, false))
}

function whole(side: DiffLine['side'], text: string, isOwn: boolean): DiffLine {
  return { side, pieces: [{ text, isOwn }] }
}

function charactersOf(line: string): string[] {
  return Array.from(graphemes.segment(line), ({ segment }) => segment)
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\n$/, '').split('\n')
}

function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`
}
