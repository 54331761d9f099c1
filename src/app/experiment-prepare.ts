import { resolve } from 'node:path'
import { loadPlan } from '../config/experiment-files.ts'
import { loadManifests } from '../config/manifest-file.ts'
import { GreenloopError } from '../domain/errors.ts'
import { experimentSchema } from '../domain/experiment.ts'
import type { Experiment, LoadedPlan } from '../domain/experiment.ts'
import type { RunManifest } from '../domain/manifest.ts'
import { policySchema } from '../domain/policy.ts'
import { generateCases } from '../experiment/cases.ts'
import { checkProblems } from '../experiment/check-problems.ts'
import type { CaseDesign } from '../experiment/cases.ts'
import { buildManifests } from '../experiment/manifests.ts'
import type { BuiltManifests } from '../experiment/manifests.ts'
import type { z } from 'zod'
import { valueAt } from '../config/validate.ts'
import { issueMessage } from '../config/wording.ts'
import { nearest } from '../lib/nearest.ts'
import { applyPatches } from '../workflows/dify-dsl.ts'
import { coverWith } from './experiment-cover.ts'
import { keptGates, settleGates } from './experiment-gates.ts'
import type { Surroundings } from './surroundings.ts'
import { warningText } from './warning-text.ts'

/** What goes before the plan; what is left out stays as the plan says. */
export interface ExperimentOverrides {
  readonly workflows?: readonly string[] | undefined
  readonly variants?: readonly string[] | undefined
  readonly mode?: Experiment['mode']
  readonly maxCases?: number | undefined
  readonly strength?: number | undefined
  readonly engine?: Experiment['engine']
  readonly repeats?: number | undefined
  readonly seed?: number | undefined
  readonly baseline?: string | undefined
  /** Conditions that have to hold besides those of the plan. */
  readonly gates?: readonly string[] | undefined
  readonly concurrency?: number | undefined
  readonly perMinute?: number | undefined
  readonly burst?: number | undefined
  readonly maxAttempts?: number | undefined
  /** Seconds that one trial may take. */
  readonly taskTimeout?: number | undefined
  /** Seconds that the whole run may take. */
  readonly timeout?: number | undefined
  readonly maxFailures?: number | undefined
  readonly maxTokens?: number | undefined
  readonly maxCostUsd?: number | undefined
}

/** A plan that is ready to be run. */
export interface PreparedPlan extends BuiltManifests {
  readonly plan: LoadedPlan
  readonly designs: readonly CaseDesign[]
}

/** Reads a plan with all its files, makes its cases and manifests, and checks everything. Nothing is spent. */
export async function preparePlan(
  path: string,
  overrides: ExperimentOverrides,
  where: Surroundings,
): Promise<PreparedPlan> {
  const loaded = await loadPlan(path, { cwd: where.cwd, env: where.env })
  const chosen = overridden(loaded, overrides)
  const settled = settleGates(loaded, chosen)
  const gates = [...settled.gates, ...(overrides.gates ?? [])]
  const plan = { ...loaded, experiment: { ...chosen, gates } }
  const cover = coverWith(resolve(where.cwd, '.greenloop', 'combinations'), where.signal)
  const cases = await generateCases(plan, { cover, signal: where.signal })
  const built = buildManifests(plan, cases, { patch: applyPatches })
  refuseChecks(built.manifests)
  const warnings = [...loaded.warnings.map(warningText), ...settled.warnings, ...cases.warnings, ...built.warnings]
  return { ...built, plan, designs: cases.designs, warnings: [...new Set(warnings)] }
}

/** Checks of cases and turns that can never work are refused before anything is spent. Throws `plan_invalid`. */
function refuseChecks(manifests: readonly RunManifest[]): void {
  const problems = [...Map.groupBy(manifests, ({ workflowId }) => workflowId).values()].flatMap(([first]) => {
    if (first === undefined) return []
    const checks = first.cases.flatMap((spec) => [...spec.checks, ...(spec.turns ?? []).flatMap((turn) => turn.checks)])
    const distinct = new Map([...first.evaluation.checks, ...checks].map((check) => [JSON.stringify(check), check]))
    const models = Object.keys(first.models)
    const around = { models, embed: models, evaluation: first.evaluation, folder: first.baseFolder ?? '' }
    return checkProblems([...distinct.values()], around)
  })
  const [first] = problems
  if (first === undefined) return
  const message = problems.length === 1 ? first.message : `${problems.length} checks cannot be made`
  throw new GreenloopError('plan_invalid', message, { problems: problems.slice(0, 200) })
}

