import { closing, statementEnds } from '../lib/syntax-brackets.ts'
import type { OpenBracket } from '../lib/syntax-brackets.ts'
import type { Judge } from './candidates.ts'
import { groupOf, pieces } from './extract-pieces.ts'
import type { Piece } from './extract-pieces.ts'
import { dedent } from './extract-text.ts'

/** Code made whole again, with what was done to it. */
export interface Salvaged {
  readonly code: string
  readonly notes: readonly string[]
}

/** Whether a text parses and still holds a test. */
function holdsTest(code: string, judge: Judge): boolean {
  const read = judge.outline(code)
  return read.fault === undefined && read.tests.length > 0
}

/**
 * Makes code runnable that broke off or has a fault: whole tests are kept, what is broken goes. Where the only test is
 * broken, its statements before the fault are kept if one of them asserts something. `undefined` where no test remains.
 */
export function salvage(code: string, judge: Judge): Salvaged | undefined {
  const script = judge.wanted.language !== 'python'
  const ways = script ? [withoutBroken, cutBack, cutInside] : [withoutBroken, cutInsidePython]
  for (const way of ways) {
    const found = way(code, judge)
    if (found !== undefined) return found
  }
  return undefined
}

/** Cuts off the last test or group member of code that parses but is known to have broken off in it. */
export function withoutLastTest(code: string, judge: Judge): Salvaged | undefined {
  const read = judge.outline(code)
  if (read.fault !== undefined || read.tests.length < 2) return undefined
  const lines = code.split('\n')
  const last = read.tests.reduce((latest, test) => (test.line > latest.line ? test : latest))
  let start = last.line - 1
  while (start > 0 && /^\s*(?:@|#|\/\/)/.test(lines[start - 1] ?? '')) start--
  const rest = [...lines.slice(0, start), ...lines.slice(last.endLine)].join('\n')
  const notes = [`dropped the last test, ${last.name}: the answer was cut off in it`]
  return holdsTest(rest, judge) ? { code: rest.trimEnd(), notes } : undefined
}

/** Keeps the statements that parse by themselves, looking into classes and groups of tests. */
function withoutBroken(code: string, judge: Judge): Salvaged | undefined {
  const dropped: string[] = []
  const kept = keep(pieces(code.split('\n'), judge.wanted.language), judge, dropped)
  const text = kept.join('\n').trimEnd()
  return dropped.length > 0 && holdsTest(text, judge) ? { code: text, notes: dropped } : undefined
}

const maxPieces = 250
const maxMerged = 12

function keep(list: readonly Piece[], judge: Judge, dropped: string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < Math.min(list.length, maxPieces); index++) {
    const piece = list[index]
    if (piece === undefined) break
    const fault = judge.outline(dedent(piece.text)).fault
    if (fault === undefined) {
      kept.push(piece.text)
      continue
    }
    const merged = mergedFrom(list, index, judge)
    const inner = merged === undefined ? keepInside(piece, judge, dropped) : undefined
    if (merged !== undefined) {
      kept.push(merged.text)
      index = merged.last
    } else if (inner !== undefined) kept.push(inner)
    else
      dropped.push(
        `dropped lines ${piece.start + 1}-${piece.end}: ${fault.message} in line ${piece.start + fault.line}`,
      )
  }
  return kept
}

/** A statement with the next ones, where indentation divided it wrongly: text in triple quotes, for one. */
function mergedFrom(list: readonly Piece[], index: number, judge: Judge): { text: string; last: number } | undefined {
  const first = list[index]?.text ?? ''
  if (!/"""|'''|`|[([{]\s*$/m.test(first)) return undefined
  for (let last = index + 1; last < Math.min(list.length, index + maxMerged); last++) {
    const text = list
      .slice(index, last + 1)
      .map((piece) => piece.text)
      .join('\n')
    if (judge.outline(dedent(text)).fault === undefined) return { text, last }
  }
  return undefined
}

function keepInside(piece: Piece, judge: Judge, dropped: string[]): string | undefined {
  const { language } = judge.wanted
  const group = groupOf(piece, language)
  if (group === undefined) return undefined
  const lost: string[] = []
  const members = keep(pieces(group.body, language, piece.start + group.headLines), judge, lost)
  if (members.length === 0) return undefined
  const text = [group.head, ...members, ...(group.foot === '' ? [] : [group.foot])].join('\n')
  if (judge.outline(dedent(text)).fault !== undefined) return undefined
  dropped.push(...lost)
  if (lost.length === 0) dropped.push(`closed the group that begins in line ${piece.start + 1}`)
  return text
}

const maxCuts = 60
const inGroup = ({ char, callee }: OpenBracket): boolean =>
  char === '{' || (char === '(' && /^(?:\w+\.)?(?:describe|suite|context)\b/.test(callee))
const inTest = ({ char, callee }: OpenBracket): boolean =>
  char === '{' || (char === '(' && /^(?:test|it)\b/.test(callee))

/** Cuts JavaScript back to the last whole test and closes the groups around it. */
function cutBack(code: string, judge: Judge): Salvaged | undefined {
  const ends = statementEnds(code).filter(({ open }) => open.every(inGroup) && open.length % 2 === 0)
  for (const { index, open } of ends.slice(-maxCuts).toReversed()) {
    const text = `${code.slice(0, index)}\n${closing(open).replaceAll('})', '});\n')}`.trimEnd()
    if (holdsTest(text, judge))
      return { code: text, notes: [`cut back to the last whole test, line ${lineOf(code, index)}`] }
  }
  return undefined
}

const lineOf = (code: string, index: number): number => code.slice(0, index).split('\n').length

/** Cuts JavaScript back to the last whole statement inside its only test, if the test still asserts something. */
function cutInside(code: string, judge: Judge): Salvaged | undefined {
  const ends = statementEnds(code).filter(({ open }) => open.every((one) => inGroup(one) || inTest(one)))
  for (const { index, open } of ends.slice(-maxCuts).toReversed()) {
    const test = open.find((one) => one.char === '(' && inTest(one))
    if (test === undefined || !/\b(?:expect|assert)\b/.test(code.slice(test.index, index))) continue
    const text = `${code.slice(0, index)}\n${closing(open).replaceAll('})', '});\n')}`.trimEnd()
    if (holdsTest(text, judge)) return { code: text, notes: [cutNote(code, index)] }
  }
  return undefined
}

const cutNote = (code: string, index: number): string =>
  `cut the only test after its last whole statement, line ${lineOf(code, index)}`

/** The same for Python: lines go from the end, or from the fault on, until the rest parses. */
function cutInsidePython(code: string, judge: Judge): Salvaged | undefined {
  const lines = code.split('\n')
  const fault = judge.outline(code).fault
  if (fault === undefined) return undefined
  const starts = [lines.length - 1, Math.min(fault.line, lines.length - 1)]
  for (const start of starts) {
    for (let end = start; end > Math.max(0, start - maxCuts); end--) {
      const text = lines.slice(0, end).join('\n').trimEnd()
      if (!/^[ \t]+(?:assert\b|self\.assert|with pytest\.raises)/m.test(text)) break
      if (endsAsserted(text, judge)) return { code: text, notes: [cutNote(code, text.length)] }
    }
  }
  return undefined
}

function endsAsserted(code: string, judge: Judge): boolean {
  const read = judge.outline(code)
  const last = read.fault === undefined ? read.tests.at(-1) : undefined
  if (last === undefined) return false
  const body = code
    .split('\n')
    .slice(last.line - 1, last.endLine)
    .join('\n')
  return /\b(?:assert\w*|raises)\b/.test(body.slice(body.indexOf(':')))
}
