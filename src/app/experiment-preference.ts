import type { Observation } from '../domain/comparison.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { Task } from '../domain/task.ts'
import { succeeded } from '../domain/task.ts'
import type { TestResult } from '../domain/test-result.ts'
import { executeTasks } from '../engine/execute-tasks.ts'
import type { Note } from '../engine/recorded.ts'
import { createSpending } from '../experiment/check-spending.ts'
import { preferAnswers } from '../experiment/preference.ts'
import { eventsOf } from './earlier.ts'
import { resultsOf } from './experiment-record.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import type { Stage } from './experiment-stage.ts'

/** A verdict on two answers to the same case. */
interface PreferenceNote {
  readonly workflowId: string
  readonly caseId: string
  readonly repeat: number
  readonly baseline: string
  readonly variant: string
  readonly winner: 'a' | 'b' | 'tie' | 'undecided'
}

interface Pair {
  readonly manifest: number
  readonly baseline: TestResult
  readonly variant: TestResult
}

/** What judges of pairs work with. */
export interface PreferenceParts {
  readonly store: RunStore
  readonly run: StoredRun
  readonly stage: Stage
  readonly note: Note
  readonly signal: AbortSignal
}

/**
 * Has a judge pick the better of each variant's answer and the baseline's, in both orders. Verdicts go on record at once,
 * so that a run that is resumed asks for none twice. Gives what turns observations into ones with these verdicts, or
 * nothing where no plan asks for it.
 */
export async function judgePairs(
  parts: PreferenceParts,
): Promise<((observations: Observation[]) => readonly Observation[]) | undefined> {
  const { store, run, stage, note, signal } = parts
  const { manifests } = run.input as ExperimentRecord
  const [first] = manifests
  const wanted = first?.evaluation.preference
  if (first === undefined || wanted === undefined) return undefined
  const notes = await notesOf(store, run.id)
  const known = new Set(notes.map(keyOf))
  const pairs = (await pairsOf(parts, manifests)).filter((pair) => !known.has(keyOf(noteOf(pair, 'tie'))))
  const tasks = pairs.map((pair, index): Task<Pair> => ({ id: `preference-${index}`, payload: pair }))
  const name = wanted.model ?? first.evaluation.judge ?? ''
  const { concurrency, rateLimit, retry } = first.execution
  await executeTasks(
    tasks,
    async ({ payload: pair }, context) => {
      const spending = createSpending()
      const judge = { name, model: stage.model(pair.manifest, name), spending, signal: context.signal }
      const { baseline, variant } = pair
      const question = baseline.query ?? JSON.stringify(baseline.inputs)
      const made = await preferAnswers(judge, { rubric: wanted.rubric, question, a: baseline.text, b: variant.text })
      const verdict = noteOf(pair, made.winner)
      notes.push(verdict)
      note('preference', { text: `${verdict.winner} ${variant.id}`, ...verdict })
      return succeeded(verdict.winner, { tokens: spending.read().tokens })
    },
    { concurrency, rateLimit, retry },
    { signal },
  )
  return (observations) => withPreferences(observations, notes)
}

function noteOf({ baseline, variant }: Pair, winner: PreferenceNote['winner']): PreferenceNote {
  const { workflowId, caseId, repeat } = variant
  return { workflowId, caseId, repeat, baseline: baseline.variantId, variant: variant.variantId, winner }
}

function keyOf({ workflowId, caseId, repeat, variant }: PreferenceNote): string {
  return JSON.stringify([workflowId, caseId, repeat, variant])
}

async function notesOf(store: RunStore, runId: string): Promise<PreferenceNote[]> {
  const notes: PreferenceNote[] = []
  for await (const { kind, data } of eventsOf(store, runId))
    if (kind === 'preference') notes.push(data as PreferenceNote)
  return notes
}

/** Only answers can be compared; a trial without one has none. */
async function pairsOf({ store, run }: PreferenceParts, manifests: readonly ManifestHead[]): Promise<readonly Pair[]> {
  const trials = new Map<string, TestResult[]>()
  for await (const result of resultsOf(store, run)) {
    if (result.status !== 'succeeded' && result.status !== 'partial') continue
    const key = JSON.stringify([result.workflowId, result.caseId, result.repeat])
    trials.set(key, [...(trials.get(key) ?? []), result])
  }
  return [...trials.values()].flatMap((group) => {
    const order = manifests.filter(({ workflowId }) => workflowId === group[0]?.workflowId)
    const name = order[0]?.evaluation.baseline ?? order[0]?.variantId
    const baseline = group.find(({ variantId }) => variantId === name)
    if (baseline === undefined) return []
    return group
      .filter((result) => result !== baseline)
      .map((variant) => ({
        manifest: manifests.findIndex(
          ({ workflowId, variantId }) => workflowId === variant.workflowId && variantId === variant.variantId,
        ),
        baseline,
        variant,
      }))
  })
}

const shares: Readonly<Record<PreferenceNote['winner'], readonly [number, number] | undefined>> = {
  a: [1, 0],
  b: [0, 1],
  tie: [0.5, 0.5],
  undecided: undefined,
}

/** With two variants the metric is `preference`; with more there is one for each that was held against the baseline. */
function withPreferences(
  observations: readonly Observation[],
  notes: readonly PreferenceNote[],
): readonly Observation[] {
  const variants = new Set(notes.map(({ variant }) => variant))
  const metricOf = (variant: string): string => (variants.size > 1 ? `preference:${variant}` : 'preference')
  const added = new Map<string, Record<string, number>>()
  const add = (note: PreferenceNote, who: string, value: number): void => {
    const key = keyOf({ ...note, variant: who })
    added.set(key, { ...added.get(key), [metricOf(note.variant)]: value })
  }
  for (const note of notes) {
    const [ofBaseline, ofVariant] = shares[note.winner] ?? []
    if (ofBaseline === undefined || ofVariant === undefined) continue
    add(note, note.baseline, ofBaseline)
    add(note, note.variant, ofVariant)
  }
  return observations.map((observation) => {
    const { workflowId, caseId, repeat, variantId } = observation
    const values = added.get(JSON.stringify([workflowId, caseId, repeat, variantId]))
    return values === undefined ? observation : { ...observation, values: { ...observation.values, ...values } }
  })
}
