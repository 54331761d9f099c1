import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ManifestHead, RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { RunStore, StoredAttempt, StoredRun } from '../domain/stored-run.ts'
import type { Task, TaskResult } from '../domain/task.ts'
import type { TestResult, TrialOutput } from '../domain/test-result.ts'
import { trialTasks } from '../experiment/order.ts'
import { toTestResult } from '../experiment/results.ts'
import { userOf } from '../experiment/trial.ts'
import type { TrialNote, TrialProgress } from '../experiment/trial.ts'
import { temporaryBeside } from '../lib/files.ts'
import { sha256 } from '../lib/hash.ts'
import { eventsOf } from './earlier.ts'

/** What stands in the store of an experiment: everything but the cases, which are in its tasks, and no secret. */
export interface ExperimentRecord {
  readonly title: string
  readonly manifests: readonly ManifestHead[]
  readonly casesByWorkflow: Readonly<Record<string, number>>
  readonly seed: number
}

/** The record of manifests. */
export function recordOf(manifests: readonly RunManifest[]): ExperimentRecord {
  const heads = manifests.map(({ cases: _inTasks, ...head }): ManifestHead => head)
  const counts = manifests.map(({ workflowId, cases }) => [workflowId, cases.length] as const)
  const [first] = manifests
  return {
    title: first?.experiment ?? 'experiment',
    manifests: heads,
    casesByWorkflow: Object.fromEntries(counts),
    seed: first?.seed ?? 1,
  }
}

/** Trials as they are stored. The handler sees to their limit of time, which is not that of judging. */
export function* storedTrials(manifests: readonly RunManifest[]): Generator<Task<TrialSpec>> {
  for (const { timeoutMs: _own, ...task } of trialTasks(manifests)) yield task
}

const pageSize = 200

/** All results of an experiment, in the order of its trials. */
export async function* resultsOf(store: RunStore, run: StoredRun): AsyncGenerator<TestResult> {
  const { manifests } = run.input as ExperimentRecord
  for (let afterSeq = -1; ;) {
    const page = await store.results(run.id, { afterSeq, limit: pageSize })
    for (const result of page) yield toTestResult(result as TaskResult<TrialOutput, TrialSpec>, manifests)
    const last = page.at(-1)
    if (last === undefined) return
    afterSeq = last.seq
  }
}

/** How far the trials had come that an earlier process has begun, by the id of their task. */
export async function progressOf(store: RunStore, runId: string): Promise<Map<string, TrialProgress>> {
  const progress = new Map<string, TrialProgress>()
  const open = await openAttempts(store, runId)
  for (const [id, [{ number, startedAt }]] of open) {
    progress.set(id, { user: userOf(runId, id, number), replies: [], begun: { ids: {}, startedAt } })
  }
  if (open.size === 0) return progress
  for await (const { kind, data } of eventsOf(store, runId)) {
    if (kind !== 'call' && kind !== 'turn') continue
    const note = data as TrialNote
    const known = progress.get(note.task)
    // What an attempt that is over had noted was of use to that attempt alone.
    if (known !== undefined && open.get(note.task)?.some(({ number }) => number === note.attempt) === true)
      progress.set(note.task, remembered(known, note))
  }
  return progress
}

type OpenAttempts = readonly [StoredAttempt, ...StoredAttempt[]]

/**
 * The attempts behind the last one that ended. Where there are several, each went on looking for the call of the first: a
 * process that ends while it does so leaves it to be looked for still.
 */
async function openAttempts(store: RunStore, runId: string): Promise<Map<string, OpenAttempts>> {
  const open = new Map<string, OpenAttempts>()
  for (let afterSeq = -1; ;) {
    const page = await store.unfinished(runId, afterSeq, pageSize)
    for (const { id, attempts } of page) {
      const [first, ...others] = attempts.slice(attempts.findLastIndex(({ state }) => state !== undefined) + 1)
      if (first !== undefined) open.set(id, [first, ...others])
    }
    const last = page.at(-1)
    if (last === undefined) return open
    afterSeq = last.seq
  }
}

function remembered({ begun, replies }: TrialProgress, note: TrialNote): TrialProgress {
  const { user } = note
  // The next turn follows at once.
  const told = note.replies ?? (note.reply === undefined ? undefined : [...replies, note.reply])
  if (told !== undefined) return { user, replies: told, begun: { ids: {}, startedAt: note.startedAt } }
  // What is looked for began when it was sent, not when it was looked for.
  const startedAt = Math.min(begun?.startedAt ?? note.startedAt, note.startedAt)
  return { user, replies, begun: { ids: { ...begun?.ids, ...note.ids }, startedAt } }
}

/** Texts up to this size stay in the record, in bytes. */
const inlineBytes = 65_536
const excerptLength = 2000

/**
 * Moves what is large in an answer into files of its own, named by their content, and leaves an excerpt. The files lie
 * in `blobs` of the folder of the run. Where they cannot be written, the answer, which was paid for, stays as it is, and
 * `onFailure` is told.
 */
export async function keepLarge(
  output: TrialOutput,
  folder: string,
  onFailure: (text: string) => void,
): Promise<TrialOutput> {
  const parts = { text: output.text, outputs: output.outputs, nodes: output.nodes, turns: output.turns }
  const large = Object.entries(parts).flatMap(([name, value]) => {
    const text = name === 'text' ? output.text : JSON.stringify(value ?? null)
    return text.length <= inlineBytes / 4 || Buffer.byteLength(text) <= inlineBytes ? [] : [{ name, text }]
  })
  if (large.length === 0) return output
  const blobs: Record<string, { sha256: string; bytes: number }> = {}
  for (const { name, text } of large) {
    const hash = sha256(text)
    try {
      await writeBlob(join(folder, 'blobs'), hash, text)
    } catch (error) {
      onFailure(`an answer is kept in the record, for it cannot be in ${folder}: ${(error as Error).message}`)
      return output
    }
    blobs[name] = { sha256: hash, bytes: Buffer.byteLength(text) }
  }
  const isLarge = (name: string): boolean => Object.hasOwn(blobs, name)
  return {
    ...output,
    text: isLarge('text') ? `${output.text.slice(0, excerptLength)}…` : output.text,
    outputs: isLarge('outputs') ? null : output.outputs,
    nodes: isLarge('nodes') ? output.nodes.map(({ inputs: _in, outputs: _out, ...node }) => node) : output.nodes,
    turns: isLarge('turns')
      ? output.turns?.map((turn) => ({ ...turn, text: turn.text.slice(0, excerptLength), outputs: null, nodes: [] }))
      : output.turns,
    blobs,
  }
}

/** The file is there whole or not at all; the same content is written once. */
async function writeBlob(folder: string, hash: string, text: string): Promise<void> {
  const path = join(folder, hash)
  if (existsSync(path)) return
  const temporary = temporaryBeside(path)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
