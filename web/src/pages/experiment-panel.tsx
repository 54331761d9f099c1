import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Code } from '../parts/code.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Diff } from '../parts/diff.tsx'
import { Select } from '../parts/field.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import { Status } from '../parts/status.tsx'
import { trialOf } from './experiment-trial.ts'
import { Parameters } from './experiment-suspects.tsx'
import type { ReactElement } from 'react'
import type { ApiTaskDetail } from '../../../src/client/types.ts'
import type { MatrixColumn, MatrixRow } from './experiment-matrix.tsx'
import type { Trial } from './experiment-trial.ts'

interface TrialPanelProps {
  readonly runId: string
  readonly row: MatrixRow
  /** The variant whose cell was opened. */
  readonly column: MatrixColumn
  readonly columns: readonly MatrixColumn[]
  readonly onClose: () => void
}

/** Answers of variants to one case, side by side. */
export function TrialPanel({ runId, row, column, columns, onClose }: TrialPanelProps): ReactElement {
  const t = useText()
  const seqs = (key: string): readonly number[] => row.cells[key]?.seqs ?? []
  const others = columns.filter(({ key, workflowId }) => key !== column.key && workflowId === row.workflowId)
  const usual = (column.isBaseline ? others[0] : others.find(({ isBaseline }) => isBaseline)) ?? others[0]
  const [beside, setBeside] = useState(usual?.key ?? '')
  const [repeat, setRepeat] = useState(0)
  const other = others.find(({ key }) => key === beside)
  const repeats = Math.max(seqs(column.key).length, other === undefined ? 0 : seqs(other.key).length)
  const left = useTrial(runId, seqs(column.key)[repeat])
  const right = useTrial(runId, other === undefined ? undefined : seqs(other.key)[repeat])
  const asked = left.trial ?? right.trial
  return (
    <Dialog title={t('experiment.answers', { name: row.name })} open onClose={onClose} wide>
      <div className="row">
        <Parameters values={row.parameters} />
      </div>
      <div className="filters">
        {others.length > 0 && (
          <Select
            label={t('experiment.compareWith')}
            value={beside}
            options={[
              ...others.map(({ key, variantId }) => ({ value: key, label: variantId })),
              { value: '', label: t('experiment.nothing') },
            ]}
            onChange={(event) => setBeside(event.target.value)}
          />
        )}
        {repeats > 1 && (
          <Select
            label={t('experiment.repeat')}
            value={String(repeat)}
            options={Array.from({ length: repeats }, (_, at) => ({ value: String(at), label: String(at + 1) }))}
            onChange={(event) => setRepeat(Number(event.target.value))}
          />
        )}
      </div>
      {asked && <Question trial={asked} />}
      <div className="trial-answers">
        {other && <TrialAnswer runId={runId} column={other} asked={right} />}
        <TrialAnswer runId={runId} column={column} asked={left} />
      </div>
      {other && left.trial && right.trial && left.trial.text !== right.trial.text && (
        <details>
          <summary>{t('experiment.differences')}</summary>
          <Diff before={right.trial.text} after={left.trial.text} labels={[other.variantId, column.variantId]} />
        </details>
      )}
    </Dialog>
  )
}

/** A trial that was asked for. */
interface AskedTrial {
  readonly seq: number | undefined
  readonly task: ApiTaskDetail | undefined
  readonly trial: Trial | undefined
  readonly error: Error | null
}

function useTrial(runId: string, seq: number | undefined): AskedTrial {
  const { data, error } = useApi(
    'getTask',
    { params: { id: runId, seq: seq ?? 0 } },
    { enabled: seq !== undefined, keep: false },
  )
  const task = seq === undefined ? undefined : data
  return { seq, task, trial: task && trialOf(task), error }
}

function Question({ trial }: { readonly trial: Trial }): ReactElement {
  const t = useText()
  return (
    <details open={trial.question !== undefined}>
      <summary>{t(trial.question === undefined ? 'experiment.inputs' : 'experiment.question')}</summary>
      {trial.question !== undefined && <Code text={trial.question} label={t('experiment.question')} />}
      {trial.inputs !== undefined && <Code text={trial.inputs} label={t('experiment.inputs')} />}
    </details>
  )
}

interface TrialAnswerProps {
  readonly runId: string
  readonly column: MatrixColumn
  readonly asked: AskedTrial
}

function TrialAnswer({ runId, column, asked }: TrialAnswerProps): ReactElement {
  const t = useText()
  const { seq, task, trial, error } = asked
  return (
    <section className="trial-answer" aria-label={column.variantId}>
      <h3>
        {column.variantId} {column.isBaseline && <span className="chip">{t('experiment.baseline')}</span>}
      </h3>
      {error && <Problem error={error} />}
      {seq === undefined && <p className="quiet">{t('experiment.cellNone')}</p>}
      {seq !== undefined && !task && !error && <Loading />}
      {task && (
        <>
          <p className="row">
            <Status of="trial" value={task.verdict} />
            {trial && <Figures trial={trial} />}
          </p>
          {trial ? (
            <Told trial={trial} variant={column.variantId} />
          ) : (
            <p className="quiet">{t(task.attempts === 0 ? 'experiment.trialPending' : 'experiment.noAnswer')}</p>
          )}
          <Link to="/runs/$id/tests/$seq" params={{ id: runId, seq: String(seq) }}>
            {t('experiment.openTrial')}
          </Link>
        </>
      )}
    </section>
  )
}

function Figures({ trial: { latencyMs, tokens, cost } }: { readonly trial: Trial }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <span className="row quiet">
      {latencyMs !== undefined && (
        <span>
          {t('experiment.latency')} {format.duration(latencyMs)}
        </span>
      )}
      {tokens !== undefined && (
        <span>
          {t('experiment.tokens')} {format.number(tokens)}
        </span>
      )}
      {cost !== undefined && (
        <span>
          {t('experiment.cost')} {cost}
        </span>
      )}
    </span>
  )
}

interface ToldProps {
  readonly trial: Trial
  readonly variant: string
}

function Told({ trial: { text, error, checks }, variant }: ToldProps): ReactElement {
  const t = useText()
  return (
    <>
      {error !== undefined && (
        <p className="tone-bad">
          {t('experiment.error')}: {error}
        </p>
      )}
      {text === '' ? (
        <p className="quiet">{t('experiment.noAnswer')}</p>
      ) : (
        <Code text={text} label={`${t('experiment.answer')}: ${variant}`} />
      )}
      {checks.length > 0 && (
        <ul className="check-list" aria-label={t('experiment.checks')}>
          {checks.map((check, at) => (
            // Checks may bear the same name, and never change places.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={at}>
              <Status of="check" value={check.outcome} />
              <div>
                {check.name}
                {check.reason !== '' && <p className="quiet">{check.reason}</p>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
