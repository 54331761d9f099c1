import type { Scalar } from '../domain/case.ts'
import type { Place } from '../domain/errors.ts'
import type { Dataset, LoadedPlan } from '../domain/experiment.ts'
import type { Workflow } from '../domain/workflow.ts'
import { namesOf } from './cases-constraints.ts'

/** How cases of a dataset are made from its rows. */
export type CaseMode = NonNullable<Dataset['mode']>

/** The parameters that one workflow is tried with on one dataset, and how they are combined. */
export interface Dimensions {
  readonly mode: CaseMode
  /** Values by parameter, at least one; the first is the usual one. */
  readonly values: ReadonlyMap<string, readonly Scalar[]>
  /** Parameters that are combined with each other. */
  readonly combined: ReadonlySet<string>
  readonly constraints: readonly unknown[]
  /** Where each of the constraints stands; shorter, or empty, where that is not known. */
  readonly constraintPlaces: readonly Place[]
  readonly strength: number
  readonly engine: string
  readonly seed: number
  /** Most cases of `cartesian`. */
  readonly maxCases: number
  readonly warnings: readonly string[]
  /** What keeps cases from being made. */
  readonly problems: readonly string[]
}

const usualMaxCases = 1000
const usualStrength = 2

/**
 * Settles the parameters of a workflow on a dataset: values of the dataset go before those of the plan, those before the
 * catalog's, a default comes last. Parameters and constraints of the plan that only other workflows know are left out.
 */
export function dimensionsOf(plan: LoadedPlan, workflow: Workflow, dataset: Dataset): Dimensions {
  const { experiment } = plan
  const values = valuesOf(plan, workflow, dataset)
  const asked = dataset.pairwiseDimensions ?? experiment.pairwiseDimensions
  const mode = dataset.mode ?? experiment.mode ?? (asked === undefined ? 'scenario_only' : 'pairwise')
  const known = knownNames(plan)
  const missing = (asked ?? []).filter((name) => !values.has(name))
  const where = `\`${workflow.id}\` on dataset \`${dataset.name}\``
  const usable = constraintsFor(plan, dataset, (name) => !hasName(values.keys(), name) && hasName(known, name))
  return {
    mode,
    values,
    combined: new Set((asked ?? [...values.keys()]).filter((name) => (values.get(name)?.length ?? 0) > 1)),
    constraints: usable.kept,
    constraintPlaces: usable.places,
    strength: dataset.strength ?? experiment.strength ?? usualStrength,
    engine: dataset.engine ?? experiment.engine ?? 'best',
    seed: dataset.seed ?? experiment.seed ?? 1,
    maxCases: dataset.maxCases ?? experiment.maxCases ?? usualMaxCases,
    warnings: [
      ...missing.filter((name) => isOfOthers(name, { known, workflow })).map((name) => notCombined(name, where)),
      ...usable.dropped.map(
        (text) => `${where}: a constraint of the plan speaks of parameters that are not there and is left out: ${text}`,
      ),
    ],
    problems: missing
      .filter((name) => !isOfOthers(name, { known, workflow }))
      .map((name) => `${where}: \`${name}\` of pairwise_dimensions has no values; give it \`values\` or take it out`),
  }
}

function notCombined(name: string, where: string): string {
  return `${where}: \`${name}\` of pairwise_dimensions belongs to other workflows or datasets and is not combined here`
}

function valuesOf(
  { experiment, catalog }: LoadedPlan,
  workflow: Workflow,
  dataset: Dataset,
): ReadonlyMap<string, readonly Scalar[]> {
  const declared = new Set(workflow.parameters.map(({ name }) => name))
  const ofOthers = new Set(catalog.workflows.flatMap(({ parameters }) => parameters.map(({ name }) => name)))
  const isForeign = (name: string): boolean => declared.size > 0 && !declared.has(name) && ofOthers.has(name)
  const values = new Map<string, readonly Scalar[]>()
  for (const parameter of workflow.parameters) {
    const own = parameter.values ?? (parameter.default === undefined ? undefined : [parameter.default])
    if (own !== undefined) values.set(parameter.name, distinct(own))
  }
  for (const [name, own] of Object.entries(experiment.parameters)) if (!isForeign(name)) values.set(name, distinct(own))
  for (const [name, own] of Object.entries(dataset.parameters)) values.set(name, distinct(own))
  return values
}

function distinct(values: readonly Scalar[]): readonly Scalar[] {
  return [...new Set(values)]
}

function knownNames({ experiment, catalog }: LoadedPlan): ReadonlySet<string> {
  return new Set([
    ...Object.keys(experiment.parameters),
    ...experiment.datasets.flatMap(({ parameters }) => Object.keys(parameters)),
    ...catalog.workflows.flatMap(({ parameters }) => parameters.map(({ name }) => name)),
  ])
}

interface Others {
  readonly known: ReadonlySet<string>
  readonly workflow: Workflow
}

function isOfOthers(name: string, { known, workflow }: Others): boolean {
  return known.has(name) && !workflow.parameters.some((parameter) => parameter.name === name)
}

/** Constraints of the plan hold on every dataset where their parameters are, besides those of the dataset itself. */
function constraintsFor({ experiment, places }: LoadedPlan, dataset: Dataset, isElsewhere: (name: string) => boolean) {
  const isForeign = (constraint: unknown): boolean => namesOf(constraint).some(isElsewhere)
  const kept = experiment.constraints.filter((constraint) => !isForeign(constraint))
  const dropped = experiment.constraints.filter(isForeign).map(textOf)
  const ofPlan = places?.constraints.filter((_, index) => !isForeign(experiment.constraints[index])) ?? []
  const ofDataset = places?.datasets[dataset.name]?.constraints ?? []
  return { kept: [...kept, ...dataset.constraints], dropped, places: [...ofPlan, ...ofDataset] }
}

function textOf(constraint: unknown): string {
  return typeof constraint === 'string' ? constraint : JSON.stringify(constraint)
}

/** Constraints name parameters in upper or lower case as they like. */
function hasName(names: Iterable<string>, name: string): boolean {
  return Array.from(names).some((each) => each.toLowerCase() === name.toLowerCase())
}
