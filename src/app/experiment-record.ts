import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GreenloopError } from '../domain/errors.ts'
import type { ManifestHead, RunManifest, TrialSpec } from '../domain/manifest.ts'
import type { RunStore, StoredAttempt, StoredRun } from '../domain/stored-run.ts'
import type { Task, TaskResult } from '../domain/task.ts'
import type { TestResult, TrialOutput } from '../domain/test-result.ts'
import { trialTasks } from '../experiment/order.ts'
import { toTestResult } from '../experiment/results.ts'
import { userOf } from '../experiment/trial.ts'
import type { TrialNote, TrialProgress } from '../experiment/trial.ts'
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
  for (const [id, { number, startedAt }] of open) {
    progress.set(id, { user: userOf(runId, id, number), replies: [], begun: { ids: {}, startedAt } })
  }
  if (open.size === 0) return progress
  for await (const { kind, data } of eventsOf(store, runId)) {
    if (kind !== 'call' && kind !== 'turn') continue
    const note = data as TrialNote
    const known = progress.get(note.task)
    // What an attempt that is over had noted was of use to that attempt alone.
    if (known !== undefined && open.get(note.task)?.number === note.attempt)
      progress.set(note.task, remembered(known, note))
  }
  return progress
}

async function openAttempts(store: RunStore, runId: string): Promise<Map<string, StoredAttempt>> {
  const open = new Map<string, StoredAttempt>()
  for (let afterSeq = -1; ;) {
    const page = await store.unfinished(runId, afterSeq, pageSize)
    for (const { id, attempts } of page) {
      const last = attempts.findLast(({ state }) => state === undefined)
      if (last !== undefined) open.set(id, last)
    }
    const last = page.at(-1)
    if (last === undefined) return open
    afterSeq = last.seq
  }
}

function remembered({ begun, replies }: TrialProgress, note: TrialNote): TrialProgress {
  const { user, startedAt } = note
  if (note.replies !== undefined) return { user, replies: note.replies }
  return { user, replies, begun: { ids: { ...begun?.ids, ...note.ids }, startedAt } }
}

/** Texts up to this size stay in the record, in bytes. */
const inlineBytes = 65_536
const excerptLength = 2000

/**
 * Moves what is large in an answer into files of its own, named by their content, and leaves an excerpt. The files lie
 * in `blobs` of the folder of the run.
 */
export async function keepLarge(output: TrialOutput, folder: string): Promise<TrialOutput> {
  const parts = { text: output.text, outputs: output.outputs, nodes: output.nodes, turns: output.turns }
  const large = Object.entries(parts).flatMap(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null)
    return text.length <= inlineBytes / 4 || Buffer.byteLength(text) <= inlineBytes ? [] : [{ name, text }]
  })
  if (large.length === 0) return output
  const blobs: Record<string, { sha256: string; bytes: number }> = {}
  for (const { name, text } of large) {
    const hash = sha256(text)
    await writeBlob(join(folder, 'blobs'), hash, text)
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

async function writeBlob(folder: string, hash: string, text: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, hash), text, { flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new GreenloopError('artifact_failed', `an answer cannot be kept in ${folder}: ${(cause as Error).message}`, {
      cause,
      help: 'make room, or choose another folder with --artifacts',
    })
  }
}
