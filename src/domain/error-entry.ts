/** What a failure is called, where it leads, and what mends it. The key is what code throws; the id is what people look up. */
export interface ErrorEntry {
  /** Stable id, printed in messages and looked up by `greenloop explain`. */
  readonly id: `GL${number}`
  /** Process exit code: 2 usage, 3 infrastructure, 4 nothing ran, 5 incomplete, 6 budget. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 130 | 143
  /** One line that says what this failure is. */
  readonly title: string
  /** A paragraph: the usual causes and what to do about each. */
  readonly explanation: string
}
