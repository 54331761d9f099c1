import { createReadStream, existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
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
import { gateProblems, parseGate } from '../experiment/gate-parse.ts'
import { createObservations } from '../experiment/observations.ts'
import { preferenceScores } from '../experiment/preference-score.ts'
import { camelKeys } from '../lib/snake-keys.ts'
import { localiseRows } from './experiment-cover.ts'
import { recordedPreferences } from './experiment-preference.ts'
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
  /** File, or id of the run. */
  readonly place: string
  readonly observations: readonly Observation[]
  readonly evaluation?: Evaluation | undefined
  /** In the order of the plan, where it is known. */
  readonly variants: readonly string[]
  /** Variant that the others were compared with. */
  readonly baseline?: string | undefined
}

/**
 * Compares variants over one run or several, case by case. A variant that several runs have is called `variant@run`, so
 * that yesterday's can be compared with today's.
 */
export async function compareExperiments(input: CompareInput, where: Surroundings): Promise<ComparedRuns> {
  for (const gate of input.gates ?? []) parseGate(gate)
  const sources = await readSources(input.sources, where)
  const owners = new Map<string, Set<string>>()
  for (const { label, observations } of sources)
    for (const { variantId } of observations) owners.set(variantId, (owners.get(variantId) ?? new Set()).add(label))
  const nameIn = (label: string, variantId: string): string =>
    (owners.get(variantId)?.size ?? 0) > 1 ? `${variantId}@${label}` : variantId
  const observations = sources.flatMap(({ label, observations: own }) =>
    own.map((each) => ({ ...each, variantId: nameIn(label, each.variantId) })),
  )
  if (observations.length === 0) {
    throw new GreenloopError('usage_invalid', `there are no results in ${input.sources.join(', ')}`)
  }
  const base = sources.find(({ evaluation }) => evaluation !== undefined)?.evaluation ?? evaluationSchema.parse({})
  const { primary = base.primary, metrics = base.metrics } = input
  const ordered = sources.flatMap(({ label, variants }) => variants.map((variant) => nameIn(label, variant)))
  const found = new Set(observations.map(({ variantId }) => variantId))
  const variants = [...new Set([...ordered.filter((name) => found.has(name)), ...found])]
  const named = sources.flatMap(({ label, baseline }) => (baseline === undefined ? [] : [nameIn(label, baseline)]))
  const baseline = input.baseline ?? named.find((name) => found.has(name)) ?? variants[0]
  const evaluation = { ...base, primary, metrics: metrics === undefined ? undefined : [...metrics], baseline }
  const gates = input.gates ?? []
  refuseUnknown(input, { variants, observations, gates, primary })
  const options = { evaluation, gates, variants, seed: input.seed ?? 1, localise: localiseRows }
  const comparison = compareVariants(observations, options)
  return { comparison, variants, exitCode: comparison.gates.every(({ passed }) => passed) ? 0 : 1 }
}

interface Compared {
  readonly variants: readonly string[]
  readonly observations: readonly Observation[]
  readonly gates: readonly string[]
  readonly primary: string
}

const usualMetrics = ['pass_rate', 'score', 'latency', 'ttft', 'tokens', 'cost'] as const

/** A name that nothing has is a slip of the pen, which must not look like a result. */
function refuseUnknown(input: CompareInput, { variants, observations, gates, primary }: Compared): void {
  const seen = new Set(observations.flatMap(({ values }) => Object.keys(values)))
  const metrics = [...new Set([...usualMetrics, ...seen])]
  const asked = [...(input.primary === undefined ? [] : [input.primary]), ...(input.metrics ?? [])]
  const workflows = [...new Set(observations.map(({ workflowId }) => workflowId))]
  const problems = [
    ...(input.baseline === undefined || variants.includes(input.baseline)
      ? []
      : [`there is no variant \`${input.baseline}\` in these results; there is ${variants.join(', ')}`]),
    ...asked
      .filter((name) => !metrics.includes(name))
      .map((name) => `no result has the metric \`${name}\`; there is ${metrics.join(', ')}`),
    ...gates.flatMap((gate) =>
      gateProblems(parseGate(gate), { variants, workflows, primary }).map((text) => `gate \`${gate}\`: ${text}`),
    ),
  ]
  const [first, ...more] = problems
  if (first === undefined) return
  if (more.length === 0) throw new GreenloopError('usage_invalid', first)
  throw new GreenloopError('usage_invalid', `${problems.length} names are not there`, {
    problems: problems.map((message) => ({ message })),
  })
}

/** Each source once, under a label of its own: two of the same label would count as one run. */
async function readSources(names: readonly string[], where: Surroundings): Promise<readonly Source[]> {
  const sources = new Map<string, Source>()
  for (const name of names) {
    const source = await readSource(name, where)
    const clash = [...sources.values()].filter(({ place }) => place === source.place)
    if (clash.length > 0) throw new GreenloopError('usage_invalid', `\`${name}\` is given twice`)
    let label = source.label
    for (let number = 2; sources.has(label); number++) label = `${source.label}-${number}`
    sources.set(label, { ...source, label })
  }
  return [...sources.values()]
}

async function readSource(name: string, where: Surroundings): Promise<Source> {
  const path = resolve(where.cwd, name)
  if (!existsSync(path)) return readStored(name, where)
  const file = statSync(path).isDirectory() ? join(path, 'results.jsonl') : path
  return {
    label: basename(file) === 'results.jsonl' ? basename(dirname(file)) : basename(file),
    place: file,
    ...(await comparedBeside(file)),
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
    const observations = createObservations()
    const judged = preferenceScores(await recordedPreferences(store, run))
    for await (const result of resultsOf(store, run)) observations.add(judged(result))
    const [first] = manifests
    const baseline = first?.evaluation.baseline ?? first?.variantId
    const { evaluation } = first ?? {}
    const variants = [...new Set(manifests.map(({ variantId }) => variantId))]
    return { label: run.id, place: run.id, observations: observations.all(), evaluation, variants, baseline }
  })
}

const comparedSchema = z.looseObject({
  baseline: z.string(),
  summaries: z.array(z.looseObject({ variant_id: z.string() })),
})

/** Order and baseline as reports of the same folder have them; results alone do not say which variant came first. */
async function comparedBeside(file: string): Promise<Pick<Source, 'variants' | 'baseline'>> {
  const text = await readFile(join(dirname(file), 'comparison.json'), 'utf8').catch(() => '')
  try {
    const { baseline, summaries } = comparedSchema.parse(JSON.parse(text))
    return { baseline, variants: [...new Set(summaries.map(({ variant_id: variant }) => variant))] }
  } catch {
    return { variants: [] }
  }
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
  const observations = createObservations()
  let line = 0
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    line++
    if (text.trim() === '') continue
    observations.add(readLine(text, { file, line }))
  }
  return { observations: observations.all() }
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
