const comment = /^\s*(?:#|\/\/|\/\*|<!--|--|;|%|"""|\*|\{\/\*)\s?(.*)$/
const phrase =
  /\b(?:rest|remainder|remaining)\b.{0,60}\b(?:unchanged|same|code|file|function|class|method|methods|implementation|as before|omitted)\b|\bexisting (?:code|implementation|methods?|functions?|imports?|content|logic)\b|\b(?:code|lines?|implementation|content) (?:omitted|elided|unchanged)\b|\bunchanged (?:code|lines?)\b|\b(?:same|as) (?:as )?before\b|\bno changes?\b|^unchanged\b|\bomitted for brevity\b|其余|省略|保持不变|без изменений/i
const dots = /^(?:\.{3,6}|…)/
const onlyDots = /^(?:\.{3,6}|…)\s*(?:\*\/|-->|\*\/\})?\s*$/

/** Whether a line stands for lines that were not written out. */
export function isElision(line: string, path: string): boolean {
  if (line.length > 200) return false
  const inner = comment.exec(line)?.[1]
  // A bare `...` is a body in Python and nothing anywhere else.
  if (inner === undefined) return /^\s*(?:\.{3}|…)\s*$/.test(line) ? !/\.pyi?$/i.test(path) : bracketed(line)
  const text = inner.trim()
  if (onlyDots.test(text)) return true
  const dotted = dots.test(text) || /(?:\.{3}|…)\s*(?:\*\/|-->|\*\/\})?$/.test(text)
  return phrase.test(text) && (dotted || text.length <= 60)
}

const bracketed = (line: string): boolean =>
  /^\s*(?:\[|\(|\.{3}|…)/.test(line) &&
  /(?:\.{3}|…)/.test(line) &&
  /^[\s[(.…]*(?:the )?(?:rest|remaining|existing|unchanged)\b/i.test(line)

/** The first line of `text` that stands for lines left out and is not among the lines of `known`. Counts from 0. */
export function elisionIn(
  text: readonly string[],
  known: readonly string[],
  path: string,
): { readonly index: number; readonly line: string } | undefined {
  const there = new Set(known.map((line) => line.trim()))
  const index = text.findIndex((line) => isElision(line, path) && !there.has(line.trim()))
  return index < 0 ? undefined : { index, line: (text[index] ?? '').trim() }
}
