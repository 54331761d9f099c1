/** One attempt as the page shows it; texts are plain and capped. */
export interface AttemptView {
  readonly number: number
  readonly outcome: string
  readonly ms: number
  readonly phase?: string
  readonly type?: string
  readonly message?: string
  readonly trace?: string
  readonly place?: string
  readonly expected?: string
  readonly actual?: string
  readonly stdout?: string
  readonly stderr?: string
}

/** One test as the page shows it. Durations in milliseconds over all attempts. */
export interface TestView {
  readonly id: string
  readonly name: string
  readonly place: string
  readonly suite: readonly string[]
  readonly standing: 'failed' | 'flaky' | 'passed' | 'skipped' | 'not_run'
  readonly outcome: string
  readonly ms: number
  readonly caseId?: string
  readonly tags?: readonly string[]
  readonly skipReason?: string
  readonly rerun?: string
  readonly attempts: readonly AttemptView[]
}

/** Escapes text for HTML, in content and in quoted attributes. */
export function escapeHtml(text: string): string
/** Milliseconds as people read them: `12 ms`, `1.8 s`, `2 min 5 s`. */
export function formatMs(ms: number): string
/** The row of a test; with `body` its details are there too, otherwise the page adds them when the row is opened. */
export function renderTest(test: TestView, index: number, options: { body: boolean; open: boolean }): string
/** What stands inside an opened row. */
export function renderBody(test: TestView, index: number): string
/** A failure as text for a model. */
export function modelText(test: TestView): string
