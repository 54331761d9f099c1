import type { ValidateFunction } from 'ajv'
import type { JSONPathQuery } from 'json-p3'
import type { CheckSpec } from '../domain/check.ts'
import type { Embed, Provider } from '../domain/ports.ts'
import type { FunctionRunner } from './check-function.ts'
import type { PythonRunner } from './check-python.ts'
import type { BoundedRegex } from './check-regex.ts'
import type { Spending } from './check-spending.ts'

/** A check of one type. */
export type CheckOf<T extends CheckSpec['type']> = Extract<CheckSpec, { readonly type: T }>

/** What checks are compiled to, each thing once. All throw `judge_failed` for what cannot be read. */
export interface Compiled {
  regex(pattern: string, flags: string): BoundedRegex
  schema(schema: Readonly<Record<string, unknown>> | boolean): ValidateFunction
  path(path: string): JSONPathQuery
}

/** What checks are made with. */
export interface CheckParts {
  readonly compiled: Compiled
  readonly models: Readonly<Record<string, Provider>>
  readonly embed: Readonly<Record<string, Embed>>
  readonly functions: FunctionRunner
  readonly python: PythonRunner
  /** Models of the plan for checks that name none. */
  readonly usual: { readonly judge?: string | undefined; readonly embeddings?: string | undefined }
  /** Model under test, where it is known before its answer. */
  readonly targetModel?: string | undefined
}

/** What belongs to the judging of one trial. */
export interface Judging {
  readonly parts: CheckParts
  readonly spending: Spending
  readonly signal: AbortSignal
}
