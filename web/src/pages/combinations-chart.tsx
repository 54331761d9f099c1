import { useFormat, useText } from '../lib/i18n.ts'
import type { ReactElement } from 'react'

const width = 640
const height = 240
const left = 52
const right = 16
const top = 12
const bottom = 40
const mostPoints = 400
const tableRows = 20

/** How the covered share grows with the rows: a line, and the same as a table. */
export function GrowthChart({ growth }: { readonly growth: readonly number[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  const count = growth.length
  const x = (row: number): number => left + (row / count) * (width - left - right)
  const y = (share: number): number => top + (1 - share) * (height - top - bottom)
  const picked = spread(count, mostPoints)
  const points = [[0, 0] as const, ...picked.map((row) => [row, growth[row - 1] ?? 0] as const)]
  const line = points.map(([row, share]) => `${x(row).toFixed(1)},${y(share).toFixed(1)}`).join(' ')
  const label = t('combinations.chart', {
    rows: count,
    first: format.percent(growth[0] ?? 0),
    last: format.percent(growth.at(-1) ?? 0),
  })
  return (
    <div className="stack">
      <svg className="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <g key={share}>
            <line className="grid" x1={left} x2={width - right} y1={y(share)} y2={y(share)} />
            <text x={left - 8} y={y(share) + 4} textAnchor="end">
              {format.percent(share)}
            </text>
          </g>
        ))}
        {spread(count, 5).map((row) => (
          <text key={row} x={x(row)} y={height - bottom + 18} textAnchor="middle">
            {format.number(row)}
          </text>
        ))}
        <text x={(left + width - right) / 2} y={height - 4} textAnchor="middle">
          {t('combinations.chartRows')}
        </text>
        <text x={left + 6} y={top + 12}>
          {t('combinations.chartShare')}
        </text>
        <polyline className="curve" points={line} />
      </svg>
      <GrowthTable growth={growth} />
    </div>
  )
}

function GrowthTable({ growth }: { readonly growth: readonly number[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <details>
      <summary>{t('combinations.asTable')}</summary>
      <table className="table keep">
        <thead>
          <tr>
            <th scope="col" className="figure">
              {t('combinations.row')}
            </th>
            <th scope="col" className="figure">
              {t('combinations.share')}
            </th>
          </tr>
        </thead>
        <tbody>
          {spread(growth.length, tableRows).map((row) => (
            <tr key={row}>
              <td className="figure">{format.number(row)}</td>
              <td className="figure">{format.percent(growth[row - 1] ?? 0, 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

/** At most so many numbers from 1 to `count`, evenly, the last among them. */
function spread(count: number, most: number): readonly number[] {
  const shown = Math.min(count, most)
  return Array.from({ length: shown }, (_, at) => Math.round(((at + 1) * count) / shown))
}
