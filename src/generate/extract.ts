import type { Framework, Language } from '../domain/suite.ts'
import { isUsable, judgeFor } from './candidates.ts'
import type { Candidate, Judge, Judged, Method, Usable } from './candidates.ts'
import type { FoundTest } from './extract-contents.ts'
import { enclosedCode } from './extract-envelope.ts'
import { joinBlocks } from './extract-join.ts'
import { nothingFound } from './extract-reasons.ts'
import type { Miss } from './extract-reasons.ts'
import { cleanings, decodeEntities, hasEntities, normalise, withoutTags, withoutThoughts } from './extract-text.ts'
import { fencedBlocks, possibleBlocks } from './fences.ts'
import type { Block } from './fences.ts'
import { salvage, withoutLastTest } from './salvage.ts'

export type { FoundTest } from './extract-contents.ts'

/** What is wanted from an answer. */
export interface ExtractOptions {
  readonly language: Language
  readonly framework?: Framework | undefined
  /** Names of what is under test: functions, classes, modules. Blocks that use them win, blocks that define them lose. */
  readonly symbols?: readonly string[] | undefined
  /** How the answer ended; with `length` its last test is not trusted. */
  readonly finish?: 'stop' | 'length' | 'unknown' | undefined
}

/** How a script was found in an answer, exact enough to find it again. */
interface ExtractionPath {
  readonly method: Method
  /** Lines of the answer, from 1. */
  readonly startLine: number
  readonly endLine: number
  /** Number of pieces of text that were considered. */
  readonly candidates: number
  /** Only comparable within one answer. */
  readonly score: number
  /** Each rule that was applied, in order. */
  readonly notes: readonly string[]
}

/** A script taken from an answer, or why there is none. */
export type Extraction =
  | {
      readonly found: true
      /** The script; line ends are LF. */
      readonly code: string
      readonly language: Language
      readonly tests: readonly FoundTest[]
      readonly how: ExtractionPath
    }
  | ({ readonly found: false } & Miss)

/**
 * Takes the test script out of a model's answer. Pure and synchronous; never throws on text. Where the first block of an
 * answer parses and holds tests, that block is the script, byte for byte, unless a later one plainly belongs to it.
 */
export function extractCode(answer: string, options: ExtractOptions): Extraction {
  const { language, framework, symbols = [], finish = 'unknown' } = options
  const judge = judgeFor({ language, framework, symbols })
  const whole = normalise(answer)
  const { text, notes, unended } = withoutThoughts(whole)
  const search: Search = { text, judge, cutOff: finish === 'length' || unended, tried: [] }
  const found =
    byWholeText(whole, search) ?? byFirstBlock(search) ?? byScore(search) ?? byLines(search) ?? bySalvage(search)
  if (found === undefined) return { found: false, ...nothingFound(search, { thoughts: notes.length > 0 }) }
  const { method, startLine, endLine, score, code } = found
  const how = {
    method,
    startLine,
    endLine,
    score,
    candidates: judge.parsed(),
    notes: [...(method === 'whole_text' ? [] : notes), ...found.notes],
  }
  return { found: true, code, language, tests: found.outline.tests, how }
}

interface Search {
  readonly text: string
  readonly judge: Judge
  readonly cutOff: boolean
  /** What was judged so far and did not do. */
  readonly tried: Judged[]
}

function judged(search: Search, candidate: Omit<Candidate, 'order'> & { readonly order?: number }): Judged {
  const made = search.judge.judge({ order: search.tried.length, ...candidate })
  search.tried.push(made)
  return made
}

const fromBlock = (block: Block, method: Method): Omit<Candidate, 'order'> => ({
  code: block.code,
  method: block.closed ? method : 'unclosed_fence',
  startLine: block.startLine,
  endLine: block.endLine,
  notes: [],
  block,
})

