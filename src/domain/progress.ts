import type { Outcome, RunProblem, RunVerdict } from './run.ts'

/** What a person or a page watching an execution is told, in the order it happens. */
export type Progress =
  | {
      readonly kind: 'started'
      readonly process: number
      readonly purpose: 'run' | 'remainder' | 'retry' | 'collect'
      /** Tests this process was started for; absent where it has yet to find them. */
      readonly tests?: number | undefined
    }
  /** Tests found so far over all processes. */
  | { readonly kind: 'collected'; readonly total: number }
  | { readonly kind: 'running'; readonly id: string; readonly process: number }
  /** An attempt ended. */
  | {
      readonly kind: 'test'
      readonly id: string
      readonly outcome: Outcome
      readonly attempt: number
      readonly durationMs: number
      /** Tests with at least one attempt, and tests found. */
      readonly done: number
      readonly total: number
      readonly message?: string | undefined
    }
  /** A test gets another attempt. */
  | { readonly kind: 'retry'; readonly id: string; readonly attempt: number }
  /** A process was ended by us; `id` is the test that ran in it. */
  | { readonly kind: 'killed'; readonly process: number; readonly reason: string; readonly id?: string | undefined }
  | { readonly kind: 'note'; readonly problem: RunProblem }
  | { readonly kind: 'finished'; readonly verdict: RunVerdict }

/** Receives progress; must not throw. */
export type OnProgress = (progress: Progress) => void
