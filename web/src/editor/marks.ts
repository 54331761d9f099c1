import type { ProblemEntry } from '../../../src/client/types.ts'

/** A problem at a place of a text; line and column count from 1. */
export interface Mark {
  readonly line: number
  readonly column: number
  readonly length: number
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** Problems that have a place, as marks. */
export function marksOf(entries: readonly ProblemEntry[], severity: Mark['severity']): readonly Mark[] {
  return entries.flatMap(({ place, message, help }) =>
    place?.line === undefined
      ? []
      : {
          line: place.line,
          column: place.column ?? 1,
          length: place.length ?? 1,
          severity,
          message: help === undefined ? message : `${message}\n${help}`,
        },
  )
}
