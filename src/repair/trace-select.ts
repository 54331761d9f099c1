import { shownLine } from './trace-lines.ts'
import type { Ranking } from './trace-rank.ts'

/** What the choice is made from. */
export interface Selectable {
  readonly lines: readonly string[]
  readonly ranking: Ranking
  /** Templates of lines that were there when the job succeeded. */
  readonly known: ReadonlySet<string>
}

const linesBefore = 6
const linesAfter = 10
const tailLines = 60
/** Part of the room that the end of the trace may take. */
const tailShare = 0.3
/** Characters that a mark of a gap takes at most. */
const gapLength = 32
/** Further lines that differ in numbers only are left out of what surrounds an anchor. */
const maxAlike = 6
/** Source that a tool quotes is shown as it is. */
const code = /^[\s>|]/
/** Anchors that say less than this part of what the best one says; they are seldom the cause, and so a few are enough. */
const lesserPart = 0.3
const maxLesser = 12
/** Echoed commands that are kept in any case. */
const maxCommands = 4
/** Lines that differ in numbers only are counted from here on. */
const toldCount = 10

/** Lines that are taken while there is room. */
interface Picked {
  readonly chosen: ReadonlySet<number>
  /** Takes a line unless less than `reserve` characters would be left; false where there is no room. */
  readonly take: (at: number, reserve: number) => boolean
}

/**
 * Chooses lines within `room` characters: the last commands, the best anchors each with what surrounds it, and the end.
 * Gives their places in order.
 */
export function selectLines(from: Selectable, room: number): readonly number[] {
  const picked = pickFrom(from, room - gapLength)
  const reserve = room * tailShare
  // The runner echoes each command; the last ones say what failed.
  for (const at of lastCommands(from.lines)) picked.take(at, reserve)
  takeAnchors(from, picked, reserve)
  takeEnd(from, picked)
  closeGaps(picked)
  return [...picked.chosen].sort((a, b) => a - b)
}

function pickFrom({ lines, ranking }: Selectable, room: number): Picked {
  const chosen = new Set<number>()
  let left = room
  const take = (at: number, reserve: number): boolean => {
    const line = lines[at]
    if (line === undefined || chosen.has(at)) return true
    const gap = chosen.has(at - 1) || chosen.has(at + 1) ? 0 : gapLength
    const told = ranking.countOf(ranking.templates[at] ?? '') >= toldCount ? gapLength : 0
    const cost = shownLine(line).length + 1 + gap + told
    if (left - cost < reserve) return false
    left -= cost
    chosen.add(at)
    return true
  }
  return { chosen, take }
}

function takeAnchors({ ranking, known }: Selectable, { take }: Picked, reserve: number): void {
  const alike = new Map<string, number>()
  const surround = (at: number): void => {
    const template = ranking.templates[at] ?? ''
    const count = (alike.get(template) ?? 0) + 1
    alike.set(template, count)
    if (!known.has(template) && (count <= maxAlike || template.length < 8)) take(at, reserve)
  }
  const least = (ranking.anchors[0]?.score ?? 0) * lesserPart
  let lesser = 0
  for (const { at, score } of ranking.anchors) {
    const isLesser = score < least
    if ((isLesser && ++lesser > maxLesser) || !take(at, reserve)) return
    for (let step = 1; step <= (isLesser ? 2 : linesAfter); step++) {
      surround(at + step)
      if (step <= linesBefore) surround(at - step)
    }
  }
}

/** The last lines of all, and the last of those that were not there when the job succeeded. */
function takeEnd({ lines, ranking, known }: Selectable, { take }: Picked): void {
  for (let at = lines.length - 1; at >= Math.max(0, lines.length - 10); at--) if (!take(at, 0)) return
  let left = tailLines
  for (let at = lines.length - 1; at >= 0 && left > 0; at--) {
    if (known.has(ranking.templates[at] ?? '')) continue
    left--
    if (!take(at, 0)) return
  }
}

/** One or two missing lines are shown: a mark of them would be as long. */
function closeGaps({ chosen, take }: Picked): void {
  for (const at of [...chosen]) {
    if (chosen.has(at + 2)) take(at + 1, 0)
    else if (chosen.has(at + 3)) [at + 1, at + 2].forEach((next) => take(next, 0))
  }
}

function lastCommands(lines: readonly string[]): readonly number[] {
  const found: number[] = []
  for (let at = lines.length - 1; at >= 0 && found.length < maxCommands; at--) {
    if (lines[at]?.startsWith('$ ') === true) found.push(at)
  }
  return found
}

/** The chosen lines with marks where some are missing, and how often a line is there in nearly the same form. */
export function renderLines(from: Selectable, chosen: readonly number[], redact: (text: string) => string): string {
  const { lines, ranking } = from
  const output: string[] = []
  const told = new Set<string>()
  let expected = 0
  const gap = (to: number): void => {
    if (to > expected)
      output.push(to - expected === 1 && lines[expected] === '' ? '' : `… ${to - expected} lines omitted …`)
  }
  for (const at of chosen) {
    gap(at)
    const template = ranking.templates[at] ?? ''
    const count = ranking.countOf(template)
    const often =
      count >= toldCount && template.length >= 12 && !code.test(lines[at] ?? '') && !told.has(template)
        ? ` (${count} lines like this)`
        : ''
    told.add(template)
    output.push(shownLine(redact(lines[at] ?? '')) + often)
    expected = at + 1
  }
  gap(lines.length)
  return output.join('\n')
}
