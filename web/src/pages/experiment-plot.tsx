import { useText } from '../lib/i18n.ts'
import { useMetricWords } from './experiment-words.ts'
import type { ReactElement } from 'react'
import type { Metric, Pair } from './experiment-words.ts'

const width = 760
const left = 190
const right = 24
const rowHeight = 30
const top = 34
const bottom = 44

interface ForestPlotProps {
  readonly metric: Metric
  readonly pairs: readonly Pair[]
}

/** Differences from the baseline with their intervals, one row for each variant. */
export function ForestPlot({ metric, pairs }: ForestPlotProps): ReactElement | null {
  const t = useText()
  const words = useMetricWords()
  const drawn = pairs.filter(({ difference }) => difference !== undefined)
  if (drawn.length === 0) return null
  const { reach, ticks } = scaleOf(drawn)
  const height = top + drawn.length * rowHeight + bottom
  const x = (value: number): number => left + ((value + reach) / (2 * reach)) * (width - left - right)
  const foot = top + drawn.length * rowHeight
  const [isBetterLeft, baseline] = [metric.better === 'lower', drawn[0]?.baseline ?? '']
  return (
    <figure className="forest">
      <figcaption className="vh">{t('experiment.plot', { metric: words.name(metric.name), baseline })}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <text
          className="axis-word"
          x={isBetterLeft ? left : width - right}
          y={16}
          textAnchor={isBetterLeft ? 'start' : 'end'}
        >
          {t(isBetterLeft ? 'experiment.plotBetterLeft' : 'experiment.plotBetterRight')}
        </text>
        {ticks.map((tick) => (
          <g key={tick}>
            <line className={tick === 0 ? 'zero' : 'tick'} x1={x(tick)} x2={x(tick)} y1={top - 8} y2={foot} />
            <text className="axis-word" x={x(tick)} y={foot + 16} textAnchor="middle">
              {words.difference(metric, tick)}
            </text>
          </g>
        ))}
        <text className="axis-word" x={x(0)} y={foot + 36} textAnchor="middle">
          {t('experiment.plotAxis')}
        </text>
        {drawn.map((pair, index) => (
          <PlotRow key={`${pair.workflowId} ${pair.variant}`} pair={pair} x={x} y={top + (index + 0.5) * rowHeight} />
        ))}
      </svg>
    </figure>
  )
}

interface PlotRowProps {
  readonly pair: Pair
  readonly x: (value: number) => number
  readonly y: number
}

const longestName = 26

function PlotRow({ pair, x, y }: PlotRowProps): ReactElement {
  const { workflowId, variant, interval, difference = 0, verdict } = pair
  const name = variant.length > longestName ? `${variant.slice(0, longestName - 1)}…` : variant
  return (
    <g className={`estimate ${verdict}`}>
      <text x={left - 14} y={y + 4} textAnchor="end">
        <title>{`${workflowId} / ${variant}`}</title>
        {name}
      </text>
      {interval && (
        <>
          <line x1={x(interval.low)} x2={x(interval.high)} y1={y} y2={y} />
          <line x1={x(interval.low)} x2={x(interval.low)} y1={y - 5} y2={y + 5} />
          <line x1={x(interval.high)} x2={x(interval.high)} y1={y - 5} y2={y + 5} />
        </>
      )}
      <circle cx={x(difference)} cy={y} r={5} />
    </g>
  )
}

/** An axis around zero that holds all intervals, with round steps. */
function scaleOf(pairs: readonly Pair[]): { readonly reach: number; readonly ticks: readonly number[] } {
  const ends = pairs.flatMap(({ difference = 0, interval }) => [difference, interval?.low ?? 0, interval?.high ?? 0])
  const widest = Math.max(...ends.map(Math.abs))
  const reach = widest === 0 ? 1 : widest * 1.1
  const rough = reach / 3
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power
  const most = Math.floor(reach / step)
  return { reach, ticks: Array.from({ length: 2 * most + 1 }, (_, index) => (index - most) * step) }
}
