import type { ManifestHead } from '../domain/manifest.ts'
import type { Score } from '../domain/check.ts'
import type { TestResult } from '../domain/test-result.ts'
import type { ReportFacts } from './report-facts.ts'
import { safeJson } from './report-clean.ts'
import type { GrowingFile } from './report-file.ts'
import { metricsOf, outcomeOf } from './report-outcome.ts'

/** Sums that promptfoo shows above a column. */
interface Sums {
  score: number
  testPassCount: number
  testFailCount: number
  testErrorCount: number
  assertPassCount: number
  assertFailCount: number
  totalLatencyMs: number
  cost: number
  readonly tokenUsage: { prompt: number; completion: number; cached: number; total: number; numRequests: number }
}

// `failureReason` in promptfoo's own numbers.
const reasons = { passed: 0, unchecked: 0, failed: 1, missing: 2, cancelled: 2 } as const

/**
 * Writes `promptfoo.json`: promptfoo's results, version 3, as `promptfoo import` and its viewer read them. Each workflow
 * and variant is a prompt with the workflow as its provider; each case and repeat is a test.
 */
export function createPromptfoo(file: GrowingFile, facts: ReportFacts) {
  const columns = new Map(facts.manifests.map((head, index) => [keyOf(head), { head, index, sums: noSums() }]))
  const tests = new Map<string, number>()
  const timestamp = new Date(facts.startedAt).toISOString()
  let isFirst = true
  file.write(
    `{"evalId":${safeJson(`greenloop-${facts.runId}`)},"results":{"version":3,"timestamp":"${timestamp}","results":[`,
  )
  return {
    add: (result: TestResult): void => {
      const column = columns.get(keyOf(result))
      if (column === undefined) return
      const test = JSON.stringify([result.workflowId, result.caseId, result.repeat])
      const testIdx = tests.get(test) ?? tests.size
      tests.set(test, testIdx)
      addTo(column.sums, result)
      file.write(`${isFirst ? '\n' : ',\n'}${safeJson(rowOf(result, column, testIdx))}`)
      isFirst = false
    },
    end: (): void => {
      const all = [...columns.values()]
      const prompts = all.map(({ head, sums }) => ({ ...promptOf(head), provider: head.workflowId, metrics: sums }))
      const config = { description: facts.title, prompts: prompts.map(({ label }) => label), providers: [], tests: [] }
      const metadata = { evaluationCreatedAt: timestamp, producer: `greenloop ${facts.toolVersion}` }
      file.write(`\n],"prompts":${safeJson(prompts)},"stats":${safeJson(statsOf(all.map(({ sums }) => sums)))}},`)
      file.write(`"config":${safeJson(config)},"shareableUrl":null,"metadata":${safeJson(metadata)}}\n`)
    },
  }
}

const keyOf = ({ workflowId, variantId }: Pick<ManifestHead, 'workflowId' | 'variantId'>) =>
  JSON.stringify([workflowId, variantId])

function promptOf({ id, variant }: ManifestHead) {
  return { id, raw: variant.prompt ?? variant.description ?? id, label: id }
}

function rowOf(
  result: TestResult,
  { head, index }: { readonly head: ManifestHead; readonly index: number },
  testIdx: number,
) {
  const outcome = outcomeOf(result)
  const vars = { ...result.inputs, ...(result.query === undefined ? {} : { query: result.query }) }
  const usage = usageOf(result)
  const success = outcome === 'passed' || outcome === 'unchecked'
  const output = result.text === '' ? result.outputs : result.text
  const cost = result.cost === undefined ? {} : { cost: Number(result.cost.amount) }
  return {
    id: result.id,
    promptIdx: index,
    testIdx,
    testCase: { description: result.caseName, vars, assert: result.scores.map(assertionOf), metadata: result.metadata },
    promptId: head.id,
    provider: { id: head.workflowId, label: head.workflowId },
    prompt: promptOf(head),
    vars,
    response: { output, tokenUsage: usage, ...cost },
    ...(result.error === undefined ? {} : { error: result.error.message }),
    failureReason: reasons[outcome],
    success,
    score: result.score ?? (success ? 1 : 0),
    latencyMs: Math.round(result.latencyMs ?? 0),
    gradingResult: gradingOf(result, success),
    namedScores: metricsOf(result),
    ...cost,
    tokenUsage: usage,
    metadata: { repeat: result.repeat, case_id: result.caseId, dataset: result.dataset, status: result.status },
  }
}

