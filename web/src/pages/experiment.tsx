import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useFreshRun } from '../lib/fresh-run.ts'
import { useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Meter } from '../parts/meter.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import { runValue, Status } from '../parts/status.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { ExperimentComparison } from './experiment-comparison.tsx'
import { Conclusion } from './experiment-conclusion.tsx'
import { ExperimentMatrix } from './experiment-matrix.tsx'
import { Suspects } from './experiment-suspects.tsx'
import type { ReactElement } from 'react'
import type { ApiComparison, ApiRunDetail, OperationId } from '../../../src/client/types.ts'
import '../styles/experiment.css'

const readAgain: readonly OperationId[] = ['getMatrix', 'getRun', 'getComparison', 'getTask']
const tabs = ['matrix', 'comparison', 'suspects'] as const

/** An experiment: what it shows, case by case and variant by variant, while it runs and after. */
export function ExperimentPage(): ReactElement {
  const t = useText()
  const { id = '' } = useParams({ strict: false })
  const [{ tab: wanted = '' }, set] = useUrlValues()
  const run = useApi('getRun', { params: { id } })
  const comparison = useApi('getComparison', { params: { id } })
  useFreshRun(id, run.data, readAgain)
  const tab = tabs.find((each) => each === wanted) ?? 'matrix'
  if (run.error) {
    return (
      <Page title={t('experiment.one')}>
        <Problem error={run.error} onRetry={() => void run.refetch()} />
      </Page>
    )
  }
  if (!run.data) return <Loading />
  const suspects = comparison.data?.suspects.filter(({ explains }) => explains).length
  return (
    <Page
      title={run.data.title}
      above={<Link to="/experiments">{t('experiment.title')}</Link>}
      lead={<Headline run={run.data} trials={comparison.data?.trials} />}
      actions={<Actions run={run.data} />}
    >
      <div className="stack">
        {comparison.error && <Problem error={comparison.error} onRetry={() => void comparison.refetch()} />}
        {comparison.data && <Conclusion comparison={comparison.data} />}
        <Tabs
          label={t('experiment.tabs')}
          value={tab}
          onChange={(next) => set({ tab: next === 'matrix' ? '' : next })}
          tabs={tabs.map((each) => ({
            id: each,
            label: t(`experiment.tab.${each}`),
            count: each === 'suspects' && suspects !== undefined && suspects > 0 ? suspects : undefined,
          }))}
        >
          {tab === 'matrix' && <ExperimentMatrix id={id} comparison={comparison.data} />}
          {tab === 'comparison' &&
            (comparison.data ? <ExperimentComparison comparison={comparison.data} /> : <Loading />)}
          {tab === 'suspects' && (comparison.data ? <Suspects comparison={comparison.data} /> : <Loading />)}
        </Tabs>
      </div>
    </Page>
  )
}

interface HeadlineProps {
  readonly run: ApiRunDetail
  readonly trials: ApiComparison['trials'] | undefined
}

function Headline({ run, trials }: HeadlineProps): ReactElement {
  const t = useText()
  const isLive = run.status === 'running'
  const done = isLive ? (run.progress?.done ?? trials?.done) : trials?.done
  return (
    <>
      <div className="row">
        <Status of="run" value={runValue(run)} large />
        {trials && done !== undefined && (
          <span>
            {t('experiment.trialsOver', { done, expected: trials.expected })}
            {trials.missing > 0 && (
              <>
                {' · '}
                <span className="tone-warn">
                  {t('experiment.trialsMissing', { missing: trials.missing, done: trials.done })}
                </span>
              </>
            )}
          </span>
        )}
      </div>
      {run.reason !== undefined && <p className="quiet">{run.reason}</p>}
      {isLive && trials && done !== undefined && (
        <Meter label={t('experiment.trials')} value={done} max={trials.expected} live />
      )}
    </>
  )
}

function Actions({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const [isAsking, ask] = useState(false)
  const cancel = useSend('cancelRun', { stale: ['getRun'], onDone: () => ask(false) })
  const report = run.artifacts.find(({ name }) => name === 'report.html')
  const isGoing = run.status === 'running' || run.status === 'queued'
  return (
    <>
      {report && (
        <a
          className="button"
          href={`/v1/runs/${run.id}/artifacts/${report.id}?view=page`}
          target="_blank"
          rel="noreferrer"
        >
          {t('experiment.report')}
        </a>
      )}
      <Link to="/runs/$id" params={{ id: run.id }} className="button">
        {t('experiment.run')}
      </Link>
      {isGoing && (
        <Button kind="danger" icon="stop" onClick={() => ask(true)}>
          {t('experiment.stop')}
        </Button>
      )}
      <Dialog
        title={t('experiment.stopTitle')}
        open={isAsking}
        onClose={() => ask(false)}
        actions={
          <>
            <Button onClick={() => ask(false)}>{t('common.cancel')}</Button>
            <Button
              kind="danger"
              icon="stop"
              busy={cancel.isPending}
              onClick={() => cancel.mutate({ params: { id: run.id } })}
            >
              {t('experiment.stop')}
            </Button>
          </>
        }
      >
        <p>{t('experiment.stopHint')}</p>
        {cancel.error && <Problem error={cancel.error} />}
      </Dialog>
    </>
  )
}
