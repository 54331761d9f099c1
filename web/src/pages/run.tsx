import { Link, useParams } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useNow } from '../lib/ticks.ts'
import { Copy } from '../parts/copy.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import { Time } from '../parts/time.tsx'
import { RunActions } from './run-actions.tsx'
import { useLiveRun } from './run-live.ts'
import { RunNow } from './run-now.tsx'
import { RunOwnPage, RunTroubles } from './run-troubles.tsx'
import { RunTabs } from './run-tabs.tsx'
import { RunVerdict } from './run-verdict.tsx'
import { durationOf } from './runs-table.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail } from '../../../src/client/types.ts'

/** One run, as it goes on and after. */
export function RunPage(): ReactElement {
  const t = useText()
  const { id } = useParams({ from: '/runs/$id' })
  const asked = useApi('getRun', { params: { id } }, { every: 10_000 })
  const live = useLiveRun(id, asked.data)
  const back = <Link to="/">{t('run.title')}</Link>
  if (!asked.data) {
    return (
      <Page title={id} above={back}>
        {asked.error ? <Problem error={asked.error} onRetry={() => void asked.refetch()} /> : <Loading />}
      </Page>
    )
  }
  const run = asked.data
  const progress = run.status === 'running' ? (live.progress ?? run.progress) : run.progress
  return (
    <Page
      title={run.title === '' ? run.id : run.title}
      above={
        <>
          {back} › {t(`run.kind.${run.kind}`)}
        </>
      }
      lead={<RunFacts run={run} />}
      actions={<RunActions run={run} />}
    >
      <RunOwnPage run={run} />
      <RunVerdict run={run} progress={progress} />
      <RunTroubles run={run} />
      <RunNow run={run} live={live} progress={progress} />
      <RunTabs run={run} />
    </Page>
  )
}

function RunFacts({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const format = useFormat()
  useNow(1000, run.status === 'running')
  const ms = durationOf(run)
  const facts = [
    ms !== undefined && format.duration(ms),
    run.framework && `${run.framework.name} ${run.framework.version}`,
    run.mode !== undefined && t('run.mode', { mode: run.mode }),
    run.tokens !== undefined && t('run.tokens', { count: run.tokens }),
    run.costUsd !== undefined && t('run.cost', { cost: format.number(run.costUsd, 4) }),
    run.coverage?.linePercent !== undefined &&
      t('run.coverage', { share: format.percent(run.coverage.linePercent / 100, 1) }),
    run.sandbox && t('run.sandbox', { tier: run.sandbox.tier }),
    t('run.startedBy', { who: run.startedBy ?? t('run.commandLine') }),
  ].filter((fact) => typeof fact === 'string')
  return (
    <p className="facts-line">
      <Time at={run.startedAt ?? run.createdAt} />
      {facts.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
      <span className="run-id">
        <code>{run.id}</code>
        <Copy text={run.id} iconOnly />
      </span>
    </p>
  )
}
