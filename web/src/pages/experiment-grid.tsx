import { useId, useRef, useState } from 'react'
import { useFormat, useText } from '../lib/i18n.ts'
import { Icon } from '../parts/icon.tsx'
import { toneOf } from '../parts/status.tsx'
import { Parameters } from './experiment-suspects.tsx'
import type { KeyboardEvent, ReactElement } from 'react'
import type { IconName } from '../parts/icon.tsx'
import type { ApiComparison, ApiMatrix, MatrixCell } from '../../../src/client/types.ts'
import type { MatrixColumn, MatrixRow } from './experiment-matrix.tsx'

interface MatrixGridProps {
  readonly matrix: ApiMatrix
  readonly comparison: ApiComparison | undefined
  /** Cells without the beginning of their answer. */
  readonly isDense: boolean
  readonly onOpen: (row: MatrixRow, column: MatrixColumn) => void
}

interface Place {
  readonly row: number
  readonly column: number
}

/** The grid itself. One cell is in the order of Tab; arrow keys, Home and End move it. */
export function MatrixGrid({ matrix, comparison, isDense, onOpen }: MatrixGridProps): ReactElement {
  const t = useText()
  const help = useId()
  const body = useRef<HTMLTableSectionElement>(null)
  const [at, setAt] = useState<Place>({ row: 0, column: 0 })
  const { columns, items } = matrix
  const last = { row: items.length - 1, column: columns.length - 1 }
  const current = { row: Math.min(at.row, last.row), column: Math.min(at.column, last.column) }
  const move = (event: KeyboardEvent): void => {
    const next = movedTo(current, event, last)
    if (next === undefined) return
    event.preventDefault()
    setAt(next)
    body.current?.rows[next.row]?.querySelectorAll<HTMLElement>('button')[next.column]?.focus()
  }
  return (
    <>
      <p className="vh" id={help}>
        {t('experiment.matrixHelp')}
      </p>
      <div className="matrix-scroll">
        <table
          className={isDense ? 'matrix dense' : 'matrix'}
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- its cells are moved between by keys
          role="grid"
          aria-label={t('experiment.matrix')}
          aria-describedby={help}
        >
          <thead>
            <tr>
              <th scope="col">{t('experiment.case')}</th>
              {columns.map((column) => (
                <ColumnHead key={column.key} column={column} comparison={comparison} />
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {items.map((row, index) => (
              <tr key={`${row.workflowId} ${row.caseId}`}>
                <RowHead row={row} isDense={isDense} />
                {columns.map((column, place) => (
                  <td key={column.key}>
                    <Cell
                      cell={row.cells[column.key]}
                      isDense={isDense}
                      isCurrent={index === current.row && place === current.column}
                      label={`${row.name}, ${column.variantId}`}
                      onFocus={() => setAt({ row: index, column: place })}
                      onMove={move}
                      onOpen={() => onOpen(row, column)}
                    />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

function RowHead({ row, isDense }: { readonly row: MatrixRow; readonly isDense: boolean }): ReactElement {
  return (
    <th scope="row">
      <span className="case-name">{row.name}</span>
      {!isDense && <Parameters values={row.parameters} />}
    </th>
  )
}

function movedTo({ row, column }: Place, { key, ctrlKey }: KeyboardEvent, last: Place): Place | undefined {
  switch (key) {
    case 'ArrowUp':
      return { row: Math.max(0, row - 1), column }
    case 'ArrowDown':
      return { row: Math.min(last.row, row + 1), column }
    case 'ArrowLeft':
      return { row, column: Math.max(0, column - 1) }
    case 'ArrowRight':
      return { row, column: Math.min(last.column, column + 1) }
    case 'Home':
      return { row: ctrlKey ? 0 : row, column: 0 }
    case 'End':
      return { row: ctrlKey ? last.row : row, column: last.column }
    default:
      return undefined
  }
}

interface ColumnHeadProps {
  readonly column: MatrixColumn
  readonly comparison: ApiComparison | undefined
}

/** A variant with its rate and what is without a verdict, each with what it is of. */
function ColumnHead({ column, comparison }: ColumnHeadProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const { workflowId, variantId, isBaseline } = column
  const summary = comparison?.summaries.find((each) => each.workflowId === workflowId && each.variantId === variantId)
  const estimate = (metric: string) => summary?.estimates.find((each) => each.metric === metric)
  const rate = estimate('pass_rate')
  const latency = estimate('latency')?.value
  return (
    <th scope="col">
      <span className="variant">{variantId}</span>
      {isBaseline && <span className="chip">{t('experiment.baseline')}</span>}
      <span className="column-figures">
        {rate?.value !== undefined && (
          <span>{t('experiment.rate', { rate: format.percent(rate.value), cases: rate.cases })}</span>
        )}
        {latency !== undefined && <span>{format.duration(latency)}</span>}
        {summary && summary.scored < summary.trials && (
          <span className="tone-warn">
            {t('experiment.scoredOf', { count: summary.trials - summary.scored, trials: summary.trials })}
          </span>
        )}
      </span>
    </th>
  )
}

interface CellProps {
  readonly cell: MatrixCell | undefined
  readonly isDense: boolean
  readonly isCurrent: boolean
  readonly label: string
  readonly onFocus: () => void
  readonly onMove: (event: KeyboardEvent) => void
  readonly onOpen: () => void
}

const icons: Readonly<Record<string, IconName>> = {
  passed: 'passed',
  failed: 'failed',
  flaky: 'partial',
  errored: 'warning',
  pending: 'pending',
}

function Cell({ cell, isDense, isCurrent, label, onFocus, onMove, onOpen }: CellProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const place = { tabIndex: isCurrent ? 0 : -1, onFocus, onKeyDown: onMove }
  if (cell === undefined) {
    return (
      <button type="button" className="matrix-cell" {...place} aria-disabled="true">
        <span className="quiet">–</span>
        <span className="vh">
          {label}: {t('experiment.cellNone')}
        </span>
      </button>
    )
  }
  const { passed, failed, errored, pending, excerpt, why, latencyMs } = cell
  const decided = passed + failed
  const verdict = verdictOf(cell)
  const told = [
    ...(decided > 0 ? [t('experiment.cell', { passed, decided })] : []),
    ...(errored > 0 ? [t('experiment.cellErrored', { count: errored })] : []),
    ...(pending > 0 ? [t('experiment.cellPending', { count: pending })] : []),
  ]
  return (
    <button
      type="button"
      className={`matrix-cell tone-${verdict === 'flaky' ? 'warn' : toneOf(verdict)}`}
      {...place}
      onClick={onOpen}
      title={[...told, why].filter((part) => part !== undefined).join('\n')}
    >
      <span className="cell-verdict">
        <Icon name={icons[verdict] ?? 'pending'} />
        <span aria-hidden="true">
          {decided > 0 && `${format.number(passed)}/${format.number(decided)}`}
          {errored > 0 && <span className="tone-bad"> +{format.number(errored)}!</span>}
          {pending > 0 && <span className="quiet"> +{format.number(pending)}…</span>}
        </span>
        <span className="vh">
          {label}: {told.join(', ')}
        </span>
        {!isDense && latencyMs !== undefined && <span className="quiet">{format.duration(latencyMs)}</span>}
      </span>
      {!isDense && why !== undefined && <span className="cell-why">{why}</span>}
      {!isDense && excerpt !== undefined && <span className="cell-answer">{excerpt}</span>}
    </button>
  )
}

/** Errors and what is to come never outweigh a verdict that is there. */
function verdictOf({ passed, failed, errored }: MatrixCell): string {
  if (passed > 0) return failed > 0 ? 'flaky' : 'passed'
  if (failed > 0) return 'failed'
  return errored > 0 ? 'errored' : 'pending'
}
