import type { ReplyStrategy } from './reply-contract.ts'

const longestReason = 600

/** Why a model declines, or nothing where it does not. Words of refusal count only where there is no change. */
export function declineOf(explanation: string, hasChange: boolean): string | undefined {
  const said = /^[\s>*_`#-]{0,8}CANNOT[ _]FIX\b[*_`\s]{0,4}[::]?[*_`\s]{0,4}(\S[^]{0,2000})?/m.exec(explanation)
  if (said !== null) return reason(said[1] ?? 'no reason given')
  if (hasChange || explanation.length > 3_000) return undefined
  const refusal =
    /^(?:i['’]?m (?:very )?sorry|sorry\b|i apologi[sz]e|i (?:cannot|can['’]t|can not|won['’]t)\b|i(?: am|['’]m) (?:unable|not able)\b|as an ai\b|抱歉|对不起|我无法|к сожалению)/i
  return refusal.test(explanation) ? reason(explanation) : undefined
}

const reason = (text: string): string => {
  const line = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[*`_]{2,}/g, '')
    .trim()
  return line.length > longestReason ? `${line.slice(0, longestReason - 1)}…`.toWellFormed() : line
}

/** What to say to a reply without a change that could be read: what it seems to be, and what to send. */
export function foreignFormat(lines: readonly string[], strategy: ReplyStrategy): string {
  const wanted =
    strategy === 'blocks'
      ? 'Send each change as: the path on a line of its own, `<<<<<<< SEARCH`, the old lines, `=======`, the new lines, `>>>>>>> REPLACE`.'
      : 'Send each changed file as: its path on a line of its own, then the whole content between two lines of three backticks.'
  return `${kindOf(lines)} ${wanted}`
}

function kindOf(lines: readonly string[]): string {
  const at = lines.findIndex((line) =>
    /^(?:@@ |diff --git |--- (?:a\/|\/dev\/null)|\+\+\+ b\/|\*\*\* (?:Begin Patch|Update File))/.test(line),
  )
  if (at >= 0) return `Line ${at + 1} begins a diff; diffs are not read, because their line numbers are seldom right.`
  const first = lines.find((line) => line.trim() !== '' && !/^\s*`{3}/.test(line))?.trim() ?? ''
  if (/^[{[]/.test(first)) return 'The reply is JSON; code inside JSON is not read.'
  const fence = lines.findIndex((line) => /^\s*`{3}/.test(line))
  if (fence >= 0) return `Line ${fence + 1} begins a code fence, but no change that says what it replaces.`
  return 'The reply holds no change.'
}