const codeLike =
  /^(?:import\b|from\s+\S+\s+import\b|(?:async\s+)?def\s|class\s|@\w|#|"""|'''|['"]use strict|(?:export\s+)?(?:const|let|var|async|function)\s|\/[/*]|(?:test|it|describe|suite)\b[.(])/

/** The whole answer is a script: nothing but code came. */
function byWholeText(text: string, search: Search): Usable | undefined {
  const first = text.trimStart().split('\n', 1)[0] ?? ''
  if (!codeLike.test(first)) return undefined
  const endLine = text.trimEnd().split('\n').length
  const whole = judged(search, { code: text, method: 'whole_text', startLine: 1, endLine, notes: [] })
  return isUsable(whole) ? finished(whole, search) : undefined
}

/** The easy path: the first block is the script. Most answers end here, after one parse. */
function byFirstBlock(search: Search): Usable | undefined {
  const blocks = fencedBlocks(search.text)
  const [head, ...others] = blocks
  if (head === undefined) return undefined
  const first = judged(search, fromBlock(head, 'fence'))
  if (!isUsable(first) || first.redefines) return undefined
  if (others.length === 0) return finished(first, search)
  const rest = others.map((block) => judged(search, fromBlock(block, 'fence')))
  return chosenFrom(first, [first, ...rest], search)
}

function chosenFrom(first: Usable, blocks: readonly Judged[], search: Search): Usable | undefined {
  const { chosen, notes } = joinBlocks(first, blocks, search.judge)
  return finished({ ...chosen, notes: [...chosen.notes, ...notes] }, search)
}

/** Everything that the fences and envelopes of an answer could mean; the best by score. */
function byScore(search: Search): Usable | undefined {
  const known = new Set(search.tried.map((one) => one.code))
  const consider = (block: Block, method: Method): void => {
    if (known.has(block.code)) return
    known.add(block.code)
    judged(search, fromBlock(block, method))
  }
  for (const block of fencedBlocks(search.text)) consider(block, 'fence')
  const plain = search.tried.filter((one) => one.method !== 'whole_text')
  if (!mayHoldTests(search)) return undefined
  if (!plain.some(isUsable)) for (const block of possibleBlocks(search.text)) consider(block, 'nested_fence')
  for (const { code } of enclosed(search)) judged(search, { ...everything(search), code, method: 'envelope' })
  for (const one of search.tried.slice()) clean(one, search)
  const best = bestOf(search.tried.filter(isUsable))
  if (best === undefined) return undefined
  const blocks = plain.toSorted((left, right) => left.startLine - right.startLine)
  return chosenFrom(best, blocks.includes(best) ? blocks : [best], search)
}

/** Whether looking deeper can help at all; a long answer without the word is given up at once. */
const mayHoldTests = ({ text, judge }: Search): boolean =>
  (judge.wanted.language === 'python' ? /def\s+test|TestCase/ : /(?:test|it|specify)\b[^\n]{0,80}[(`]/).test(text)

const everything = ({ text }: Search): Omit<Candidate, 'order' | 'code' | 'method'> => ({
  startLine: 1,
  endLine: text.split('\n').length,
  notes: [],
})

function* enclosed(search: Search): Generator<{ readonly code: string }> {
  yield* enclosedCode(search.text)
  for (const block of fencedBlocks(search.text)) {
    if (!/^\s*(?:[{[]|[\w"'-]+:)/.test(block.code)) continue
    yield* enclosedCode(block.code)
  }
}

/** Reads a candidate once more without what makes it unreadable. */
function clean(one: Judged, search: Search): void {
  if (one.outline.fault === undefined) return
  for (const { text, rule } of cleanings(one.code)) {
    const cleaned = search.judge.judge({ ...one, code: text, notes: [...one.notes, rule] })
    if (!isUsable(cleaned)) continue
    search.tried.push(cleaned)
    return
  }
}

function bestOf<T extends Judged>(list: readonly T[]): T | undefined {
  let best: T | undefined
  for (const one of list) if (best === undefined || one.score > best.score) best = one
  return best
}

const maxStarts = 12
const maxEnds = 40

/** Code between lines of prose, without any fence: the longest range of lines that parses and holds a test. */
function byLines(search: Search): Usable | undefined {
  if (!mayHoldTests(search) || search.tried.some((one) => one.block !== undefined)) return undefined
  const plain = withoutTags(search.text)
  return longestRange(plain, search) ?? longestRange(plain.replaceAll(/^(?: {4}|\t)/gm, ''), search)
}

function longestRange(text: string, search: Search): Usable | undefined {
  const lines = text.split('\n')
  const starts = lines.flatMap((line, index) => (codeLike.test(line) ? [index] : [])).slice(0, maxStarts)
  for (const start of starts) {
    const ends = lines.flatMap((line, index) => (index > start && endsCode(line, lines[index + 1]) ? [index + 1] : []))
    for (const end of [...ends, lines.length].slice(-maxEnds).toReversed()) {
      const code = lines.slice(start, end).join('\n').trimEnd()
      const range = { code, method: 'line_range', startLine: start + 1, endLine: end, notes: [], order: start } as const
      const read = search.judge.judge(range)
      if (isUsable(read)) return finished(read, search)
    }
  }
  return undefined
}

/** Whether code may end with a line: it holds text, and the next one begins at the margin or is empty. */
const endsCode = (line: string, next: string | undefined): boolean => line.trim() !== '' && !/^\s+\S/.test(next ?? '')

/** The last try: what does not parse is cut down to what does. */
function bySalvage(search: Search): Usable | undefined {
  if (!mayHoldTests(search)) return undefined
  const broken = search.tried.filter((one) => one.outline.fault !== undefined)
  const [longest] = broken.toSorted((left, right) => right.score - left.score || right.code.length - left.code.length)
  const whole = { ...everything(search), code: search.text, method: 'line_range' as const }
  const tries =
    longest === undefined
      ? [search.judge.judge({ ...whole, order: 0 })]
      : [...new Set([longest, ...broken])].slice(0, 6)
  const saved = tries.flatMap((one) => {
    const made = salvage(one.code, search.judge)
    if (made === undefined) return []
    const again = search.judge.judge({
      ...one,
      code: made.code,
      method: 'salvaged',
      notes: [...one.notes, ...made.notes],
    })
    return isUsable(again) ? [again] : []
  })
  const most = Math.max(...saved.map((one) => one.outline.tests.length))
  const [best] = saved.filter((one) => one.outline.tests.length === most)
  return best === undefined ? undefined : finished(best, search)
}

/** The last touch: a script whose answer was cut off loses the test in which that happened. */
function finished(usable: Usable, search: Search): Usable {
  // Entities can parse by chance (`x &lt; 3`), so where the decoded text is usable too, it is meant.
  const text = hasEntities(usable.code) ? decodeEntities(usable.code) : usable.code
  const decoded = search.judge.judge({ ...usable, code: text, notes: [...usable.notes, 'decoded HTML entities'] })
  if (text !== usable.code && isUsable(decoded)) return finished(decoded, search)
  const open = usable.method === 'unclosed_fence' || usable.method === 'whole_text'
  const shorter = open && search.cutOff ? withoutLastTest(usable.code, search.judge) : undefined
  if (shorter === undefined) return usable
  const again = search.judge.judge({ ...usable, code: shorter.code, notes: [...usable.notes, ...shorter.notes] })
  return isUsable(again) ? again : usable
}
