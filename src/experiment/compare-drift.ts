import type { Observation } from '../domain/comparison.ts'
import { normalCdf } from './stats-normal.ts'

/** A metric that rose or fell while an experiment ran. */
export interface Drift {
  /** Means of the trials of the first and of the second half of the blocks. */
  readonly early: number
  readonly late: number
  readonly p: number
}

/**
 * Whether values change with the order of the run: the correlation of block and mean value of the block, times √(n - 1), as
 * a standard normal figure (for passes the trend test of Cochran 1954 and Armitage 1955). Trials of one block share their
 * case, so that a block counts once. Undefined where nothing varies, or with under 20 blocks.
 */
export function driftOf(observations: readonly Observation[], key: string): Drift | undefined {
  const trials = observations.flatMap(({ block, values }) => {
    const value = values[key]
    return block === undefined || value === undefined ? [] : [{ block, value }]
  })
  const points = [...Map.groupBy(trials, ({ block }) => block)].map(([block, members]) => ({
    block,
    value: mean(members.map(({ value }) => value)),
  }))
  if (points.length < 20) return undefined
  const block = mean(points.map((point) => point.block))
  const value = mean(points.map((point) => point.value))
  const moment = (of: (point: { block: number; value: number }) => number): number => mean(points.map(of))
  const together = moment((point) => (point.block - block) * (point.value - value))
  const spread = moment((point) => (point.block - block) ** 2) * moment((point) => (point.value - value) ** 2)
  if (!(spread > 0)) return undefined
  const z = (together / Math.sqrt(spread)) * Math.sqrt(points.length - 1)
  return {
    early: mean(points.filter((point) => point.block <= block).map((point) => point.value)),
    late: mean(points.filter((point) => point.block > block).map((point) => point.value)),
    p: 2 * normalCdf(-Math.abs(z)),
  }
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, each) => sum + each, 0) / list.length
}