/** Reads a manifest file, of one manifest or several, with what goes before it. */
export async function prepareManifests(
  path: string,
  overrides: ExperimentOverrides,
  where: Surroundings,
): Promise<readonly RunManifest[]> {
  const manifests = await loadManifests(path, { cwd: where.cwd })
  const { workflows, variants } = overrides
  const kept = manifests.filter(
    ({ workflowId, variantId }) => (workflows?.includes(workflowId) ?? true) && (variants?.includes(variantId) ?? true),
  )
  refuseUnknown(workflows, new Set(manifests.map(({ workflowId }) => workflowId)), '--workflow')
  refuseUnknown(variants, new Set(manifests.map(({ variantId }) => variantId)), '--variant')
  const warned = new Set<string>()
  const onWarning = (text: string): void => {
    if (!warned.has(text)) where.onStep?.(text)
    warned.add(text)
  }
  return kept.map((manifest) => ({
    ...manifest,
    repeats: overrides.repeats ?? manifest.repeats,
    seed: overrides.seed ?? manifest.seed,
    gates: [...keptGates(manifest, { all: manifests, kept }, onWarning), ...(overrides.gates ?? [])],
    evaluation: { ...manifest.evaluation, baseline: overrides.baseline ?? manifest.evaluation.baseline },
    execution: policyWith(manifest.execution, overrides),
  }))
}

function overridden({ experiment, catalog }: LoadedPlan, overrides: ExperimentOverrides): Experiment {
  const { workflows, variants, baseline } = overrides
  const entries: NonNullable<Experiment['workflows']> =
    experiment.workflows ?? catalog.workflows.map(({ id }) => ({ id }))
  refuseUnknown(workflows, new Set(entries.map(({ id }) => id)), '--workflow')
  refuseUnknown(variants, new Set(experiment.variants.map(({ id }) => id)), '--variant')
  const given = pick(overrides, ['mode', 'maxCases', 'strength', 'engine', 'repeats', 'seed'])
  const candidate = {
    ...experiment,
    ...given,
    workflows: entries.filter(
      ({ id, variants: own }) => isKept(id, workflows) && (own?.some((each) => isKept(each, variants)) ?? true),
    ),
    variants: experiment.variants.filter(({ id }) => isKept(id, variants)),
    evaluation: { ...experiment.evaluation, baseline: baseline ?? keptBaseline(experiment, variants) },
    execution: policyWith(experiment.execution, overrides),
  }
  // What the command line says goes before what a dataset says of its own.
  const datasets = experiment.datasets.map((dataset) => ({
    ...dataset,
    ...pick(given, ['mode', 'maxCases', 'strength', 'engine', 'seed']),
  }))
  const parsed = experimentSchema.safeParse({ ...candidate, datasets })
  if (parsed.success) return parsed.data
  throw refusedOptions(parsed.error, { ...candidate, datasets })
}

/** Without a choice everything is kept. */
function isKept(id: string, chosen: readonly string[] | undefined): boolean {
  return chosen?.includes(id) ?? true
}

/** A baseline that was not asked for is none. */
function keptBaseline({ evaluation }: Experiment, variants: readonly string[] | undefined): string | undefined {
  const { baseline } = evaluation
  return baseline === undefined || (variants?.includes(baseline) ?? true) ? baseline : undefined
}

function refuseUnknown(asked: readonly string[] | undefined, known: ReadonlySet<string>, option: string): void {
  const unknown = asked?.find((name) => !known.has(name))
  if (unknown === undefined) return
  const near = nearest(unknown, [...known])
  throw new GreenloopError('usage_invalid', `${option} ${unknown}: there is none of that name`, {
    help: near === undefined ? `there are ${[...known].join(', ')}` : `did you mean \`${near}\`?`,
  })
}

function policyWith(policy: Experiment['execution'], overrides: ExperimentOverrides): Experiment['execution'] {
  const { concurrency, perMinute, burst, maxAttempts, taskTimeout, timeout } = overrides
  const { maxFailures, maxTokens, maxCostUsd } = overrides
  const hasRate = perMinute !== undefined || (burst !== undefined && policy.rateLimit !== undefined)
  const merged = {
    ...policy,
    ...defined({ concurrency, timeoutSeconds: taskTimeout }),
    retry: { ...policy.retry, ...defined({ maxAttempts }) },
    stop: { ...policy.stop, ...defined({ maxFailures, timeoutSeconds: timeout, maxTokens, maxCostUsd }) },
    ...(hasRate ? { rateLimit: { ...policy.rateLimit, ...defined({ perMinute, burst }) } } : {}),
  }
  const parsed = policySchema.safeParse(merged)
  if (parsed.success) return parsed.data
  throw refusedOptions(parsed.error, merged)
}

/** Options that the schema refuses, each once, in the words of the files. */
function refusedOptions(error: z.ZodError, value: unknown): GreenloopError {
  const messages = error.issues.map((issue) => {
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
    return issueMessage(issue, path.slice(-1), valueAt(value, path))
  })
  const problems = [...new Set(messages)].map((message) => ({ message }))
  const [first] = problems
  const message =
    first !== undefined && problems.length === 1 ? first.message : 'the plan cannot be run with these options'
  return new GreenloopError('usage_invalid', message, { problems })
}

function pick<T extends object, K extends keyof T>(values: T, keys: readonly K[]): Partial<Pick<T, K>> {
  return defined(Object.fromEntries(keys.map((key) => [key, values[key]]))) as Partial<Pick<T, K>>
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T
}
