import { useState } from 'react'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { store, stored } from '../lib/storage.ts'
import { useUrlValues } from '../lib/url.ts'
import { CheckBox, Select } from '../parts/field.tsx'
import { Pager } from '../parts/pager.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { MatrixGrid } from './experiment-grid.tsx'
import { TrialPanel } from './experiment-panel.tsx'
import type { ReactElement } from 'react'
import type { ApiComparison, ApiMatrix, Sent } from '../../../src/client/types.ts'

/** A case of a matrix with its cells. */
export type MatrixRow = ApiMatrix['items'][number]
/** A variant of a matrix. */
export type MatrixColumn = ApiMatrix['columns'][number]

interface ExperimentMatrixProps {
  readonly id: string
  /** Figures for the heads of the columns, as soon as they are there. */
  readonly comparison: ApiComparison | undefined
}

/** A cell that is looked at. */
interface Opened {
  readonly row: MatrixRow
  readonly column: MatrixColumn
}

/** Cases down, variants across. */
export function ExperimentMatrix({ id, comparison }: ExperimentMatrixProps): ReactElement {
  const [{ workflow: wanted = '', different = '', cursor = '' }, set] = useUrlValues()
  const [isDense, setDense] = useState(stored('matrix') !== 'roomy')
  const [opened, open] = useState<Opened>()
  const head = useApi('getMatrix', { params: { id }, query: { limit: 1 } })
  const workflows = [...new Set(head.data?.columns.map(({ workflowId }) => workflowId))]
  const workflow = workflows.find((each) => each === wanted) ?? workflows[0]
  const query = {
    limit: 50,
    different: different === 'true' ? 'true' : 'false',
    cursor: cursor || undefined,
    workflow: workflows.length > 1 ? workflow : undefined,
  }
  const matrix = useApi('getMatrix', { params: { id }, query } as Sent<'getMatrix'>, {
    enabled: head.data !== undefined,
    keep: true,
  })
  const error = head.error ?? matrix.error
  const chooseDense = (next: boolean): void => {
    setDense(next)
    store('matrix', next ? undefined : 'roomy')
  }
  const shown = opened && matrix.data?.items.find(({ caseId }) => caseId === opened.row.caseId)
  return (
    <>
      <MatrixFilters
        workflows={workflows}
        workflow={workflow}
        isDense={isDense}
        onDense={chooseDense}
        different={different === 'true'}
        onChange={set}
      />
      {error && <Problem error={error} onRetry={() => void matrix.refetch()} />}
      {!matrix.data && !error && <Loading />}
      {matrix.data && matrix.data.items.length > 0 && (
        <MatrixGrid
          matrix={matrix.data}
          comparison={comparison}
          isDense={isDense}
          onOpen={(row, column) => open({ row, column })}
        />
      )}
      {matrix.data?.items.length === 0 && <NoRows isFiltered={different === 'true'} />}
      {matrix.data && (
        <Pager next={matrix.data.nextCursor} cursor={cursor} onGo={(next) => set({ cursor: next }, 'push')} />
      )}
      {opened && matrix.data && (
        <TrialPanel
          runId={id}
          row={shown ?? opened.row}
          column={opened.column}
          columns={matrix.data.columns}
          onClose={() => open(undefined)}
        />
      )}
    </>
  )
}

interface MatrixFiltersProps {
  readonly workflows: readonly string[]
  readonly workflow: string | undefined
  readonly isDense: boolean
  readonly onDense: (isDense: boolean) => void
  readonly different: boolean
  readonly onChange: (values: Readonly<Record<string, string>>) => void
}

function MatrixFilters(props: MatrixFiltersProps): ReactElement {
  const t = useText()
  const { workflows, workflow, isDense, onDense, different, onChange } = props
  return (
    <div className="filters">
      {workflows.length > 1 && workflow !== undefined && (
        <Select
          label={t('experiment.workflow')}
          value={workflow}
          options={workflows.map((value) => ({ value, label: value }))}
          onChange={(event) => onChange({ workflow: event.target.value, cursor: '' })}
        />
      )}
      <Select
        label={t('experiment.density')}
        value={isDense ? 'dense' : 'roomy'}
        options={[
          { value: 'dense', label: t('experiment.dense') },
          { value: 'roomy', label: t('experiment.roomy') },
        ]}
        onChange={(event) => onDense(event.target.value === 'dense')}
      />
      <CheckBox
        label={t('experiment.different')}
        checked={different}
        onChange={(event) => onChange({ different: event.target.checked ? 'true' : '', cursor: '' })}
      />
    </div>
  )
}

function NoRows({ isFiltered }: { readonly isFiltered: boolean }): ReactElement {
  const t = useText()
  if (!isFiltered) return <Empty title={t('experiment.noCases')} />
  return <Empty title={t('experiment.noDifferent')} hint={t('experiment.noDifferentHint')} />
}
