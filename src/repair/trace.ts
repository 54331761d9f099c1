import { namingWeight } from './trace-anchors.ts'
import { countTests } from './trace-counts.ts'
import type { TraceCounts } from './trace-counts.ts'
import { cleanLines, maskLine, shownLine } from './trace-lines.ts'
import { mentionsOf } from './trace-mentions.ts'
import type { SourceMention } from './trace-mentions.ts'
import { rankLines, templatesOf } from './trace-rank.ts'
import type { Anchor } from './trace-rank.ts'
import { relevantParts, withoutStamps } from './trace-sections.ts'
import { renderLines, selectLines } from './trace-select.ts'
import { capMiddle } from '../lib/plain-text.ts'

export type { SourceMention } from './trace-mentions.ts'

/** What is left of a trace. */
export interface ReducedTrace {
  /** At most `maxChars` characters, without secrets. */
  readonly text: string
  /** Lines that tell of the failure, best first, with numbers and folders masked; at most 40. */
  readonly anchors: readonly string[]
  /** Lines that name failed tests, masked and sorted; at most 50. */
  readonly failed: readonly string[]
  /** Files that are named near those lines, best first; at most 60. */
  readonly mentions: readonly SourceMention[]
  /** Absent where no framework summed up. */
  readonly counts?: TraceCounts | undefined
}

/** How a trace is reduced. */
export interface ReduceOptions {
  readonly maxChars: number
  /** Trace of the same job when it last succeeded: what is in both is no sign of the failure. */
  readonly lastGreen?: string | undefined
  /** As the host says: where it does not blame the script, all sections are looked at. */
  readonly failureReason?: string | undefined
  readonly redact: (text: string) => string
}

const nothing: ReadonlySet<string> = new Set()
const ending =
  /^(?:Job succeeded|(?:ERROR|WARNING): Job failed\b.*|section_end:\d{1,20}:(?:cleanup_file_variables|upload_artifacts_on_failure|upload_artifacts_on_success))$/

/**
 * Reduces the trace of a job to the lines that tell why it failed, in time linear in its length: sections of the runner,
 * terminal codes and times are removed, lines that differ in numbers only are counted together, the best ones are kept with
 * what surrounds them, and the end. Secrets go last, so that none hides behind colours.
 */
export function reduceTrace(trace: string, options: ReduceOptions): ReducedTrace {
  const parts = relevantParts(trace, options.failureReason)
  const script = cleanLines(parts.text)
  const lines = [...script, ...cleanLines(parts.trailer).filter((line) => line !== '')]
  const known = knownLines(options.lastGreen)
  const ranking = rankLines(lines, known)
  const from = { lines, ranking, known }
  const chosen = selectLines(from, options.maxChars)
  const text = options.redact(renderLines(from, chosen, options.redact)).toWellFormed()
  const counts = countTests(script)
  const masked = (anchors: readonly Anchor[]): string[] => [
    ...new Set(anchors.map(({ at }) => maskLine(shownLine(options.redact(lines[at] ?? ''))))),
  ]
  return {
    text: within(text, options.maxChars),
    anchors: masked(ranking.anchors.slice(0, 160)).slice(0, 40),
    failed: masked(ranking.anchors.filter(({ weight }) => weight === namingWeight).slice(0, 200))
      .slice(0, 50)
      .sort(),
    mentions: mentionsNear(lines, ranking.anchors, chosen),
    ...(counts !== undefined && { counts }),
  }
}

/** Whether a trace has come to its end: the runner's last word or its closing section is among the last lines. */
export function isComplete(trace: string): boolean {
  const last = cleanLines(withoutStamps(trace.slice(-8_000)))
  return last.slice(-6).some((line) => ending.test(line))
}

function knownLines(lastGreen: string | undefined): ReadonlySet<string> {
  if (lastGreen === undefined) return nothing
  const known = new Set(templatesOf(cleanLines(relevantParts(lastGreen, undefined).text)))
  known.delete('')
  return known
}

/** Redaction can make a text longer; then its middle goes. */
function within(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text
  const room = maxChars - 60
  return room > 0 ? capMiddle(text, room) : text.slice(0, Math.max(0, maxChars)).toWellFormed()
}

/** Files by how near to the best anchors they are named. */
function mentionsNear(
  lines: readonly string[],
  anchors: readonly Anchor[],
  chosen: readonly number[],
): SourceMention[] {
  const found = new Map<string, SourceMention>()
  const look = (at: number): void => {
    if (found.size >= 60) return
    for (const mention of mentionsOf(lines[at] ?? '')) {
      const key = `${mention.path}:${mention.line ?? ''}`
      if (!found.has(key) && found.size < 60) found.set(key, mention)
    }
  }
  for (const { at, weight } of anchors.slice(0, 40)) {
    if (weight < 30) break
    look(at)
    // A stack of calls ends above its exception in some languages, and begins below it in others.
    for (let step = 1; step <= 12; step++) {
      look(at + step)
      look(at - step)
    }
  }
  for (const at of chosen) look(at)
  return [...found.values()]
}
