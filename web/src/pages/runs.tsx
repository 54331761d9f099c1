import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useRunChanges } from '../lib/events.ts'
import { useText } from '../lib/i18n.ts'
import { useSoon } from '../lib/soon.ts'
import { useUrlValues } from '../lib/url.ts'
import { Select } from '../parts/field.tsx'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Problem } from '../parts/problem.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { useStatusWord } from '../parts/status.tsx'
import { RunTable } from './runs-table.tsx'
import type { ReactElement } from 'react'
import type { TextKey } from '../lib/i18n.ts'
import type { ApiRun, Sent } from '../../../src/client/types.ts'

const kinds = ['pipeline', 'generate', 'execute', 'experiment', 'repair', 'trial'] as const
const statuses = ['queued', 'running', 'finished', 'failed', 'cancelled', 'interrupted'] as const

/** All runs, newest first, as they change. */
export function RunsPage(): ReactElement {
  const t = useText()
  const [{ kind = '', status = '', search = '', cursor = '' }, set] = useUrlValues()
  const query = { kind: kind || undefined, status: status || undefined, search: search || undefined }
  const sent = { query: { ...query, cursor: cursor || undefined, limit: 30 } } as Sent<'listRuns'>
  const runs = useApi('listRuns', sent, { keep: true, every: 15_000 })
  useFreshRuns()
  const isFiltered = kind !== '' || status !== '' || search !== ''
  const start = (
    <Link to="/new" className="button primary">
      {t('new.title')}
    </Link>
  )
  return (
    <Page title={t('run.title')}>
      <RunFilters {...{ kind, status, search }} onChange={(values) => set({ ...values, cursor: '' })} />
      {runs.error && <Problem error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isPending && <Loading />}
      {runs.data && runs.data.items.length > 0 && <RunTable runs={runs.data.items} />}
      {runs.data?.items.length === 0 &&
        (isFiltered ? (
          <Empty title={t('run.noneFound')} hint={t('run.noneFoundHint')} />
        ) : (
          <Empty title={t('run.none')} hint={t('run.noneHint')} action={start} />
        ))}
      {runs.data && (
        <Pager next={runs.data.nextCursor} cursor={cursor} onGo={(next) => set({ cursor: next }, 'push')} />
      )}
    </Page>
  )
}

interface RunFiltersProps {
  readonly kind: string
  readonly status: string
  readonly search: string
  readonly onChange: (values: Readonly<Record<string, string>>) => void
}

function RunFilters({ kind, status, search, onChange }: RunFiltersProps): ReactElement {
  const t = useText()
  const word = useStatusWord()
  const all = { value: '', label: t('common.all') }
  return (
    <search className="filters">
      <SearchField value={search} label={t('run.search')} onChange={(value) => onChange({ search: value })} />
      <Select
        label={t('run.kind')}
        value={kind}
        options={[all, ...kinds.map((value) => ({ value, label: t(`run.kind.${value}` satisfies TextKey) }))]}
        onChange={(event) => onChange({ kind: event.target.value })}
      />
      <Select
        label={t('run.status')}
        value={status}
        options={[
          all,
          ...statuses.map((value) => ({ value, label: word('run', value === 'failed' ? 'broken' : value) })),
        ]}
        onChange={(event) => onChange({ status: event.target.value })}
      />
    </search>
  )
}

/** Puts changes of runs into the lists that are shown, and reads the lists again a moment later. */
function useFreshRuns(): void {
  const client = useQueryClient()
  const readAgain = useSoon(() => void client.invalidateQueries({ queryKey: ['listRuns'] }), 600)
  useRunChanges((run) => {
    if (run) client.setQueriesData<RunList>({ queryKey: ['listRuns'] }, (list) => list && withRun(list, run))
    readAgain()
  })
}

interface RunList {
  readonly items: readonly ApiRun[]
  readonly nextCursor?: string | undefined
}

function withRun(list: RunList, run: ApiRun): RunList {
  return { ...list, items: list.items.map((each) => (each.id === run.id ? { ...each, ...run } : each)) }
}
