import { titleOf } from './dify-dsl.ts'
import type { DslPlace } from './dify-dsl-places.ts'

/** What the two sides of a difference are called. */
export interface DiffNames {
  readonly before: string
  readonly after: string
}

/** Lines around a change. */
const context = 3
/** Steps of the search for the shortest difference; beyond, what differs in the middle is shown as a whole. */
const mostSteps = 1000

/** A line of both sides, of the left one, or of the right one. */
interface DiffLine {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

/** The unified difference of two texts, with three lines of context; empty where there is none. */
export function diffDsl(before: string, after: string, names: DiffNames): string {
  if (before === after) return ''
  const lines = diffLines(linesOf(before), linesOf(after))
  const hunks = hunksOf(lines).map((hunk) => hunkText(lines, hunk))
  return [`--- ${names.before}`, `+++ ${names.after}`, ...hunks, ''].join('\n')
}

/** Places as a list to read: one line each, with the beginning of its text. */
export function placesText(places: readonly DslPlace[]): string {
  return places.map((place) => `${titleOf(place)}: ${excerpt(place.text)}\n`).join('')
}

function excerpt(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim()
  const letters = Array.from(line)
  return letters.length <= 60 ? line : `${letters.slice(0, 59).join('')}…`
}

const noNewline = '\n\\ No newline at end of file'

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  return last === '' ? lines : [...lines, last + noNewline]
}

function diffLines(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const left = a.slice(head, a.length - tail)
  const right = b.slice(head, b.length - tail)
  return [
    ...a.slice(0, head).map(kept),
    ...(shortest(left, right) ?? [...left.map(removed), ...right.map(added)]),
    ...a.slice(a.length - tail).map(kept),
  ]
}

const kept = (text: string): DiffLine => ({ sign: ' ', text })
const removed = (text: string): DiffLine => ({ sign: '-', text })
const added = (text: string): DiffLine => ({ sign: '+', text })

/** The shortest edit script (Myers, "An O(ND) Difference Algorithm", 1986); `undefined` where it is too long to look for. */
function shortest(a: readonly string[], b: readonly string[]): readonly DiffLine[] | undefined {
  const most = Math.min(a.length + b.length, mostSteps)
  const trace: Map<number, number>[] = []
  let reached = new Map([[1, 0]])
  for (let steps = 0; steps <= most; steps++) {
    trace.push(reached)
    const next = new Map<number, number>()
    for (let k = -steps; k <= steps; k += 2) {
      let x = goesDown(reached, k, steps) ? (reached.get(k + 1) ?? 0) : (reached.get(k - 1) ?? 0) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      next.set(k, x)
      if (x >= a.length && x - k >= b.length) return traced(trace, a, b)
    }
    reached = next
  }
  return undefined
}

function goesDown(reached: ReadonlyMap<number, number>, k: number, steps: number): boolean {
  return k === -steps || (k !== steps && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1))
}

function traced(
  trace: readonly ReadonlyMap<number, number>[],
  a: readonly string[],
  b: readonly string[],
): readonly DiffLine[] {
  const lines: DiffLine[] = []
  let x = a.length
  let y = b.length
  for (let steps = trace.length - 1; steps >= 0; steps--) {
    const reached = trace[steps] ?? new Map<number, number>()
    const k = x - y
    const down = goesDown(reached, k, steps)
    const fromX = steps === 0 ? 0 : (reached.get(down ? k + 1 : k - 1) ?? 0)
    const fromY = steps === 0 ? 0 : fromX - (down ? k + 1 : k - 1)
    while (x > fromX && y > fromY) {
      lines.push(kept(a[--x] ?? ''))
      y--
    }
    if (steps > 0) lines.push(down ? added(b[--y] ?? '') : removed(a[--x] ?? ''))
  }
  return lines.toReversed()
}

interface Hunk {
  readonly start: number
  readonly end: number
}

function hunksOf(lines: readonly DiffLine[]): readonly Hunk[] {
  const hunks: Hunk[] = []
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue
    const last = hunks.at(-1)
    const start = Math.max(0, index - context)
    const end = Math.min(lines.length, index + context + 1)
    if (last !== undefined && start <= last.end) hunks[hunks.length - 1] = { start: last.start, end }
    else hunks.push({ start, end })
  }
  return hunks
}

function hunkText(lines: readonly DiffLine[], { start, end }: Hunk): string {
  const before = lines.slice(0, start)
  const inside = lines.slice(start, end)
  const left = sideOf(before, inside, '+')
  const right = sideOf(before, inside, '-')
  return [`@@ -${left} +${right} @@`, ...inside.map(({ sign, text }) => sign + text)].join('\n')
}

function sideOf(before: readonly DiffLine[], inside: readonly DiffLine[], other: '+' | '-'): string {
  const first = before.filter(({ sign }) => sign !== other).length
  const count = inside.filter(({ sign }) => sign !== other).length
  return `${count === 0 ? first : first + 1},${count}`
}
