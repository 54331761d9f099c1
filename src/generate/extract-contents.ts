import type { Framework, Language } from '../domain/suite.ts'

/** A test that the runner would collect. Lines count from 1. */
export interface FoundTest {
  /** `test_a`, `TestA::test_b` or `describe > test`. */
  readonly name: string
  readonly line: number
  readonly endLine: number
}

/** What a text that parses holds. */
export interface Contents {
  readonly tests: readonly FoundTest[]
  /** Names of functions, classes and variables at the top level. */
  readonly defined: readonly string[]
  /** Names bound by imports. */
  readonly imported: readonly string[]
  /** Modules that are imported, as written. */
  readonly modules: readonly string[]
}

/** What a script is written in and for. */
export interface ScriptKind {
  readonly language: Language
  readonly framework?: Framework | undefined
}
