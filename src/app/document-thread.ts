import type { PlanPreview, SuiteCheck } from '../domain/api-files.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { DocumentLook } from './document-look.ts'
import type { Flags } from './surroundings.ts'
import { createThreads } from './threads.ts'

/** A text that is looked at on another thread; `name` is what messages call it. */
export type DocumentTask =
  | { readonly kind: 'look' | 'check'; readonly text: string; readonly name: string }
  | PreviewTask

/** A suite whose plan and prompt are wanted. */
export interface PreviewTask {
  readonly kind: 'preview'
  readonly text: string
  readonly name: string
  /** Folder that the suite's `root` counts from. */
  readonly base: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: Flags
}

/** A text of ten megabytes takes a tenth of this. */
const readMs = 2000
const previewMs = 10_000

const threads = createThreads<DocumentTask, unknown>({
  module: new URL('document-worker', import.meta.url),
  most: 2,
  waitMs: 10_000,
  heapMb: 512,
  late: (what, ms) =>
    new GreenloopError('file_too_large', `the text is too large or too tangled to be read`, {
      why: what === 'time' ? `it took longer than ${ms / 1000} s` : 'it took more than 512 MiB of memory',
      help: 'split the suite',
    }),
})

/** What a text seems to be. Throws `file_too_large` for one that cannot be read in 2 s. */
export async function lookAtText(text: string, name: string): Promise<DocumentLook> {
  return (await threads.run({ kind: 'look', text, name }, { ms: readMs })) as DocumentLook
}

/** What is wrong with the text of a suite. Throws `file_too_large` for one that cannot be read in 2 s. */
export async function checkText(text: string, name: string): Promise<SuiteCheck> {
  return (await threads.run({ kind: 'check', text, name }, { ms: readMs })) as SuiteCheck
}

/** Plan and prompt of a suite. Throws what is wrong with it, and `file_too_large` where it takes longer than 10 s. */
export async function previewText(task: Omit<PreviewTask, 'kind'>): Promise<PlanPreview> {
  return (await threads.run({ kind: 'preview', ...task }, { ms: previewMs })) as PlanPreview
}
