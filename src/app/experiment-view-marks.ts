import type { Scalar } from '../domain/case.ts'
import type { ManifestHead, TrialSpec } from '../domain/manifest.ts'
import type { StoredResult } from '../domain/stored-run.ts'
import type { TaskResult } from '../domain/task.ts'
import type { TestResult, TrialOutput } from '../domain/test-result.ts'
import { observationsOf } from '../experiment/observations.ts'
import { toTestResult } from '../experiment/results.ts'
import { capHead, plainText } from '../lib/plain-text.ts'

/** What is kept in memory of a trial. */
export interface TrialMark {
  readonly seq: number
  /** Index of the manifest, which is the column. */
  readonly manifest: number
  readonly repeat: number
  /** `errored` has no verdict: broken off, refused, not begun. */
  readonly outcome: 'passed' | 'failed' | 'errored' | 'pending'
  /** From 0 to 1. */
  readonly score?: number | undefined
  readonly latencyMs?: number | undefined
  readonly tokens?: number | undefined
  readonly costUsd?: number | undefined
  /** Beginning of the answer. */
  readonly excerpt?: string | undefined
  /** Why there is no pass. */
  readonly why?: string | undefined
}

/** A case of a workflow with its trials. */
export interface CaseMark {
  readonly workflowId: string
  readonly caseId: string
  readonly name: string
  readonly parameters: Readonly<Record<string, Scalar>>
  /** By their number in the run. */
  readonly trials: Map<number, TrialMark>
}

const excerptLength = 200

/** A trial that has no result yet. */
export function openMark(seq: number, { manifest, repeat }: TrialSpec): TrialMark {
  return { seq, manifest, repeat, outcome: 'pending' }
}

/** A trial as the statistics count it; `withText` keeps the beginning of its answer. */
export function endedMark(stored: StoredResult, heads: readonly ManifestHead[], withText: boolean): TrialMark {
  const result = toTestResult(stored as TaskResult<TrialOutput, TrialSpec>, heads)
  const { manifest, repeat } = (stored.task as { readonly payload: TrialSpec }).payload
  const [seen] = observationsOf([result])
  const { pass_rate: passed, score, latency, tokens, 'cost:USD': costUsd } = seen?.values ?? {}
  const outcome = passed === undefined ? 'errored' : passed === 1 ? 'passed' : 'failed'
  return {
    seq: stored.seq,
    manifest,
    repeat,
    outcome,
    score,
    latencyMs: latency,
    tokens,
    costUsd,
    excerpt: withText ? excerptOf(answerOf(result)) : undefined,
    why: withText && outcome !== 'passed' ? excerptOf(whyOf(result)) : undefined,
  }
}

function answerOf({ text, outputs, turns }: TestResult): string {
  const last = turns?.at(-1)?.text
  if (last !== undefined && last !== '') return last
  if (text !== '') return text
  return outputs === null || outputs === undefined ? '' : JSON.stringify(outputs)
}

/** The first check that was not passed, or what went wrong. */
function whyOf({ scores, error, status }: TestResult): string {
  if (error !== undefined) return error.message
  const check =
    scores.find(({ passed, weight }) => passed === false && weight > 0) ?? scores.find((each) => !each.passed)
  if (check === undefined) return status.replaceAll('_', ' ')
  const reason = check.error ?? check.reason ?? ''
  return reason === '' ? check.name : `${check.name}: ${reason}`
}

/** One line of plain text that holds on to nothing of the text it is from. */
function excerptOf(text: string): string | undefined {
  const start = text.slice(0, excerptLength * 4)
  const line = capHead(plainText(start).replaceAll(/\s+/gu, ' ').trim(), excerptLength)
  return line === '' ? undefined : Buffer.from(line).toString()
}
