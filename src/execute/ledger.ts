import type { Attempt, CollectedTest, TestResult } from '../domain/run.ts'
import { judge } from '../domain/verdict.ts'

/** An attempt before it is numbered. */
export type NewAttempt = Omit<Attempt, 'number'>

/** The book of a run: every collected test once, with every attempt once. */
export interface Ledger {
  /** Enters a test for a process; false where another process has it already. */
  claim(test: CollectedTest, process: number): boolean
  has(id: string): boolean
  attemptsOf(id: string): readonly Attempt[]
  fileOf(id: string): string
  /** Adds an attempt to a test that was claimed. */
  record(id: string, attempt: NewAttempt): Attempt
  /** Puts a worse attempt in the place of the last one. */
  overwrite(id: string, attempt: NewAttempt): Attempt
  /** Number of tests, and of those with an attempt. */
  total(): number
  done(): number
  /** All tests in the order of the processes that claimed them, judged. */
  results(): readonly TestResult[]
}

/** Told of what is entered, so that it can be kept elsewhere as well. */
export interface RunBook {
  found(test: CollectedTest): void
  attempted(test: CollectedTest, attempt: Attempt): void
}

/** What is known of a run that was broken off: all its tests in their order, and the attempts that had ended. */
export interface Earlier {
  readonly tests: readonly CollectedTest[]
  readonly attempts: ReadonlyMap<string, readonly Attempt[]>
}

interface Entry {
  readonly test: CollectedTest
  readonly process: number
  readonly attempts: Attempt[]
}

/** Opens a book: empty, or with what an earlier part of the run had entered. */
export function createLedger(book?: RunBook, earlier?: Earlier): Ledger {
  const entries = new Map<string, Entry>()
  let done = 0
  for (const test of earlier?.tests ?? []) {
    const attempts = [...(earlier?.attempts.get(test.id) ?? [])]
    if (attempts.length > 0) done++
    entries.set(test.id, { test, process: 0, attempts })
  }
  const attemptsOf = (id: string): Attempt[] => entries.get(id)?.attempts ?? []
  return {
    claim: (test, process) => {
      const owner = entries.get(test.id)
      if (owner !== undefined) return owner.process === process
      entries.set(test.id, { test, process, attempts: [] })
      book?.found(test)
      return true
    },
    has: (id) => entries.has(id),
    attemptsOf,
    fileOf: (id) => entries.get(id)?.test.file ?? '',
    record: (id, attempt) => {
      const entry = entries.get(id)
      const attempts = entry?.attempts ?? []
      if (attempts.length === 0) done++
      const numbered = { ...attempt, number: attempts.length + 1 }
      attempts.push(numbered)
      if (entry !== undefined) book?.attempted(entry.test, numbered)
      return numbered
    },
    overwrite: (id, attempt) => {
      const attempts = attemptsOf(id)
      const numbered = { ...attempt, number: attempts.length }
      attempts.splice(-1, 1, numbered)
      return numbered
    },
    total: () => entries.size,
    done: () => done,
    results: () =>
      [...entries.values()].sort((a, b) => a.process - b.process).map(({ test, attempts }) => resultOf(test, attempts)),
  }
}

function resultOf(test: CollectedTest, attempts: readonly Attempt[]): TestResult {
  return { ...test, attempts, verdict: judge(attempts), outcome: attempts.at(-1)?.outcome ?? 'cancelled' }
}
