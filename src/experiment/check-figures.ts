import type { TrialCost } from '../domain/test-result.ts'
import { addDecimals } from '../lib/decimal.ts'
import { absent, broken, holds } from './check-finding.ts'
import type { Finding } from './check-finding.ts'
import { outOfRange, valuesAt } from './check-json.ts'
import type { CheckOf, Compiled } from './check-parts.ts'
import type { View } from './check-view.ts'

/** `range`: the whole value is a number within bounds; with a `path`, everything that it finds in the JSON. */
export function checkRange(check: CheckOf<'range'>, actual: unknown, compiled: Compiled): Finding {
  const values = check.path === undefined ? [actual] : valuesAt(check.path, actual, compiled)
  if (typeof values === 'string') return absent(values)
  if (values.length === 0) return absent(`${check.path} finds nothing`)
  const [fault] = values.flatMap((value) => outOfRange(value, check) ?? [])
  return holds(fault === undefined, fault ?? 'it is in the range')
}

/** `latency`: broken where the time was not measured, as the first piece of an answer that came whole. */
export function checkLatency({ maxMs, of }: CheckOf<'latency'>, { timing }: View): Finding {
  const taken = { total: timing.totalMs, ttft: timing.ttftMs, server: timing.serverMs }[of]
  if (taken === undefined) return broken(`the time \`${of}\` was not measured`)
  return holds(taken <= maxMs, `it took ${Math.round(taken)} ms (${of}), at most ${maxMs} ms are wanted`)
}

/** `cost`, of the whole trial, compared as decimal numbers. Broken where the price is not known. */
export function checkCost({ max }: CheckOf<'cost'>, cost: TrialCost | undefined): Finding {
  if (cost === undefined) return broken('what the trial cost is not known; give prices in the environment')
  const over = addDecimals([cost.amount, `-${max}`])
  const passed = over.startsWith('-') || Number(over) === 0
  return holds(passed, `it cost ${cost.amount} ${cost.currency}, at most ${max} are wanted`)
}

/** `tokens`: all that the model read and wrote. Broken where the server did not count. */
export function checkTokens({ max }: CheckOf<'tokens'>, { usage }: View): Finding {
  if (usage === undefined) return broken('the server did not say how many tokens were used')
  return holds(usage.totalTokens <= max, `it used ${usage.totalTokens} tokens, at most ${max} are wanted`)
}
