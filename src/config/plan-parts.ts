import type { WorkflowParameter } from '../domain/workflow.ts'
import type { DeclaredColumn } from './plan-dataset-row.ts'
import type { PlanSources } from './plan-sources.ts'
import type { View } from './plan-view.ts'

/** The parts of a plan that other parts name, found whether or not everything follows its schema. */
export interface PlanParts {
  readonly plan: View
  readonly workflows: readonly View[]
  /** Workflows that the plan tries: those it names, or all. */
  readonly tried: readonly View[]
  readonly datasets: readonly View[]
  readonly variants: readonly View[]
  /** All checks, of the plan, of datasets, rows, conversations and turns. */
  readonly checks: readonly View[]
  /** Names of servers and models; `undefined` where the environment could not be read. */
  readonly servers: readonly string[] | undefined
  readonly models: readonly string[] | undefined
  /** Whether a catalog could not be read, so that nobody knows what is in it. */
  readonly catalogUnread: boolean
}

/** Finds the parts of a plan. */
export function partsOfPlan(sources: PlanSources): PlanParts {
  const plan = sources.plan.view
  const workflows = sources.catalogs.flatMap(({ view }) => view.get('workflows').items())
  const named = idsOf(plan.get('workflows').items())
  const environment = sources.environment?.view
  const unread = sources.problems.length > 0
  const names = (key: string) =>
    environment === undefined && unread ? undefined : (environment?.get(key).entries() ?? []).map(([name]) => name)
  const datasets = plan.get('datasets').items()
  return {
    plan,
    workflows,
    tried: named.length === 0 ? workflows : workflows.filter((view) => named.includes(view.get('id').text ?? '')),
    datasets,
    variants: plan.get('variants').items(),
    checks: [plan.get('evaluation'), ...datasets.flatMap(checkHolders)].flatMap((one) => one.get('checks').items()),
    servers: names('servers'),
    models: names('models'),
    catalogUnread: sources.catalogs.length === 0 && unread,
  }
}

function checkHolders(dataset: View): View[] {
  const flows = dataset.get('conversationFlows').items()
  return [dataset, ...dataset.get('scenarios').items(), ...flows, ...flows.flatMap((flow) => flow.get('turns').items())]
}

/** The ids of entries, without those that have none. */
export function idsOf(views: readonly View[], key = 'id'): string[] {
  return textsOf(views.map((view) => view.get(key)))
}

function textsOf(views: readonly View[]): string[] {
  return views.flatMap(({ text }) => text ?? [])
}

/** The workflows that a dataset goes to: those whose entry names it, or names no dataset. */
export function workflowsOf(dataset: View, { plan, tried, datasets }: PlanParts): readonly View[] {
  const name = dataset.get('name').text
  const known = idsOf(datasets, 'name')
  const entries = plan.get('workflows').items()
  return tried.filter((workflow) => {
    const entry = entries.find((one) => one.get('id').text === workflow.get('id').text)
    const named = textsOf(entry?.get('datasets').items() ?? [])
    // A misspelt name is a problem of its own, and should not make others.
    return named.length === 0 || named.some((one) => one === name || !known.includes(one))
  })
}

/** Parameters that are known to a dataset, with their types, and whether they have values. */
export function parametersOf(dataset: View, parts: PlanParts): Map<string, DeclaredColumn> {
  const known = new Map<string, DeclaredColumn>()
  for (const workflow of workflowsOf(dataset, parts)) {
    for (const parameter of workflow.get('parameters').items()) {
      const name = parameter.get('name').text
      if (name === undefined) continue
      const hasValues = parameter.get('values').items().length > 0 || parameter.get('default').value !== undefined
      const type = typeOf(parameter.get('type').text)
      known.set(name, { type, hasValues: hasValues || known.get(name)?.hasValues === true })
    }
  }
  for (const holder of [parts.plan, dataset]) {
    for (const [name] of holder.get('parameters').entries()) {
      known.set(name, { type: known.get(name)?.type ?? 'string', hasValues: true })
    }
  }
  return known
}

const types: readonly WorkflowParameter['type'][] = ['string', 'number', 'boolean', 'select', 'file', 'json']

function typeOf(text: string | undefined): WorkflowParameter['type'] {
  return types.find((type) => type === text) ?? 'string'
}
