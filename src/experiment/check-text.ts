import { GreenloopError } from '../domain/errors.ts'
import { isEqual } from './check-equal.ts'
import { holds, shown } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import type { CheckOf } from './check-parts.ts'
import { textOf } from './check-subject.ts'

/** `equals`; what counts as equal is told at {@link isEqual}. */
export function checkEquals({ value, ignoreCase }: CheckOf<'equals'>, actual: unknown): Finding {
  const same = isEqual(value, actual, ignoreCase)
  return holds(same, same ? `it is ${shown(value)}` : `it is ${shown(actual)}, expected ${shown(value)}`)
}

/** `contains`: all or any of some texts. An empty text would be found in everything, so it breaks the check. */
export function checkContains({ value, mode, ignoreCase }: CheckOf<'contains'>, actual: unknown): Finding {
  const wanted = (Array.isArray(value) ? value : [value]).map(textOf)
  refuseEmpty(wanted.length === 0 || wanted.includes(''))
  const text = cased(textOf(actual), ignoreCase)
  const missing = wanted.filter((part) => !text.includes(cased(part, ignoreCase)))
  const passed = mode === 'all' ? missing.length === 0 : missing.length < wanted.length
  const found = wanted.filter((part) => !missing.includes(part))
  return holds(passed, passed ? `it contains ${list(found)}` : `it does not contain ${list(missing)}`)
}

/** `starts_with`; white space before the answer does not matter. */
export function checkStartsWith({ value, ignoreCase }: CheckOf<'starts_with'>, actual: unknown): Finding {
  refuseEmpty(value === '')
  const text = textOf(actual)
  const starts = [text, text.trimStart()].some((start) => cased(start, ignoreCase).startsWith(cased(value, ignoreCase)))
  return holds(starts, starts ? `it starts with ${shown(value)}` : `it starts with ${shown(text.slice(0, 60))}`)
}

function refuseEmpty(isEmpty: boolean): void {
  if (isEmpty) throw new GreenloopError('judge_failed', 'the expected text is empty, so that every answer would pass')
}

function cased(text: string, ignoreCase: boolean): string {
  return ignoreCase ? text.normalize('NFC').toLowerCase() : text
}

function list(texts: readonly string[]): string {
  return texts.slice(0, 5).map(shown).join(', ')
}
