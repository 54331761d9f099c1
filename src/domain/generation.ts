import type { ErrorCode } from './errors.ts'
import type { Prompt, Usage } from './ports.ts'
import type { Framework, Language } from './suite.ts'

/** One call of a model, as it is metered. */
export interface ModelCall {
  readonly provider: string
  readonly model: string
  readonly outcome: 'answered' | 'failed'
  readonly usage: Usage
  readonly durationMs: number
  /** Error code where the call failed. */
  readonly error?: ErrorCode | undefined
}

/** Something that a reader of a script should know about it. */
export interface ScriptFinding {
  readonly severity: 'error' | 'warning'
  readonly kind: string
  readonly message: string
  readonly line: number
  readonly test?: string | undefined
}

/** A test script taken from an answer or written offline. */
export interface Script {
  /** File name relative to the folder of the system under test, with forward slashes. */
  readonly name: string
  readonly code: string
  readonly language: Language
  readonly framework: Framework
  /** Names of the tests that a parser found in it. */
  readonly tests: readonly string[]
}

/** All that is known of the making of a script; written to the artifacts whole, so that it can be retraced. */
export interface Generation {
  readonly status: 'finished' | 'failed'
  readonly provider: string
  readonly prompt: Prompt
  readonly calls: readonly ModelCall[]
  /** The raw answer; for the offline generator, the script. */
  readonly answer: string
  readonly script?: Script | undefined
  /** How the script was found in the answer. */
  readonly how: string
  /** Each rule that changed the script. */
  readonly applied: readonly string[]
  readonly findings: readonly ScriptFinding[]
  readonly failure?: { readonly code: ErrorCode; readonly message: string } | undefined
}
