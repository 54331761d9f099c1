import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Problem } from '../parts/problem.tsx'
import type { ReactElement } from 'react'
import type { ApiRun, ApiRunDetail } from '../../../src/client/types.ts'

const stale = ['getRun', 'listRuns'] as const

/** What one can do with a run: end it, start it again, go on with it, take it away. */
export function RunActions({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const navigate = useNavigate()
  const [isAsking, ask] = useState(false)
  const sent = { params: { id: run.id } }
  const toRun = ({ id }: ApiRun) => void navigate({ to: '/runs/$id', params: { id } })
  const cancel = useSend('cancelRun', { stale, onDone: () => ask(false) })
  const retry = useSend('retryRun', { stale, onDone: toRun })
  const resume = useSend('resumeRun', { stale })
  const error = retry.error ?? resume.error
  const isOpen = run.status === 'queued' || run.status === 'running' || run.status === 'interrupted'
  return (
    <>
      {isOpen && (
        <Button kind="danger" icon="stop" disabled={run.cancelRequested !== undefined} onClick={() => ask(true)}>
          {t('run.cancel')}
        </Button>
      )}
      {run.canResume && (
        <Button kind="primary" icon="play" busy={resume.isPending} onClick={() => resume.mutate(sent)}>
          {t('run.resume')}
        </Button>
      )}
      {run.canRetry && (
        <Button icon="retry" busy={retry.isPending} onClick={() => retry.mutate(sent)}>
          {t('run.retry')}
        </Button>
      )}
      {run.artifacts.some((artifact) => artifact.role === 'bundle') && (
        <a className="button plain" href={api.href('getBundle', sent)} download>
          <Icon name="download" /> {t('run.bundle')}
        </a>
      )}
      {error && <Problem error={error} />}
      <Dialog
        title={t('run.cancelTitle')}
        open={isAsking}
        onClose={() => ask(false)}
        actions={
          <>
            <Button onClick={() => ask(false)}>{t('run.cancelNo')}</Button>
            <Button kind="danger" busy={cancel.isPending} onClick={() => cancel.mutate(sent)}>
              {t('run.cancelYes')}
            </Button>
          </>
        }
      >
        <p>{t('run.cancelHint')}</p>
        {cancel.error && <Problem error={cancel.error} />}
      </Dialog>
    </>
  )
}
