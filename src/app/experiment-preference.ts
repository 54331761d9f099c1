import type { PositionVerdicts } from '../domain/comparison.ts'
import type { ManifestHead } from '../domain/manifest.ts'
import type { RunStore, StoredRun } from '../domain/stored-run.ts'
import type { StopReason, Task } from '../domain/task.ts'
import { succeeded } from '../domain/task.ts'
import type { TestResult } from '../domain/test-result.ts'
import { executeTasks } from '../engine/execute-tasks.ts'
import type { Note } from '../engine/recorded.ts'
import { createSpending } from '../experiment/check-spending.ts'
import { preferAnswers } from '../experiment/preference.ts'
import { keyOfTrial } from '../experiment/preference-score.ts'
import type { PreferenceNote } from '../experiment/preference-score.ts'
import { eventsOf } from './earlier.ts'
import { resultsOf } from './experiment-record.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import type { Stage } from './experiment-stage.ts'

/** What a judge of pairs is shown of an answer. */
type Answer = Pick<TestResult, 'workflowId' | 'variantId' | 'caseId' | 'repeat' | 'text' | 'query' | 'inputs'>

interface Pair {
  readonly manifest: number
  readonly baseline: Answer
  readonly variant: Answer
}

/** What judges of pairs work with. */
export interface PreferenceParts {
  readonly store: RunStore
  readonly run: StoredRun
  readonly stage: Stage
  readonly note: Note
  readonly signal: AbortSignal
}

/** What judges of pairs said. */
export interface JudgedPairs {
  readonly notes: readonly PreferenceNote[]
  /** Why pairs are left that were not judged. */
  readonly stopped?: StopReason | undefined
}

/**
 * Has a judge pick the better of each variant's answer and the baseline's, in both orders. Verdicts go on record at once,
 * so that a run that is resumed asks for none twice. Gives all verdicts of the run, none where no plan asks for them, and
 * why it stopped where it was asked to.
 */
export async function judgePairs(parts: PreferenceParts): Promise<JudgedPairs> {
  const { store, run, stage, note, signal } = parts
  const { manifests } = run.input as ExperimentRecord
  const [first] = manifests
  const wanted = first?.evaluation.preference
  if (first === undefined || wanted === undefined) return { notes: [] }
  const notes = [...(await recordedPreferences(store, run))]
  const known = new Set(notes.map(keyOf))
  const pairs = (await pairsOf(parts, manifests)).filter((pair) => !known.has(keyOf(aboutPair(pair))))
  const tasks = pairs.map((pair, index): Task<Pair> => ({ id: `preference-${index}`, payload: pair }))
  const name = wanted.model ?? first.evaluation.judge ?? ''
  const { concurrency, rateLimit, retry } = first.execution
  const keep = (verdict: PreferenceNote): void => {
    notes.push(verdict)
    note('preference', { text: `${verdict.winner} ${verdict.caseId}`, ...verdict })
  }
  await executeTasks(
    tasks,
    async ({ payload: pair }, context) => {
      const spending = createSpending()
      const judge = { name, model: stage.model(pair.manifest, name), spending, signal: context.signal }
      const { baseline, variant } = pair
      const question = baseline.query ?? JSON.stringify(baseline.inputs)
      const made = await preferAnswers(judge, { rubric: wanted.rubric, question, a: baseline.text, b: variant.text })
      const { winner, verdicts } = made
      const found = winner === 'undecided' ? { fault: made.fault } : { positions: positionsOf(made) }
      keep({ ...aboutPair(pair), winner, ...found, verdicts })
      return succeeded(winner, { tokens: spending.read().tokens })
    },
    { concurrency, rateLimit, retry },
    {
      signal,
      // A judge that cannot be reached says nothing about the answers, and must not go unseen.
      onResult: ({ task, state, error }) => {
        if (state === 'succeeded' || state === 'cancelled') return
        keep({
          ...aboutPair(task.payload),
          winner: 'undecided',
          fault: error?.message ?? `the judge ended as ${state}`,
        })
      },
    },
  )
  const open = pairs.length + known.size - notes.length
  if (!signal.aborted || open <= 0) return { notes }
  return { notes, stopped: { kind: 'cancelled', message: `interrupted with ${open} pairs of answers not judged yet` } }
}

function positionsOf({ straight, swapped }: PositionVerdicts): PositionVerdicts {
  return { straight, swapped }
}

function aboutPair({ baseline, variant }: Pair): Omit<PreferenceNote, 'winner'> {
  const { workflowId, caseId, repeat } = variant
  return { workflowId, caseId, repeat, baseline: baseline.variantId, variant: variant.variantId }
}

function keyOf({ variant, ...trial }: Pick<PreferenceNote, 'workflowId' | 'caseId' | 'repeat' | 'variant'>): string {
  return keyOfTrial({ ...trial, variantId: variant })
}

/** What judges of pairs said, as the record of a run holds it. */
export async function recordedPreferences(store: RunStore, run: StoredRun): Promise<readonly PreferenceNote[]> {
  const { manifests } = run.input as ExperimentRecord
  // Events are many, and of no use where nobody asked for a preference.
  if (manifests.every(({ evaluation }) => evaluation.preference === undefined)) return []
  const notes: PreferenceNote[] = []
  for await (const { kind, data } of eventsOf(store, run.id))
    if (kind === 'preference') notes.push(data as PreferenceNote)
  return notes
}

/** Only answers can be compared; a trial without one has none. */
async function pairsOf({ store, run }: PreferenceParts, manifests: readonly ManifestHead[]): Promise<readonly Pair[]> {
  const trials = new Map<string, Answer[]>()
  for await (const result of resultsOf(store, run)) {
    if (result.status !== 'succeeded' && result.status !== 'partial') continue
    const key = JSON.stringify([result.workflowId, result.caseId, result.repeat])
    trials.set(key, [...(trials.get(key) ?? []), answerOf(result)])
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

/** Of a conversation all turns, of a workflow without a text its outputs. */
function answerOf(result: TestResult): Answer {
  const { workflowId, variantId, caseId, repeat, query, inputs, outputs, turns = [] } = result
  const said = result.text === '' ? JSON.stringify(outputs) : result.text
  const text =
    turns.length > 1 ? turns.map((turn) => `User: ${turn.query}\n\nAssistant: ${turn.text}`).join('\n\n') : said
  return { workflowId, variantId, caseId, repeat, text, query, inputs }
}
