import type { Case, Endpoint, Framework, Language, Priority, Target } from './suite.ts'

/** An endpoint with samples made from its schemas. */
export interface PlannedEndpoint extends Endpoint {
  /** A request body (or query) that satisfies the schema. */
  readonly sampleRequest: unknown
  /** A response body that satisfies the schema. */
  readonly sampleResponse: unknown
}

/** What a script has to hold: made from a suite by `planSuite`, the input of prompt and offline generator. */
export interface Plan {
  readonly name: string
  readonly feature: string
  readonly description: string
  readonly owner: string
  readonly priority: Priority
  readonly framework: Framework
  readonly language: Language
  readonly target: Target
  readonly endpoints: readonly PlannedEndpoint[]
  /** Cases by priority, then in the order of the suite. */
  readonly cases: readonly Case[]
  /** File name of the script, relative to the run's folder of scripts. */
  readonly scriptName: string
  readonly maxTestsPerEndpoint: number
  /** What was left out or could not be understood, for the person who planned. */
  readonly warnings: readonly string[]
}
