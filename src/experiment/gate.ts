import type { Estimate, GateResult, Interval } from '../domain/comparison.ts'
import type { ComparedMetric } from './compare-metrics.ts'
import { trialValues } from './compare-summary.ts'
import { clusterUp, type WorkflowTable } from './compare-table.ts'
import { figureText, intervalText } from './compare-text.ts'
import type { GateGround } from './gate-ground.ts'
import { comparePaired, type PairedGate } from './gate-pair.ts'
import { figureName, gateProblems, shareOf, type Gate, type GateFigure, type GateSide } from './gate-parse.ts'
import { bootstrapQuantile } from './stats-bootstrap.ts'
import { clusteredMean, meanInterval } from './stats-mean.ts'

/**
 * Whether a gate holds, in every workflow that it is for. A figure against a number goes by the figure itself; two variants
 * go by the bound of their difference, so that what nothing proves does not pass.
 */
export function evaluateGate(gate: Gate, ground: GateGround): GateResult {
  const workflows = ground.tables.map(({ workflowId }) => workflowId)
  const problems = gateProblems(gate, { variants: ground.variants, workflows, primary: ground.metrics[0]?.name ?? '' })
  if (problems.length > 0) return { gate: gate.text, passed: false, reason: problems.join('; ') }
  const tables = ground.tables.filter(({ workflowId }) => gate.workflow === undefined || gate.workflow === workflowId)
  const results = tables.map((table) => ({ workflowId: table.workflowId, ...evaluateIn(table, gate, ground) }))
  const passed = results.length > 0 && results.every((result) => result.passed)
  const reasons = results.map(({ workflowId, reason }) => (results.length > 1 ? `${workflowId}: ${reason}` : reason))
  return { gate: gate.text, passed, reason: reasons.length > 0 ? reasons.join('; ') : 'there is nothing to go by' }
}

type Judged = Pick<GateResult, 'passed' | 'reason'>

function evaluateIn(table: WorkflowTable, gate: Gate, ground: GateGround): Judged {
  const { left, right, operator } = gate
  const figure = left.figure ?? right.figure
  const wanted = figure?.metric
  const metric = wanted === undefined ? ground.metrics[0] : ground.metrics.find(({ name }) => name === wanted)
  if (figure === undefined || metric === undefined) {
    const names = ground.metrics.map(({ name }) => name).join(', ')
    return { passed: false, reason: `no trial has a value of ${wanted ?? 'the primary metric'}; there are ${names}` }
  }
  if (left.figure !== undefined && right.figure !== undefined) {
    const paired: PairedGate = { table, metric, left, right, operator, first: left.figure, second: right.figure }
    return comparePaired(paired, ground)
  }
  const value = valueOf(figure, { table, metric }, ground)
  if (value === undefined) return { passed: false, reason: `nothing was scored for ${figureName(figure)}` }
  const sides = [left, right].map((side) => amountOf(side, value.value)) as [number, number]
  const passed = holds(operator, ...sides)
  const end = sides[left.figure === undefined ? 0 : 1]
  const shown = left.figure === undefined ? sides[1] : sides[0]
  const interval = value.interval === undefined || figure.bound !== undefined ? '' : `${intervalText(value.interval)}, `
  const verb = passed ? 'holds against' : 'does not hold against'
  const reason = `${figureName(figure)} = ${figureText(shown)} (${interval}${value.cases} cases) ${verb} ${figureText(end)}`
  return { passed, reason }
}

/** Whether an operator holds between two numbers. */
function holds(operator: Gate['operator'], left: number, right: number): boolean {
  switch (operator) {
    case '>=':
      return left >= right
    case '>':
      return left > right
    case '<=':
      return left <= right
    case '<':
      return left < right
  }
}

function amountOf({ figure, factor, offset }: GateSide, value: number): number {
  return figure === undefined ? offset : factor * value + offset
}

interface Place {
  readonly table: WorkflowTable
  readonly metric: ComparedMetric
}

interface Valued {
  readonly value: number
  readonly interval: Interval | undefined
  readonly cases: number
}

function valueOf(figure: GateFigure, { table, metric }: Place, ground: GateGround): Valued | undefined {
  const summary = ground.summaries.find(
    ({ workflowId, variantId }) => workflowId === table.workflowId && variantId === figure.variant,
  )
  const estimate = summary?.estimates.find((each) => each.metric === metric.name)
  if (estimate?.value === undefined) return undefined
  const plain = { value: estimate.value, interval: estimate.interval, cases: estimate.cases }
  const whole = figure.statistic === undefined ? plain : statisticOf(figure, { table, metric, estimate }, ground)
  if (figure.bound === undefined) return whole
  const bound = figure.bound === 'lower' ? whole.interval?.low : whole.interval?.high
  return bound === undefined ? undefined : { ...whole, value: bound }
}

function statisticOf(
  { variant: variantId, statistic = 'mean' }: GateFigure,
  { table, metric, estimate }: Place & { readonly estimate: Estimate },
  { alpha, drawing }: GateGround,
): Valued {
  const empty = { variantId, observations: [], cases: new Int32Array() }
  const variant = table.variants.get(variantId) ?? empty
  const { values, clusters } = trialValues(metric.key, { variant, workflow: table })
  const { cases } = estimate
  if (statistic === 'mean') {
    const mean = clusteredMean(clusterUp(values, clusters))
    return { value: mean.mean, interval: mean.clusters < 2 ? undefined : meanInterval(mean, 1 - alpha), cases }
  }
  const share = shareOf(statistic)
  const name = `${table.workflowId} ${variantId} ${metric.name} ${statistic}`
  const bootstrap = bootstrapQuantile({ series: [{ values, clusters, factor: 1 }], share }, drawing(name))
  return { value: bootstrap.estimate, interval: cases < 2 ? undefined : bootstrap.interval(1 - alpha), cases }
}
