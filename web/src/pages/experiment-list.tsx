import { useFormat, useText } from '../lib/i18n.ts'
import { RunLink } from '../parts/run-link.tsx'
import { runValue, Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { durationOf } from './runs-table.tsx'
import type { ReactElement } from 'react'
import type { ApiRun } from '../../../src/client/types.ts'

interface WorkTableProps {
  readonly runs: readonly ApiRun[]
  /** Shows how many trials are over. */
  readonly withTrials?: boolean | undefined
}

/** Runs of one kind as a table. */
export function WorkTable({ runs, withTrials = false }: WorkTableProps): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('run.verdict')}</th>
          <th scope="col">{t('run.run')}</th>
          {withTrials && (
            <th scope="col" className="figure">
              {t('experiment.trials')}
            </th>
          )}
          <th scope="col" className="figure">
            {t('run.duration')}
          </th>
          <th scope="col">{t('run.begun')}</th>
          <th scope="col">{t('run.by')}</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => {
          const ms = durationOf(run)
          return (
            <tr key={run.id} data-row>
              <td className="shrink">
                <Status of="run" value={runValue(run)} />
              </td>
              <th scope="row" className="name">
                <RunLink run={run} />
                <span className="under">
                  <code className="quiet">{run.id}</code>
                </span>
                {run.reason !== undefined && <span className="under reason">{run.reason}</span>}
              </th>
              {withTrials && (
                <td className="figure" data-label={t('experiment.trials')}>
                  {run.progress && `${format.number(run.progress.done)} / ${format.number(run.progress.total)}`}
                </td>
              )}
              <td className="figure" data-label={t('run.duration')}>
                {ms === undefined ? '' : format.duration(ms)}
              </td>
              <td className="shrink" data-label={t('run.begun')}>
                <Time at={run.startedAt ?? run.createdAt} />
              </td>
              <td data-label={t('run.by')}>{run.startedBy ?? t('run.commandLine')}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
