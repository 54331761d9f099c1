import { useState } from 'react'
import { useFormat, useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Card } from '../parts/page.tsx'
import { ProblemList } from '../parts/problem.tsx'
import { GrowthChart } from './combinations-chart.tsx'
import type { ReactElement } from 'react'
import type { ApiCombination } from '../../../src/client/types.ts'

interface ResultProps {
  readonly made: ApiCombination
  /** Another one is on its way. */
  readonly isStale: boolean
}

/** Rows with what they cover. */
export function CombinationResult({ made, isStale }: ResultProps): ReactElement {
  const t = useText()
  return (
    <div className={isStale ? 'stack stale' : 'stack'}>
      <Card
        title={t('combinations.rowsMade', { count: made.rowCount })}
        actions={
          <Button icon="download" onClick={() => download(made.csv)}>
            {t('combinations.download')}
          </Button>
        }
      >
        <Facts made={made} />
        {made.warnings.length > 0 && <ProblemList entries={made.warnings} />}
      </Card>
      {made.growth.length > 0 && (
        <Card title={t('combinations.growth')}>
          <GrowthChart growth={made.growth} />
        </Card>
      )}
      <Rows made={made} />
    </div>
  )
}

function Facts({ made }: { readonly made: ApiCombination }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { rowCount, lowerBound, tuples, strength, engine, durationMs } = made
  const more = lowerBound === undefined ? undefined : rowCount - lowerBound
  return (
    <dl className="facts">
      {lowerBound !== undefined && more !== undefined && (
        <div>
          <dt>{t('combinations.bound')}</dt>
          <dd>
            {format.number(lowerBound)}{' '}
            <span className="quiet">
              ({more <= 0 ? t('combinations.smallest') : t('combinations.tooMany', { count: more })})
            </span>
          </dd>
        </div>
      )}
      <div>
        <dt>{t('combinations.covered')}</dt>
        <dd>{format.number(tuples)}</dd>
      </div>
      <div>
        <dt>{t('combinations.strength')}</dt>
        <dd>{strength}</dd>
      </div>
      <div>
        <dt>{t('combinations.engine')}</dt>
        <dd>{t('combinations.madeBy', { engine, time: format.duration(durationMs) })}</dd>
      </div>
    </dl>
  )
}

const size = 100

function Rows({ made }: { readonly made: ApiCombination }): ReactElement {
  const t = useText()
  const format = useFormat()
  const [wanted, setFrom] = useState(0)
  const { rows, rowCount, parameters, growth } = made
  const from = wanted < rows.length ? wanted : 0
  const to = Math.min(rows.length, from + size)
  return (
    <div className="stack">
      <section className="table-scroll" aria-label={t('combinations.rows')} tabIndex={0}>
        <table className="table keep">
          <thead>
            <tr>
              <th scope="col" className="figure">
                {t('combinations.row')}
              </th>
              {parameters.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
              <th scope="col" className="figure">
                {t('combinations.share')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(from, to).map((row, at) => (
              // Rows have no name but their number.
              // oxlint-disable-next-line react/no-array-index-key
              <tr key={from + at}>
                <th scope="row" className="figure">
                  {from + at + 1}
                </th>
                {row.map((value, column) => (
                  <td key={parameters[column]?.name}>{value}</td>
                ))}
                <td className="figure">{format.percent(growth[from + at] ?? 0, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > size && (
        <nav className="pager" aria-label={t('common.pages')}>
          <span className="quiet">{t('combinations.more', { from: from + 1, to, count: rowCount })}</span>
          <Button icon="left" disabled={from === 0} onClick={() => setFrom(from - size)}>
            {t('combinations.previous')}
          </Button>
          <Button disabled={to >= rows.length} onClick={() => setFrom(from + size)}>
            {t('combinations.next')}
          </Button>
        </nav>
      )}
      {rowCount > rows.length && (
        <p className="quiet">{t('combinations.moreCsv', { count: rowCount, shown: rows.length })}</p>
      )}
    </div>
  )
}

function download(csv: string): void {
  const address = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = address
  link.download = 'combinations.csv'
  link.click()
  URL.revokeObjectURL(address)
}
