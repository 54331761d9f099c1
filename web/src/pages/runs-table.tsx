import { now } from '../lib/clock.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { RunLink } from '../parts/run-link.tsx'
import { RunProgressBar, RunProgressWords } from '../parts/run-progress.tsx'
import { runValue, Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import type { ReactElement } from 'react'
import type { ApiRun } from '../../../src/client/types.ts'

/** What a table of runs shows of their tests: a bar, a count of trials, or nothing. A list of one kind does not name it. */
type Progress = 'bar' | 'trials' | 'none'

interface RunTableProps {
  readonly runs: readonly ApiRun[]
  readonly progress?: Progress | undefined
}

/** Runs as a table. */
export function RunTable({ runs, progress = 'bar' }: RunTableProps): ReactElement {
  const t = useText()
  return (
    <table className={progress === 'bar' ? 'table runs' : 'table'}>
      <thead>
        <tr>
          <th scope="col">{t('run.verdict')}</th>
          <th scope="col">{t('run.run')}</th>
          {progress === 'bar' && <th scope="col">{t('run.tests')}</th>}
          {progress === 'trials' && (
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
        {runs.map((run) => (
          <RunRow key={run.id} run={run} shown={progress} />
        ))}
      </tbody>
    </table>
  )
}

function RunRow({ run, shown }: { readonly run: ApiRun; readonly shown: Progress }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { progress } = run
  const isLive = run.status === 'running'
  const ms = durationOf(run)
  return (
    <tr data-row>
      <td className="shrink">
        <Status of="run" value={runValue(run)} />
      </td>
      <th scope="row" className="name">
        <RunLink run={run} />
        <span className="under">
          {shown === 'bar' && <span className="chip">{t(`run.kind.${run.kind}`)}</span>}{' '}
          <code className="quiet">{run.id}</code>
        </span>
        {run.reason !== undefined && <span className="under reason">{run.reason}</span>}
      </th>
      {shown === 'bar' && (
        <td className="progress-cell" data-label={progress && t('run.tests')}>
          {progress && (
            <>
              <RunProgressWords progress={progress} />
              <RunProgressBar progress={progress} live={isLive} />
            </>
          )}
        </td>
      )}
      {shown === 'trials' && (
        <td className="figure" data-label={t('experiment.trials')}>
          {progress && `${format.number(progress.done)} / ${format.number(progress.total)}`}
        </td>
      )}
      <td className="figure" data-label={t('run.duration')}>
        {ms === undefined ? '' : format.duration(ms)}
      </td>
      <td className="shrink" data-label={t('run.begun')}>
        <Time at={run.startedAt ?? run.createdAt} />
      </td>
      <td className="by" data-label={t('run.by')}>
        {run.startedBy ?? t('run.commandLine')}
      </td>
    </tr>
  )
}

/** How long a run took, or goes on so far. */
export function durationOf({ status, startedAt, finishedAt }: ApiRun): number | undefined {
  if (startedAt === undefined) return undefined
  const end = finishedAt === undefined ? (status === 'running' ? now() : undefined) : Date.parse(finishedAt)
  return end === undefined ? undefined : Math.max(0, end - Date.parse(startedAt))
}
