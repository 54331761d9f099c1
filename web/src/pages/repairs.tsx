import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { RunTable } from './runs-table.tsx'
import type { ReactElement } from 'react'

/** Repairs, newest first. */
export function RepairsPage(): ReactElement {
  const t = useText()
  const [{ cursor = '' }, set] = useUrlValues()
  const sent = { query: { cursor: cursor || undefined, limit: 30 } }
  const runs = useApi('listRepairs', sent, { keep: true, every: 5000 })
  const start = (
    <Link to="/new" search={{ kind: 'repair' }} className="button primary">
      {t('repair.start')}
    </Link>
  )
  return (
    <Page title={t('repair.title')} actions={start}>
      {runs.error && <Problem error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.isPending && <Loading />}
      {runs.data && runs.data.items.length > 0 && <RunTable runs={runs.data.items} progress="none" />}
      {runs.data?.items.length === 0 && <Empty title={t('repair.none')} hint={t('repair.noneHint')} action={start} />}
      {runs.data && (
        <Pager next={runs.data.nextCursor} cursor={cursor} onGo={(next) => set({ cursor: next }, 'push')} />
      )}
    </Page>
  )
}
