import type { Contents, ScriptKind } from './extract-contents.ts'
import { outline } from './extract-outline.ts'
import type { Outline } from './extract-outline.ts'
import { hintOf } from './fences.ts'
import type { Block } from './fences.ts'

/** How a piece of code was found in an answer. */
export type Method =
  | 'fence'
  | 'unclosed_fence'
  | 'nested_fence'
  | 'joined_fences'
  | 'whole_text'
  | 'envelope'
  | 'line_range'
  | 'salvaged'

/** A piece of an answer that may be the script. Lines count from 1 and are those of the answer. */
export interface Candidate {
  readonly code: string
  readonly method: Method
  readonly startLine: number
  readonly endLine: number
  /** Place among the candidates; earlier ones win where all else is equal. */
  readonly order: number
  readonly notes: readonly string[]
  readonly block?: Block | undefined
}

/** A candidate with what it holds and how well it fits. Only comparisons of scores mean something. */
export interface Judged extends Candidate {
  readonly outline: Outline
  readonly score: number
  /** Whether it defines what the tests should test, or is announced as a file that holds no tests. */
  readonly redefines: boolean
  /** Whether its fence names another language. */
  readonly foreign: boolean
}

/** A candidate that parses and holds at least one test. */
export interface Usable extends Judged {
  readonly outline: Contents & { readonly fault?: undefined }
}

/** Whether a candidate parses and holds a test. */
export const isUsable = (judged: Judged): judged is Usable =>
  judged.outline.fault === undefined && judged.outline.tests.length > 0

/** What is wanted from an answer. */
export interface Wanted extends ScriptKind {
  /** Names of what is under test: functions, classes, modules. */
  readonly symbols: readonly string[]
}

/** Judges candidates, remembers verdicts by text, and stops parsing when its budget is used up. */
export interface Judge {
  readonly wanted: Wanted
  judge(candidate: Candidate): Judged
  outline(code: string): Outline
  /** Number of distinct texts that were parsed. */
  parsed(): number
}

const maxParses = 400
const maxParsedChars = 4_000_000

/** A {@link Judge} with an empty memory. */
export function judgeFor(wanted: Wanted): Judge {
  const seen = new Map<string, Outline>()
  let chars = 0
  const read = (code: string): Outline => {
    const known = seen.get(code)
    if (known !== undefined) return known
    chars += code.length
    if (seen.size >= maxParses || chars > maxParsedChars)
      return {
        fault: {
          line: 1,
          column: 1,
          message: chars > maxParsedChars ? 'it is too long to parse' : 'it can be read in too many ways',
        },
      }
    const made = outline(code, wanted)
    if (made.fault?.message === 'too costly to parse') chars += maxParsedChars / 4
    seen.set(code, made)
    return made
  }
  return { wanted, outline: read, parsed: () => seen.size, judge: (one) => judgeOne(one, read(one.code), wanted) }
}

function judgeOne(candidate: Candidate, outline: Outline, wanted: Wanted): Judged {
  const hint = candidate.block === undefined ? undefined : hintOf(candidate.block, wanted.language)
  const file = hint?.file
  const foreignFile = file !== undefined && !isTestFile(file)
  const redefines = foreignFile || (outline.fault === undefined && redefinesTarget(outline, wanted.symbols))
  const points =
    (outline.fault === undefined ? 1000 : 0) +
    (outline.fault === undefined && outline.tests.length > 0 ? 500 : 0) +
    (wanted.symbols.some((symbol) => mentions(candidate.code, symbol)) ? 200 : 0) +
    (redefines ? -300 : 0) +
    ({ named: 50, unnamed: 20, other: -400 }[hint?.content ?? 'unnamed'] ?? 0) +
    (file === undefined || foreignFile ? 0 : 60) +
    (isTranscript(candidate.code) ? -300 : 0)
  const score =
    points - Math.min(candidate.order, 90) - candidate.notes.length + Math.min(candidate.code.length, 9_999) / 10_000
  return { ...candidate, outline, score, redefines, foreign: hint?.content === 'other' }
}

const isTestFile = (file: string): boolean =>
  /(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$|\.(?:test|spec)\.[cm]?[jt]sx?$|(?:^|\/)(?:tests?|__tests__)\//.test(
    file,
  )

/** Shell sessions, diffs and printed results. */
const isTranscript = (code: string): boolean =>
  /^\s*(?:\$ |>>> |diff --git|@@ |={5,} test session|collected \d+ items)/.test(code)

/** Whether code mentions a symbol as a word of its own. */
export function mentions(code: string, symbol: string): boolean {
  const name = symbol.replace(/\.[cm]?[jt]sx?$/, '').replace(/^.*[/]/, '')
  const last = name.split('.').at(-1) ?? name
  return new RegExp(`(?<![\\w$])${last.replaceAll(/[^\w]/g, String.raw`\$&`)}(?![\\w$])`).test(code)
}

const redefinesTarget = ({ defined, imported }: Contents, symbols: readonly string[]): boolean =>
  symbols.some((symbol) => {
    const root = symbol.split('.')[0] ?? symbol
    return defined.includes(root) && !imported.includes(root)
  })
