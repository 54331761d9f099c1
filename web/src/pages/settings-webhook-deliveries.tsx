import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Pager } from '../parts/pager.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty } from '../parts/state.tsx'
import { Time } from '../parts/time.tsx'
import { ActionsHead, Answered } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { ApiDelivery, ApiWebhook } from '../../../src/client/types.ts'

const tones = { pending: 'busy', delivered: 'good', dead: 'bad' } as const

interface DeliveriesProps {
  readonly webhook: ApiWebhook
  readonly onClose: () => void
}

/** What was sent to a webhook, and what came back. */
export function Deliveries({ webhook, onClose }: DeliveriesProps): ReactElement {
  const t = useText()
  const [cursor, setCursor] = useState('')
  const query = cursor === '' ? { limit: 20 } : { limit: 20, cursor }
  const deliveries = useApi('listDeliveries', { params: { id: webhook.id }, query }, { keep: true, every: 2000 })
  const again = useSend('redeliver', { stale: ['listDeliveries', 'listWebhooks'] })
  const resend = (delivery: string) => again.mutate({ params: { id: webhook.id, delivery } })
  return (
    <Dialog wide open title={t('settings.webhooks.deliveries')} onClose={onClose}>
      <p className="quiet">{webhook.url}</p>
      {again.error && <Problem error={again.error} />}
      <Answered query={deliveries}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 ? (
              <Empty title={t('settings.webhooks.noDeliveries')} />
            ) : (
              <DeliveryTable items={items} busy={again.isPending} onAgain={resend} />
            )}
            <Pager next={nextCursor} cursor={cursor} onGo={setCursor} />
          </>
        )}
      </Answered>
    </Dialog>
  )
}

interface TableProps {
  readonly items: readonly ApiDelivery[]
  readonly busy: boolean
  readonly onAgain: (id: string) => void
}

function DeliveryTable({ items, busy, onAgain }: TableProps): ReactElement {
  const t = useText()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('settings.models.state')}</th>
          <th scope="col">{t('settings.webhooks.event')}</th>
          <th scope="col">{t('settings.webhooks.when')}</th>
          <th scope="col">{t('settings.webhooks.attempts')}</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {items.map((delivery) => (
          <tr key={delivery.id}>
            <td>
              <span className={`chip ${tones[delivery.status]}`}>
                {t(`settings.webhooks.status.${delivery.status}`)}
              </span>{' '}
              <span className="quiet">{[delivery.lastCode, delivery.lastError].filter(Boolean).join(' ')}</span>
            </td>
            <td data-label={t('settings.webhooks.event')}>
              <code>{delivery.event}</code>
            </td>
            <td data-label={t('settings.webhooks.when')}>
              <Time at={delivery.createdAt} />
            </td>
            <td data-label={t('settings.webhooks.attempts')}>
              {delivery.attempts} {delivery.nextAttemptAt !== undefined && <NextAttempt at={delivery.nextAttemptAt} />}
            </td>
            <td className="shrink">
              {delivery.status !== 'pending' && (
                <Button className="small" disabled={busy} onClick={() => onAgain(delivery.id)}>
                  {t('settings.webhooks.redeliver')}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function NextAttempt({ at }: { readonly at: string }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <span className="quiet" title={at}>
      {t('settings.webhooks.next', { when: format.relative(at) })}
    </span>
  )
}
