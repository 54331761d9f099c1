import type { Observation } from '../domain/comparison.ts'
import type { Clustered } from './stats-mean.ts'

/** Trials of one variant, each with the index of its case. */
export interface VariantTable {
  readonly variantId: string
  readonly observations: readonly Observation[]
  readonly cases: Int32Array
}

/** Trials of one workflow by variant. Cases, and clusters of cases, are numbered over all its variants. */
export interface WorkflowTable {
  readonly workflowId: string
  readonly caseCount: number
  /** Cluster by case. */
  readonly clusters: Int32Array
  readonly variants: ReadonlyMap<string, VariantTable>
}

/** Sum and number of the values of each case. */
export interface Column {
  readonly sums: Float64Array
  readonly counts: Float64Array
}

/** Sorts trials by workflow and variant; workflows in the order in which they turn up, variants in the one given. */
export function tabulate(observations: readonly Observation[], variants: readonly string[]): WorkflowTable[] {
  return [...Map.groupBy(observations, ({ workflowId }) => workflowId)].map(([workflowId, members]) => {
    const caseIndex = new Map<string, number>()
    const clusterIndex = new Map<string, number>()
    const clusters: number[] = []
    for (const { caseId, cluster } of members) {
      if (caseIndex.has(caseId)) continue
      caseIndex.set(caseId, caseIndex.size)
      const name = cluster === undefined ? `case ${caseId}` : `cluster ${cluster}`
      const index = clusterIndex.get(name) ?? clusterIndex.size
      clusterIndex.set(name, index)
      clusters.push(index)
    }
    const groups = Map.groupBy(members, ({ variantId }) => variantId)
    const order = [
      ...variants.filter((id) => groups.has(id)),
      ...[...groups.keys()].filter((id) => !variants.includes(id)),
    ]
    const tables = order.map((variantId): [string, VariantTable] => {
      const own = groups.get(variantId) ?? []
      const cases = Int32Array.from(own, ({ caseId }) => caseIndex.get(caseId) as number)
      return [variantId, { variantId, observations: own, cases }]
    })
    return { workflowId, caseCount: caseIndex.size, clusters: Int32Array.from(clusters), variants: new Map(tables) }
  })
}

/** How values of a column are read. */
interface Reading {
  readonly key: string
  /** What trials count as that the server or a check lost; they count for nothing unless set. */
  readonly missingAs?: number | undefined
}

/** Values of one metric by case. */
export function columnOf(
  { observations, cases }: VariantTable,
  { caseCount }: Pick<WorkflowTable, 'caseCount'>,
  { key, missingAs }: Reading,
): Column {
  const sums = new Float64Array(caseCount)
  const counts = new Float64Array(caseCount)
  observations.forEach(({ values, missing }, index) => {
    const isLost = missing === 'infrastructure' || missing === 'judge'
    const value = values[key] ?? (isLost ? missingAs : undefined)
    if (value === undefined) return
    const at = cases[index] as number
    sums[at] = (sums[at] as number) + value
    counts[at] = (counts[at] as number) + 1
  })
  return { sums, counts }
}

/** Values of single cases put together by cluster; clusters without a value are left out. */
export function clusterUp(values: ArrayLike<number | undefined>, clusters: Int32Array): Clustered {
  const sums = new Map<number, { sum: number; size: number }>()
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (value === undefined) continue
    const cluster = clusters[index] as number
    const known = sums.get(cluster)
    if (known === undefined) sums.set(cluster, { sum: value, size: 1 })
    else {
      known.sum += value
      known.size += 1
    }
  }
  return {
    sums: Float64Array.from(sums.values(), ({ sum }) => sum),
    sizes: Float64Array.from(sums.values(), ({ size }) => size),
  }
}
