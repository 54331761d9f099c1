import type { Scalar } from '../domain/case.ts'
import type { Observation, SuspectInteraction } from '../domain/comparison.ts'

type Parameters = Readonly<Record<string, Scalar>>

/** What came of one combination of parameters, over all trials with it. */
export interface CountedRow {
  readonly values: Parameters
  readonly passed: number
  readonly failed: number
}

/** Finds the combinations of values that failures come from, the likeliest first. */
export type Localise = (
  parameters: Readonly<Record<string, readonly Scalar[]>>,
  rows: readonly CountedRow[],
) => readonly {
  readonly parameters: Parameters
  readonly failed: number
  readonly passed: number
  readonly explains: boolean
}[]

/** Suspects of one variant that are named, at most. */
const mostNamed = 10

/**
 * Combinations of parameters that seem to fail, by workflow and variant. Nothing is blamed where everything fails or
 * nothing does, where no parameter has two values, or where trials without the combination fail as often.
 */
export function findSuspects(observations: readonly Observation[], localise: Localise): SuspectInteraction[] {
  const groups = Map.groupBy(observations, ({ workflowId, variantId }) => JSON.stringify([workflowId, variantId]))
  return [...groups.values()].flatMap((members) => {
    const [first] = members
    if (first === undefined) return []
    const { workflowId, variantId } = first
    return suspectsOf(countRows(members), localise).map((suspect) => ({ workflowId, variantId, ...suspect }))
  })
}

function suspectsOf(rows: readonly CountedRow[], localise: Localise) {
  const values = valuesOf(rows)
  const varying = Object.keys(values).filter((name) => (values[name]?.length ?? 0) > 1)
  const failed = rows.reduce((sum, row) => sum + row.failed, 0)
  const passed = rows.reduce((sum, row) => sum + row.passed, 0)
  if (varying.length === 0 || failed === 0 || passed === 0) return []
  const parameters = Object.fromEntries(varying.map((name) => [name, values[name] ?? []]))
  const narrowed = rows.map((row) => ({
    ...row,
    values: Object.fromEntries(varying.map((name) => [name, row.values[name] ?? null])),
  }))
  return localise(parameters, narrowed)
    .filter((suspect) => suspect.failed * (passed - suspect.passed) > suspect.passed * (failed - suspect.failed))
    .toSorted((x, y) => Number(y.explains) - Number(x.explains))
    .slice(0, mostNamed)
}

/** Trials by combination: rows of a dataset that share their parameters are runs of the same combination. */
function countRows(observations: readonly Observation[]): CountedRow[] {
  const names = [...new Set(observations.flatMap(({ parameters }) => Object.keys(parameters)))].sort()
  const counts = new Map<string, { values: Parameters; passed: number; failed: number }>()
  for (const { parameters, values } of observations) {
    const passed = values['pass_rate']
    if (passed === undefined || names.some((name) => parameters[name] === undefined)) continue
    const key = JSON.stringify(names.map((name) => parameters[name]))
    const row = counts.get(key) ?? { values: parameters, passed: 0, failed: 0 }
    if (passed === 1) row.passed++
    else row.failed++
    counts.set(key, row)
  }
  return [...counts.values()]
}

function valuesOf(rows: readonly CountedRow[]): Record<string, Scalar[]> {
  const values: Record<string, Set<Scalar>> = {}
  for (const row of rows) {
    for (const [name, value] of Object.entries(row.values)) (values[name] ??= new Set()).add(value)
  }
  return Object.fromEntries(Object.entries(values).map(([name, set]) => [name, [...set]]))
}
