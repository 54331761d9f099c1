/** What one look at one view gave. */
export type Finding =
  | {
      readonly kind: 'judged'
      /** From 0 to 1. */
      readonly score: number
      readonly passed: boolean
      /** What was found, in a sentence without its end. */
      readonly reason: string
      /** Whether the reason is worth showing where the check passed as well. */
      readonly telling: boolean
      readonly details?: Details | undefined
    }
  /** There was nothing to look at: that is a failure, also for a check that is turned round. */
  | { readonly kind: 'absent'; readonly reason: string }
  /** The check itself broke down, which says nothing about the answer. */
  | { readonly kind: 'broken'; readonly error: string; readonly details?: Details | undefined }

type Details = Readonly<Record<string, unknown>>

/** The finding of an assertion: it holds or not. `reason` says what was found. */
export function holds(passed: boolean, reason: string): Finding {
  return { kind: 'judged', score: passed ? 1 : 0, passed, reason, telling: false }
}

/** The finding of a scorer whose score counts from a threshold on. */
export function graded(score: number, threshold: number, reason: string): Finding {
  return { kind: 'judged', score, passed: score >= threshold, reason, telling: false }
}

/** The finding where there is nothing to look at. */
export function absent(reason: string): Finding {
  return { kind: 'absent', reason }
}

/** The finding of a check that could not be made. */
export function broken(error: string, details?: Details): Finding {
  return { kind: 'broken', error, details }
}

/** The beginning of a value as it can stand in a sentence. */
export function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing')
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text
}

const longestShown = 120
