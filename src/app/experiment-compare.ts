import { createReadStream, existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import type { Comparison, Observation } from '../domain/comparison.ts'
import { GreenloopError } from '../domain/errors.ts'
import { evaluationSchema } from '../domain/experiment.ts'
import type { Evaluation } from '../domain/experiment.ts'
import type { TestResult } from '../domain/test-result.ts'
import { trialStatuses } from '../domain/test-result.ts'
import { compareVariants } from '../experiment/compare.ts'
import { parseGate } from '../experiment/gate-parse.ts'
import { observationsOf } from '../experiment/observations.ts'
import { camelKeys } from '../lib/snake-keys.ts'
import { localiseRows } from './experiment-cover.ts'
import { resultsOf } from './experiment-record.ts'
import type { ExperimentRecord } from './experiment-record.ts'
import { findRun, withStore } from './store.ts'
import type { Surroundings } from './surroundings.ts'

/** Results that are compared: runs of the store by id, folders of runs, or `results.jsonl` files. */
export interface CompareInput {
  readonly sources: readonly string[]
  readonly baseline?: string | undefined
  readonly primary?: string | undefined
  readonly metrics?: readonly string[] | undefined
  readonly gates?: readonly string[] | undefined
  readonly seed?: number | undefined
}

/** A comparison over several runs, with the names that variants have in it. */
export interface ComparedRuns {
  readonly comparison: Comparison
  readonly variants: readonly string[]
  readonly exitCode: number
}

interface Source {
  readonly label: string
  readonly observations: readonly Observation[]
  readonly evaluation?: Evaluation | undefined
}

/**
 * Compares variants over one run or several, case by case. A variant that several runs have is called `variant@run`, so
 * that yesterday's can be compared with today's.
 */
export async function compareExperiments(input: CompareInput, where: Surroundings): Promise<ComparedRuns> {
  for (const gate of input.gates ?? []) parseGate(gate)
  const sources: Source[] = []
  for (const name of input.sources) sources.push(await readSource(name, where))
  const owners = new Map<string, Set<string>>()
  for (const { label, observations } of sources)
    for (const { variantId } of observations) owners.set(variantId, (owners.get(variantId) ?? new Set()).add(label))
  const observations = sources.flatMap(({ label, observations: own }) =>
    own.map((each) =>
      (owners.get(each.variantId)?.size ?? 0) > 1 ? { ...each, variantId: `${each.variantId}@${label}` } : each,
    ),
  )
  const variants = [...new Set(observations.map(({ variantId }) => variantId))]
  refuseBaseline(input.baseline, variants)
  const base = sources.find(({ evaluation }) => evaluation !== undefined)?.evaluation ?? evaluationSchema.parse({})
  const { primary = base.primary, metrics = base.metrics } = input
  const baseline = input.baseline ?? (variants.includes(base.baseline ?? '') ? base.baseline : variants[0])
  const evaluation = { ...base, primary, metrics: metrics === undefined ? undefined : [...metrics], baseline }
  const gates = input.gates ?? []
  const options = { evaluation, gates, variants, seed: input.seed ?? 1, localise: localiseRows }
  const comparison = compareVariants(observations, options)
  return { comparison, variants, exitCode: comparison.gates.every(({ passed }) => passed) ? 0 : 1 }
}

function refuseBaseline(baseline: string | undefined, variants: readonly string[]): void {
  if (baseline === undefined || variants.includes(baseline)) return
  throw new GreenloopError('usage_invalid', `there is no variant \`${baseline}\` in these results`, {
    help: `there is ${variants.join(', ')}`,
  })
}

async function readSource(name: string, where: Surroundings): Promise<Source> {
  const path = resolve(where.cwd, name)
  if (!existsSync(path)) return readStored(name, where)
  const file = statSync(path).isDirectory() ? join(path, 'results.jsonl') : path
  return {
    label: basename(file) === 'results.jsonl' ? basename(dirname(file)) : basename(file),
    ...(await readLines(file)),
  }
}

async function readStored(id: string, where: Surroundings): Promise<Source> {
  return withStore(where, async (store) => {
    const run = await findRun(store, id)
    if (run.kind !== 'experiment') {
      throw new GreenloopError('usage_invalid', `the run ${run.id} is no experiment but a run of kind ${run.kind}`)
    }
    const { manifests } = run.input as ExperimentRecord
    const observations: Observation[] = []
    for await (const result of resultsOf(store, run)) observations.push(...observationsOf([result]))
    return { label: run.id, observations, evaluation: manifests[0]?.evaluation }
  })
}

/** What observations are made from; the rest of a line is not looked at. */
const lineSchema = z.looseObject({
  workflowId: z.string(),
  variantId: z.string(),
  caseId: z.string(),
  repeat: z.int(),
  status: z.enum(trialStatuses),
  state: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  scores: z.array(z.looseObject({ weight: z.number() })).default([]),
  tokens: z.number().default(0),
  metadata: z.record(z.string(), z.unknown()).default({}),
})

async function readLines(file: string): Promise<{ readonly observations: readonly Observation[] }> {
  if (!existsSync(file)) throw new GreenloopError('file_missing', `there is no \`${file}\``)
  const observations: Observation[] = []
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    line++
    if (text.trim() === '') continue
    observations.push(...observationsOf([readLine(text, { file, line })]))
  }
  return { observations }
}

function readLine(text: string, place: { readonly file: string; readonly line: number }): TestResult {
  let value: unknown
  try {
    value = camelKeys(JSON.parse(text))
  } catch (cause) {
    throw new GreenloopError('syntax_invalid', 'this line is not JSON', { cause, place })
  }
  const parsed = lineSchema.safeParse(value)
  if (parsed.success) return parsed.data as unknown as TestResult
  const [issue] = parsed.error.issues
  throw new GreenloopError('syntax_invalid', `this line is no result: \`${issue?.path.join('.')}\` ${issue?.message}`, {
    place,
    help: 'a results.jsonl as `greenloop experiment run` writes it is wanted',
  })
}
