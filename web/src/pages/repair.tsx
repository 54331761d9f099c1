import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useFreshRun } from '../lib/fresh-run.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { runValue, Status } from '../parts/status.tsx'
import { Budget, Facts } from './repair-facts.tsx'
import { Gates } from './repair-gates.tsx'
import { Round } from './repair-round.tsx'
import { Steps } from './repair-steps.tsx'
import type { ReactElement } from 'react'
import type { ApiRepair, OperationId } from '../../../src/client/types.ts'
import '../styles/repair.css'

const readAgain: readonly OperationId[] = ['getRepair']

/** A repair: where it is, what it has tried, and what a person can do. */
export function RepairPage(): ReactElement {
  const t = useText()
  const { id = '' } = useParams({ strict: false })
  const { data: repair, error, refetch } = useApi('getRepair', { params: { id } })
  useFreshRun(id, repair?.run, readAgain)
  if (error) {
    return (
      <Page title={t('repair.one')}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Page>
    )
  }
  if (!repair) return <Loading />
  const newest = repair.rounds.length - 1
  return (
    <Page
      title={repair.project}
      above={<Link to="/repairs">{t('repair.title')}</Link>}
      lead={<Headline repair={repair} />}
      actions={<Actions repair={repair} />}
    >
      <div className="stack">
        <Steps repair={repair} />
        {repair.gates.length > 0 && <Gates repair={repair} />}
        <div className="columns">
          <Facts repair={repair} />
          <Budget repair={repair} />
        </div>
        <section aria-label={t('repair.timeline')}>
          <h2>{t('repair.timeline')}</h2>
          {repair.rounds.length === 0 ? (
            <Empty title={t('repair.noRounds')} hint={t('repair.noRoundsHint')} />
          ) : (
            <ol className="repair-rounds">
              {repair.rounds.map((round, index) => (
                <Round key={round.number} round={round} isNewest={index === newest} />
              ))}
            </ol>
          )}
        </section>
      </div>
    </Page>
  )
}

function Headline({ repair: { run, end, advice, gates } }: { readonly repair: ApiRepair }): ReactElement {
  const value = run.status === 'interrupted' && end !== undefined ? end : runValue(run)
  return (
    <>
      <Status of="run" value={value} large />
      {run.reason !== undefined && <p className="quiet">{run.reason}</p>}
      {advice !== undefined && gates.length === 0 && (
        <p className="quiet" lang="en">
          → {advice}
        </p>
      )}
    </>
  )
}

function Actions({ repair: { run, gates } }: { readonly repair: ApiRepair }): ReactElement {
  const t = useText()
  const [isAsking, ask] = useState(false)
  const sent = { params: { id: run.id } }
  const cancel = useSend('cancelRun', { stale: readAgain, onDone: () => ask(false) })
  const resume = useSend('resumeRun', { stale: readAgain })
  const canResume = run.status === 'interrupted' && gates.length === 0
  return (
    <>
      <Link to="/runs/$id" params={{ id: run.id }} className="button">
        {t('repair.run')}
      </Link>
      {canResume && (
        <Button kind="primary" icon="play" busy={resume.isPending} onClick={() => resume.mutate(sent)}>
          {t('repair.resume')}
        </Button>
      )}
      {['queued', 'running', 'interrupted'].includes(run.status) && (
        <Button kind="danger" icon="stop" onClick={() => ask(true)}>
          {t('repair.stop')}
        </Button>
      )}
      {resume.error && <Problem error={resume.error} />}
      <Dialog
        title={t('repair.stopTitle')}
        open={isAsking}
        onClose={() => ask(false)}
        actions={
          <>
            <Button onClick={() => ask(false)}>{t('common.cancel')}</Button>
            <Button kind="danger" icon="stop" busy={cancel.isPending} onClick={() => cancel.mutate(sent)}>
              {t('repair.stop')}
            </Button>
          </>
        }
      >
        <p>{t('repair.stopHint')}</p>
        {cancel.error && <Problem error={cancel.error} />}
      </Dialog>
    </>
  )
}
