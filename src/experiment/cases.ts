import { setImmediate } from 'node:timers/promises'
import type { CaseSpec } from '../domain/case.ts'
import { GreenloopError } from '../domain/errors.ts'
import type { Dataset, LoadedPlan } from '../domain/experiment.ts'
import type { Workflow } from '../domain/workflow.ts'
import { combineParameters } from './cases-combine.ts'
import type { Combinations } from './cases-combine.ts'
import type { Cover } from './cases-cover.ts'
import { dimensionsOf } from './cases-dimensions.ts'
import type { CaseMode, Dimensions } from './cases-dimensions.ts'
import { createFindings } from './cases-findings.ts'
import type { Findings } from './cases-findings.ts'
import { nameTest } from './cases-constraints.ts'
import { diversified } from './cases-diversify.ts'
import { collectCases } from './cases-merge.ts'
import type { CaseCollection } from './cases-merge.ts'
import { missingTest } from './cases-required.ts'
import { caseOf, fixedBy, rowsOf } from './cases-row.ts'
import type { DatasetRow } from './cases-row.ts'
import { productOf } from './cases-spread.ts'
import { variantsFor } from './manifests-variants.ts'

/** How the cases of one workflow on one dataset came about. */
export interface CaseDesign {
  readonly workflowId: string
  readonly dataset: string
  readonly mode: CaseMode
  readonly rows: number
  /** Combinations of parameters that a row is tried with, at most. */
  readonly parameterRows: number
  /** Cases that were made; those that were there already are not among them. */
  readonly cases: number
  /** Rows times all combinations of the parameters, rounded beyond 2^53. */
  readonly product: number
  /** Share of the product that does not have to be run, 0 to 1. */
  readonly saved: number
  /** Sets of values that meet in the combinations, and those that constraints forbid. */
  readonly tuples?: { readonly covered: number; readonly infeasible: number } | undefined
  /** Values in such a set: 2 for pairs. */
  readonly strength?: number | undefined
  /** Whether the combinations were cut short, so that sets of values are missing in them. */
  readonly isCut?: boolean | undefined
  /** No covering array has fewer combinations. */
  readonly lowerBound?: number | undefined
  /** What made the combinations. */
  readonly engine?: string | undefined
}

/** The cases of a plan. */
export interface GeneratedCases {
  readonly byWorkflow: Readonly<Record<string, readonly CaseSpec[]>>
  readonly designs: readonly CaseDesign[]
  readonly warnings: readonly string[]
}

/** What cases are made with. */
export interface CaseMaking {
  readonly cover: Cover
  readonly signal?: AbortSignal | undefined
}

/** More of them would not fit into memory together with what is done with them. */
const mostCases = 1_000_000
const breath = 1000
/** Above this many arrays for one dataset, none of them is searched for long. */
const fewArrays = 10

/**
 * Makes the cases of every workflow of a plan: each row of its datasets, conversations first, with each combination of
 * parameters. Throws `plan_invalid` with every problem of all datasets, and `cancelled` on an abort.
 */
export async function generateCases(plan: LoadedPlan, making: CaseMaking): Promise<GeneratedCases> {
  const findings = createFindings(plan.files.plan)
  const designs: CaseDesign[] = []
  const byWorkflow: [string, readonly CaseSpec[]][] = []
  for (const { workflow, datasets } of triedWorkflows(plan, findings)) {
    const collection = collectCases()
    for (const dataset of datasets) {
      const work = { plan, workflow, dataset, collection, findings, making }
      designs.push(await addDataset(work))
    }
    byWorkflow.push([workflow.id, collection.cases])
  }
  findings.throwProblems()
  return { byWorkflow: Object.fromEntries(byWorkflow), designs, warnings: findings.warnings }
}

/** Workflows that a plan tries, with their datasets. Without any dataset there is one with an empty row. */
function triedWorkflows({ experiment, catalog }: LoadedPlan, findings: Findings) {
  const entries = experiment.workflows ?? catalog.workflows.map(({ id }) => ({ id, datasets: undefined }))
  return entries.flatMap(({ id, datasets: wanted }) => {
    const workflow = catalog.workflows.find((each) => each.id === id)
    if (workflow === undefined) findings.problem(`the catalog has no workflow \`${id}\``)
    const names = wanted ?? experiment.datasets.map(({ name }) => name)
    const datasets = names.flatMap((name) => {
      const dataset = experiment.datasets.find((each) => each.name === name)
      if (dataset === undefined) findings.problem(`workflow \`${id}\` names a dataset \`${name}\` that is not there`)
      return dataset ?? []
    })
    return workflow === undefined ? [] : [{ workflow, datasets: names.length === 0 ? [emptyDataset] : datasets }]
  })
}

const emptyDataset: Dataset = {
  name: 'default',
  parameters: {},
  constraints: [],
  scenarios: [],
  conversationFlows: [],
  checks: [],
}

interface Work {
  readonly plan: LoadedPlan
  readonly workflow: Workflow
  readonly dataset: Dataset
  readonly collection: CaseCollection
  readonly findings: Findings
  readonly making: CaseMaking
}

