import { useState } from 'react'
import { useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Problem } from '../parts/problem.tsx'
import { WebLink } from './repair-link.tsx'
import type { ReactElement } from 'react'
import type { ApiRepair } from '../../../src/client/types.ts'

/** Manual jobs that a repair waits for, each with what lets it run. */
export function Gates({ repair: { run, gates } }: { readonly repair: ApiRepair }): ReactElement {
  const t = useText()
  const [job, ask] = useState<string>()
  const play = useSend('playGate', { stale: ['getRepair'], onDone: () => ask(undefined) })
  return (
    <section className="notice" aria-label={t('repair.gate')}>
      <Icon name="paused" size={20} />
      <div>
        <p>
          <strong>{t('repair.gate')}</strong>
        </p>
        <p>{t('repair.gateHint')}</p>
        <div className="row">
          {gates.map((gate) => (
            <Button key={gate} kind="primary" icon="play" onClick={() => ask(gate)}>
              {t('repair.gatePlay', { job: gate })}
            </Button>
          ))}
        </div>
        {play.data && (
          <output>
            {t('repair.gateStarted')} <WebLink url={play.data.jobUrl}>{t('repair.gateJob')}</WebLink>
          </output>
        )}
      </div>
      <Dialog
        title={t('repair.gateTitle', { job: job ?? '' })}
        open={job !== undefined}
        onClose={() => ask(undefined)}
        actions={
          <>
            <Button onClick={() => ask(undefined)}>{t('common.cancel')}</Button>
            <Button
              kind="primary"
              icon="play"
              busy={play.isPending}
              onClick={() => job !== undefined && play.mutate({ params: { id: run.id }, body: { job } })}
            >
              {t('repair.gatePlay', { job: job ?? '' })}
            </Button>
          </>
        }
      >
        <p>{t('repair.gateWarning', { job: job ?? '' })}</p>
        {play.error && <Problem error={play.error} />}
      </Dialog>
    </section>
  )
}