function gradingOf(result: TestResult, success: boolean) {
  if (result.scores.length === 0) return null
  // A check of weight 0 only informs: a trial does not fail by it.
  const failed = result.scores.find(({ passed, weight }) => passed === false && weight > 0)
  const reason =
    success || failed === undefined ? 'All checks passed' : (failed.reason ?? `${failed.name} did not pass`)
  const componentResults = result.scores.map((score) => ({
    pass: score.passed ?? false,
    score: score.score ?? 0,
    reason: score.error ?? score.reason ?? (score.passed === false ? 'not passed' : 'passed'),
    assertion: assertionOf(score),
  }))
  return { pass: success, score: result.score ?? (success ? 1 : 0), reason, componentResults }
}

const assertionTypes: Readonly<Record<Score['type'], string>> = {
  equals: 'equals',
  contains: 'contains',
  starts_with: 'starts-with',
  regex: 'regex',
  is_json: 'is-json',
  json_schema: 'is-json',
  json_path: 'javascript',
  range: 'javascript',
  latency: 'latency',
  cost: 'cost',
  tokens: 'javascript',
  similarity: 'similar',
  function: 'javascript',
  python: 'python',
  judge: 'llm-rubric',
}

/** A check under the name that promptfoo has for it. */
function assertionOf({ type, name, metric, weight }: Score) {
  return { type: assertionTypes[type], value: name, weight, ...(metric === undefined ? {} : { metric }) }
}

function usageOf({ usage, tokens, attempts }: TestResult): Sums['tokenUsage'] {
  const prompt = usage?.inputTokens ?? 0
  return { prompt, completion: usage?.outputTokens ?? 0, cached: 0, total: tokens, numRequests: attempts.length }
}

function noSums(): Sums {
  const tokenUsage = { prompt: 0, completion: 0, cached: 0, total: 0, numRequests: 0 }
  const counts = { testPassCount: 0, testFailCount: 0, testErrorCount: 0, assertPassCount: 0, assertFailCount: 0 }
  return { score: 0, ...counts, totalLatencyMs: 0, cost: 0, tokenUsage }
}

function addTo(sums: Sums, result: TestResult): void {
  const reason = reasons[outcomeOf(result)]
  if (reason === 0) sums.testPassCount++
  else if (reason === 1) sums.testFailCount++
  else sums.testErrorCount++
  sums.score += result.score ?? (reason === 0 ? 1 : 0)
  sums.assertPassCount += result.scores.filter(({ passed }) => passed === true).length
  sums.assertFailCount += result.scores.filter(({ passed }) => passed === false).length
  sums.totalLatencyMs += Math.round(result.latencyMs ?? 0)
  sums.cost += Number(result.cost?.amount ?? 0)
  addUsage(sums.tokenUsage, usageOf(result))
}

function addUsage(sum: Sums['tokenUsage'], usage: Sums['tokenUsage']): void {
  sum.prompt += usage.prompt
  sum.completion += usage.completion
  sum.total += usage.total
  sum.numRequests += usage.numRequests
}

function statsOf(all: readonly Sums[]) {
  const { tokenUsage } = noSums()
  for (const sums of all) addUsage(tokenUsage, sums.tokenUsage)
  const total = (name: 'testPassCount' | 'testFailCount' | 'testErrorCount') =>
    all.reduce((sum, sums) => sum + sums[name], 0)
  return {
    successes: total('testPassCount'),
    failures: total('testFailCount'),
    errors: total('testErrorCount'),
    tokenUsage,
  }
}
