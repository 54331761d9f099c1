import { isAbsolute, relative, resolve } from 'node:path'
import type { Problem } from '../domain/errors.ts'
import type { Experiment, LoadedPlan, PlanPlaces } from '../domain/experiment.ts'
import { environmentSchema, type Catalog, type Workflow } from '../domain/workflow.ts'
import type { DatasetRows } from './plan-dataset-file.ts'
import { keyFindings } from './plan-keys.ts'
import { nameProblems, nameWarnings } from './plan-names.ts'
import { partsOfPlan, type PlanParts } from './plan-parts.ts'
import { fileProblems, readDatasets, readDescriptions } from './plan-paths.ts'
import { filesError } from './plan-problems.ts'
import type { View } from './plan-view.ts'
import { readSources, type PlanSources, type Source, type Surroundings } from './plan-sources.ts'

/**
 * Reads a plan with its environment, its catalog, its datasets and the descriptions of its workflows, and checks that they
 * fit together. Other names for keys are understood; variables stay as `${NAME}`, and those that are not set are warnings.
 * Throws `plan_invalid` with every problem of every file, or what `readDocument` throws of the plan itself.
 */
export async function loadPlan(path: string, surroundings: Surroundings): Promise<LoadedPlan> {
  const { env } = surroundings
  const sources = await readSources(path, surroundings)
  const parts = partsOfPlan(sources)
  const datasets = await readDatasets(sources, parts, env)
  const { descriptions, problems: missingDescriptions } = await readDescriptions(sources, env)
  const keys = keyFindings(sources, parts, env)
  const problems = [
    ...sources.plan.problems,
    ...(sources.environment?.problems ?? []),
    ...sources.catalogs.flatMap((catalog) => catalog.problems),
    ...sources.problems,
    ...nameProblems(parts),
    ...(await fileProblems(sources, parts, env)),
    ...missingDescriptions,
    ...datasets.problems,
    ...keys.problems,
  ]
  const { checked } = sources.plan
  if (problems.length > 0 || !checked.ok) throw filesError('plan_invalid', `\`${path}\``, problems)
  const folders = foldersOf(sources)
  return {
    experiment: withRows(checked.value, datasets.rows),
    environment: valueOf(sources.environment) ?? environmentSchema.parse({}),
    catalog: catalogOf(sources, folders.catalog),
    descriptions,
    folders,
    files: { plan: sources.plan.file, catalog: sources.catalogs.at(-1)?.file, environment: sources.environment?.file },
    places: placesOf(parts),
    warnings: [...nameWarnings(parts), ...keys.warnings] satisfies Problem[],
  }
}

function placesOf({ plan, datasets }: PlanParts): PlanPlaces {
  const placesIn = (view: View, key: string) =>
    view
      .get(key)
      .items()
      .map((item) => item.place())
  const ofDatasets = datasets.map((dataset) => {
    const name = dataset.get('name')
    return [name.text ?? '', { at: name.place(), constraints: placesIn(dataset, 'constraints') }] as const
  })
  return {
    gates: placesIn(plan, 'gates'),
    constraints: placesIn(plan, 'constraints'),
    datasets: Object.fromEntries(ofDatasets),
  }
}

function valueOf<T>(source: Source<T> | undefined): T | undefined {
  return source?.checked.ok === true ? source.checked.value : undefined
}

function foldersOf(sources: PlanSources): LoadedPlan['folders'] {
  return {
    plan: sources.plan.folder,
    catalog: sources.catalogs.at(-1)?.folder ?? sources.plan.folder,
    environment: sources.environment?.folder ?? sources.plan.folder,
  }
}

function withRows(experiment: Experiment, rows: ReadonlyMap<number, DatasetRows>): Experiment {
  const datasets = experiment.datasets.map((dataset, index) => {
    const read = rows.get(index)
    if (read === undefined) return dataset
    return {
      ...dataset,
      scenarios: [...dataset.scenarios, ...read.scenarios],
      conversationFlows: [...dataset.conversationFlows, ...read.flows],
    }
  })
  return { ...experiment, datasets }
}

/** All workflows with paths that start from one folder, wherever they were described. */
function catalogOf({ catalogs }: PlanSources, folder: string): Catalog {
  const workflows = catalogs.flatMap((catalog) =>
    (valueOf(catalog)?.workflows ?? []).map((workflow) => moved(workflow, catalog.folder, folder)),
  )
  return { workflows }
}

function moved(workflow: Workflow, from: string, to: string): Workflow {
  if (from === to) return workflow
  const move = (path: string) => (isAbsolute(path) || path.startsWith('${') ? path : relative(to, resolve(from, path)))
  const dsl = workflow.dsl === undefined ? {} : { dsl: move(workflow.dsl) }
  if (workflow.target === 'module') return { ...workflow, ...dsl, file: move(workflow.file) }
  return { ...workflow, ...dsl }
}
