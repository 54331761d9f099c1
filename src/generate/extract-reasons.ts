import type { Judge, Judged } from './candidates.ts'

/** Why an answer gave no script. */
type MissReason = 'empty' | 'refusal' | 'no_code' | 'no_tests' | 'thoughts_only' | 'syntax'

/** An answer without a usable script, with the nearest miss. */
export interface Miss {
  readonly reason: MissReason
  /** One line for people. */
  readonly message: string
  /** Line of the answer where the nearest miss begins or fails, from 1. */
  readonly line?: number | undefined
  /** The best code without a test, or with a fault. */
  readonly best?: string | undefined
}

const refusals = [
  /\bI(?:'|\u2019)?(?: a)?m (?:sorry|afraid|unable|not able)\b|\bI (?:can(?:no|')t|cannot|can\u2019t|won't|will not|must decline|am unable)\b|\bas an AI\b|\bunable to (?:assist|help|comply|provide|generate)/i,
  /抱歉|对不起|對不起|无法(?:为您|协助|提供|完成|生成|帮助)|不能(?:协助|提供|帮助|完成)|拒绝/,
  /извините|простите|к сожалению|не могу (?:помочь|выполнить|предоставить|написать|создать|сгенерировать)|отказываюсь|не в состоянии/i,
]

const isRefusal = (text: string): boolean => refusals.some((pattern) => pattern.test(text.slice(0, 2_000)))

/** Whether code that parses is more than a word or sentence that happens to parse. */
const isCode = ({ code, outline }: Judged): boolean =>
  outline.fault === undefined &&
  (outline.defined.length > 0 || outline.imported.length > 0 || /^[ \t]*assert\b|\w\(/m.test(code))

interface Searched {
  readonly text: string
  readonly judge: Judge
  readonly tried: readonly Judged[]
}

/** Says why nothing was found. */
export function nothingFound({ text, tried }: Searched, { thoughts }: { readonly thoughts: boolean }): Miss {
  if (text.trim() === '') {
    if (!thoughts) return { reason: 'empty', message: 'the answer is empty' }
    return { reason: 'thoughts_only', message: 'the answer holds thoughts only; the script never came' }
  }
  const blocks = tried.filter((one) => one.method !== 'line_range')
  const best = blocks.filter(isCode).toSorted((left, right) => right.score - left.score)[0]
  const broken = blocks
    .filter((one) => one.outline.fault !== undefined && !one.foreign && one.code.trim() !== '')
    .toSorted((left, right) => right.score - left.score)[0]
  if (broken?.outline.fault !== undefined && (best === undefined || best.score < broken.score + 1000)) {
    const { line, column, message } = broken.outline.fault
    const place = broken.startLine + line - 1
    const text = `the code does not parse: ${message} in line ${place} of the answer, column ${column}`
    return { reason: 'syntax', message: text, line: place, best: broken.code }
  }
  if (best !== undefined) {
    const message = 'the code parses but holds no test that the runner would collect'
    return { reason: 'no_tests', message, line: best.startLine, best: best.code }
  }
  if (isRefusal(text)) return { reason: 'refusal', message: `the model refused: ${firstLine(text)}` }
  return { reason: 'no_code', message: `the answer holds no code: ${firstLine(text)}` }
}

const firstLine = (text: string): string => text.trim().split('\n', 1)[0]?.slice(0, 160) ?? ''