async function addDataset(work: Work): Promise<CaseDesign> {
  const { plan, workflow, dataset, findings } = work
  const dimensions = dimensionsOf(plan, workflow, dataset)
  const where = `\`${workflow.id}\` on dataset \`${dataset.name}\``
  for (const warning of dimensions.warnings) findings.warning(warning)
  for (const problem of dimensions.problems) findings.problem(problem)
  const rows = rowsOf(dataset)
  const combined = await combineRows(rows, dimensions, { ...work, where })
  const total = combined.reduce((sum, { combinations }) => sum + combinations.rows.length, 0)
  if (total > mostCases)
    findings.problem(`${where}: ${rows.length} rows with their parameters make ${total} cases, more than ${mostCases}`)
  if (dimensions.mode === 'cartesian' && rows.length > dimensions.maxCases)
    findings.warning(
      `${where}: max_cases is ${dimensions.maxCases}, but every one of the ${rows.length} rows is tried once`,
    )
  const added = total > mostCases ? 0 : await addCases(combined, dimensions, { ...work, where })
  const product = combined.reduce((sum, { row }) => sum + productFor(row, dimensions), 0n)
  const [first] = combined
  return {
    workflowId: workflow.id,
    dataset: dataset.name,
    mode: dimensions.mode,
    rows: rows.length,
    parameterRows: combined.reduce((most, { combinations }) => Math.max(most, combinations.rows.length), 0),
    cases: added,
    product: Number(product),
    saved: product === 0n ? 0 : Math.max(0, 1 - total / Number(product)),
    tuples: dimensions.mode === 'pairwise' ? first?.combinations.tuples : undefined,
    ...(dimensions.mode === 'pairwise' ? { strength: dimensions.strength, isCut: first?.combinations.isCut } : {}),
    lowerBound: dimensions.mode === 'pairwise' ? first?.combinations.lowerBound : undefined,
    engine: first?.combinations.engine,
  }
}

function productFor(row: DatasetRow, dimensions: Dimensions): bigint {
  const { mode, values, combined } = dimensions
  const fixed = fixedBy(row, dimensions)
  const open = [...values].filter(([name]) => !fixed.has(name) && (mode === 'scenario_only' || combined.has(name)))
  return productOf(open.map(([, each]) => each.length))
}

type Placed = Work & { readonly where: string }

interface CombinedRow {
  readonly row: DatasetRow
  readonly combinations: Combinations
}

/** Rows that fix the same parameters, as far as constraints care for their values, share their combinations. */
async function combineRows(rows: readonly DatasetRow[], dimensions: Dimensions, work: Placed): Promise<CombinedRow[]> {
  const { findings, making, where } = work
  const isConstrained = nameTest(dimensions.constraints)
  const keyed = rows.map((row) => {
    const fixed = fixedBy(row, dimensions)
    const key = JSON.stringify([...fixed].map(([name, value]) => (isConstrained(name) ? [name, value] : [name])))
    return { row, fixed, key }
  })
  const quick = new Set(keyed.map(({ key }) => key)).size > fewArrays
  const most = Math.max(1, Math.floor(dimensions.maxCases / rows.length))
  const known = new Map<string, Combinations | undefined>()
  const combined: CombinedRow[] = []
  for (const { row, fixed, key } of keyed) {
    if (!known.has(key)) {
      refuseCancelled(making)
      const place = fixed.size === 0 ? where : `${where}, row "${row.name}"`
      const parts = { cover: making.cover, fixed, most, quick }
      const combinations = await findings.trying(place, dimensions.constraintPlaces, () =>
        combineParameters(dimensions, parts),
      )
      for (const warning of combinations?.warnings ?? []) findings.warning(`${place}: ${warning}`)
      known.set(key, combinations)
    }
    const combinations = known.get(key)
    if (combinations !== undefined) combined.push({ row, combinations })
  }
  return combined
}

function refuseCancelled({ signal }: CaseMaking): void {
  if (signal?.aborted === true) throw new GreenloopError('cancelled', 'making the cases was interrupted')
}

async function addCases(
  combined: readonly CombinedRow[],
  dimensions: Dimensions,
  { plan, workflow, dataset, collection, findings, making, where }: Placed,
): Promise<number> {
  const missing = missingTest(workflow, variantsFor(plan.experiment, workflow.id))
  const before = collection.cases.length
  let made = 0
  for (const { row, combinations } of combined) {
    const onMissing = (name: string): void => findings.count(`${where}: nothing fills \`{{${name}}}\``, row.name)
    for (const parameters of diversified(combinations.rows, dimensions, row.content)) {
      if (++made % breath === 0) await setImmediate()
      refuseCancelled(making)
      const own = caseOf(row, { dataset: dataset.name, parameters, dimensions, onMissing })
      for (const name of missing(own.spec))
        findings.countProblem(`${where}: the required parameter \`${name}\` has no value`, row.name)
      const fate = collection.add(own)
      if (fate === 'merged') findings.count(`${where}: a case is there already and is run once`, own.spec.name)
      if (fate === 'clash') findings.problem(`${where}: two different cases have the id ${own.spec.id}; change a row`)
    }
  }
  return collection.cases.length - before
}
