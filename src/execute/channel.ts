import type { TestEvent } from '../domain/ports.ts'

type Check = (value: unknown) => boolean

// Written by hand, because thousands of events pass here and a schema library would be most of the cost of the loop.
const isText: Check = (value) => typeof value === 'string'
const isId: Check = (value) => typeof value === 'string' && value.length > 0 && value.length <= 16_384
const isAmount: Check = (value) => typeof value === 'number' && value >= 0 && value < Infinity
const isWhole: Check = (value) => Number.isSafeInteger(value)
const isTextList = listOf(isText)
const isTextMap = mapOf(isText)
const isOutcome = oneOf('passed', 'failed', 'errored', 'skipped', 'timed_out', 'crashed', 'cancelled')
const isPhase = oneOf('collection', 'setup', 'call', 'teardown')

const isFailure = shape({
  phase: isPhase,
  type: isText,
  message: isText,
  trace: isText,
  file: maybe(isText),
  line: maybe(isAmount),
  expected: maybe(isText),
  actual: maybe(isText),
})

const isCollected = shape({
  id: isId,
  name: isText,
  file: isText,
  line: maybe(isAmount),
  suite: isTextList,
  tags: isTextList,
  caseId: maybe(isText),
  labels: isTextMap,
})

const isFigure = shape({
  name: isText,
  testId: isText,
  unit: oneOf('s'),
  rounds: isAmount,
  min: isAmount,
  max: isAmount,
  mean: isAmount,
  median: isAmount,
  p95: isAmount,
  stddev: isAmount,
})

const isBranch: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(isAmount)
const isCovered = shape({
  file: isText,
  lines: mapOf(isAmount),
  branches: mapOf(isBranch),
  targets: maybe(mapOf(listOf(isWhole))),
})
const ending = {
  id: isId,
  outcome: isOutcome,
  durationMs: isAmount,
  failure: maybe(isFailure),
  skipReason: maybe(isText),
}

const checks: Readonly<Record<TestEvent['event'], Check>> = {
  session_start: shape({ version: isText, interpreter: isText, plugins: isTextMap }),
  files: shape({ files: isTextList }),
  file_done: shape({ file: isText }),
  collected: shape({ tests: listOf(isCollected) }),
  deselected: shape({ count: isAmount }),
  collect_error: shape({ file: isText, failure: isFailure }),
  suite_error: shape({ file: isText, failure: isFailure }),
  test_start: shape({ id: isId, at: isAmount }),
  phase: shape({ ...ending, phase: isPhase }),
  test_finish: shape({ ...ending, stdout: maybe(isText), stderr: maybe(isText) }),
  benchmark: shape({ figure: isFigure }),
  coverage: shape({ files: listOf(isCovered) }),
  internal_error: shape({ message: isText }),
  note: shape({ message: isText }),
  session_end: shape({ exitCode: isWhole }),
}

/** Reads one line of the channel; `undefined` for what is no event, for a test can write to the descriptor as well. */
export function parseEvent(line: string): TestEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  return isEvent(value) ? value : undefined
}

function isEvent(value: unknown): value is TestEvent {
  if (!isRecord(value) || typeof value['event'] !== 'string' || !Object.hasOwn(checks, value['event'])) return false
  return checks[value['event'] as TestEvent['event']](value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shape(fields: Readonly<Record<string, Check>>): Check {
  const entries = Object.entries(fields)
  return (value) => isRecord(value) && entries.every(([key, check]) => check(value[key]))
}

function maybe(check: Check): Check {
  return (value) => value === undefined || check(value)
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check)
}

function mapOf(check: Check): Check {
  return (value) => isRecord(value) && Object.values(value).every(check)
}

function oneOf(...words: readonly string[]): Check {
  const known = new Set<unknown>(words)
  return (value) => known.has(value)
}
