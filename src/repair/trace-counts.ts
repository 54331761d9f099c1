/** How many tests a trace says have run. */
export interface TraceCounts {
  /** Passed, failed or broke. */
  readonly executed: number
  readonly failed: number
  readonly skipped: number
}

interface Tally {
  executed: number
  failed: number
  skipped: number
}

const hint =
  /=== RUN|passed|failed|skipped|no tests|Tests|tests |Ran \d|OK|FAILED|pass |fail |cancelled |todo |---|test result/

/** The number in front of a word: `3 passed`. */
function before(line: string, ...words: readonly string[]): number {
  return words.reduce(
    (sum, word) => sum + Number(new RegExp(String.raw`(?<!\d)(\d{1,9}) ${word}\b`).exec(line)?.[1] ?? 0),
    0,
  )
}

/** The number behind a word: `skipped=1`, `Skipped: 1`. */
function behind(line: string, word: string): number {
  return Number(new RegExp(String.raw`\b${word}(?:=|: )(\d{1,9})`).exec(line)?.[1] ?? 0)
}

/** Words of a line as a tally; what is expected to fail, or only planned, has not proved anything and counts as skipped. */
const worded = (line: string): Tally => {
  const failed = before(line, 'failed', 'errors?')
  return {
    executed: before(line, 'passed', 'xpassed') + failed,
    failed,
    skipped: before(line, 'skipped', 'xfailed', 'todo', 'ignored', 'expected fail'),
  }
}

/**
 * Adds up what test frameworks say at their end: pytest, unittest, vitest, jest, node:test, go (with `-v`), Maven and cargo.
 * The last summary of each framework counts, which a program's own output before it cannot outdo. `undefined`: none was seen.
 */
export function countTests(lines: readonly string[]): TraceCounts | undefined {
  const last = new Map<string, Tally>()
  const go: Tally = { executed: 0, failed: 0, skipped: 0 }
  const node = { executed: 0, failed: 0, skipped: 0, cancelled: 0, todo: 0 }
  let ran = 0
  let isVerbose = false
  let isInformed = false
  for (const line of lines) {
    isInformed ||= line.startsWith('[INFO] ')
    if (line.length > 400 || !hint.test(line)) continue
    const words = wordedSummary(line)
    if (words !== undefined) last.set(words, worded(line))
    else if (/^Ran \d{1,9} tests? in /.test(line)) ran = before(` ${line.slice(4)}`, 'tests?')
    else if (/^(?:OK|FAILED|NO TESTS RAN)(?: \(|$)/.test(line)) last.set('unittest', unittest(line, ran))
    else if (/Tests run: \d/.test(line) && !line.includes('Time elapsed')) last.set('maven', maven(line))
    else if (line.startsWith('=== RUN')) isVerbose = true
    else if (/^\s*--- (?:PASS|FAIL|SKIP): /.test(line)) addGo(go, line)
    else if (/^(?:#|ℹ) (?:tests|pass|fail|cancelled|skipped|todo) \d{1,9}$/.test(line)) addNode(node, line, last)
  }
  // Quiet, Maven counts only where tests failed, and nothing could be compared with that.
  if (!isInformed) last.delete('maven')
  // Without `-v` go names failures only, which says nothing of how many ran.
  if (isVerbose) last.set('go', go)
  if (last.size === 0) return undefined
  const sum = (pick: (each: Tally) => number): number => [...last.values()].reduce((all, each) => all + pick(each), 0)
  return {
    executed: sum((each) => each.executed),
    failed: sum((each) => each.failed),
    skipped: sum((each) => each.skipped),
  }
}

/** The framework whose summary in words a line is. */
function wordedSummary(line: string): string | undefined {
  if (
    /\d (?:passed|failed|errors?|skipped|xfailed|xpassed|deselected|warnings?)\b.{0,200} in \d+(?:\.\d+)?s\b/.test(line)
  )
    return 'pytest'
  if (/^=+ no tests ran in |^no tests ran in /.test(line)) return 'pytest'
  if (/^ {2,12}Tests {2}\S/.test(line)) return 'vitest'
  if (/^Tests: {2,12}\d/.test(line)) return 'jest'
  if (/^test result: \w+\. \d/.test(line)) return 'cargo'
  return undefined
}

function unittest(line: string, ran: number): Tally {
  const skipped = behind(line, 'skipped') + behind(line, 'expected failures')
  return {
    executed: Math.max(0, ran - skipped),
    failed: behind(line, '(?<!expected )failures') + behind(line, 'errors'),
    skipped,
  }
}

function maven(line: string): Tally {
  const skipped = behind(line, 'Skipped')
  return {
    executed: Math.max(0, behind(line, 'Tests run') - skipped),
    failed: behind(line, 'Failures') + behind(line, 'Errors'),
    skipped,
  }
}

function addGo(tally: Tally, line: string): void {
  if (line.includes('--- SKIP: ')) tally.skipped++
  else tally.executed++
  if (line.includes('--- FAIL: ')) tally.failed++
}

/** Lines come one after the other: `tests`, …, `pass`, `fail`, `cancelled`, `skipped`, `todo`; the last one completes them. */
function addNode(tally: Tally & { cancelled: number; todo: number }, line: string, last: Map<string, Tally>): void {
  const [, word, digits] = line.split(' ')
  const count = Number(digits)
  if (word === 'tests') tally.executed = count
  else if (word === 'fail') tally.failed = count
  else if (word === 'cancelled') tally.cancelled = count
  else if (word === 'skipped') tally.skipped = count
  else if (word === 'todo') tally.todo = count
  if (word !== 'todo') return
  const skipped = tally.skipped + tally.todo
  last.set('node', { executed: Math.max(0, tally.executed - skipped), failed: tally.failed + tally.cancelled, skipped })
}
