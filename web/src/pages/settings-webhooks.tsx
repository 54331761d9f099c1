import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Empty } from '../parts/state.tsx'
import { Time } from '../parts/time.tsx'
import { ActionsHead, Answered, ShownOnce, SureButton } from './settings-parts.tsx'
import { Deliveries } from './settings-webhook-deliveries.tsx'
import { WebhookForm } from './settings-webhook-form.tsx'
import type { ReactElement } from 'react'
import type { Answer, ApiDelivery, ApiWebhook } from '../../../src/client/types.ts'

/** A webhook with the key that is shown this once. */
export type NewWebhook = Answer<'createWebhook'>

/** Webhooks, their keys and their deliveries. */
export function WebhooksTab(): ReactElement {
  const t = useText()
  const webhooks = useApi('listWebhooks', {}, { every: 10_000 })
  const [isAdding, setAdding] = useState(false)
  const [made, setMade] = useState<NewWebhook>()
  const [shown, setShown] = useState<ApiWebhook>()
  const finish = (webhook: NewWebhook) => {
    setAdding(false)
    setMade(webhook)
  }
  return (
    <div className="stack">
      <div className="card-head">
        <p className="quiet">{t('settings.webhooks.lead')}</p>
        <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
          {t('settings.webhooks.add')}
        </Button>
      </div>
      <Answered query={webhooks}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('settings.webhooks.none')} hint={t('settings.webhooks.noneHint')} />
          ) : (
            <WebhookTable webhooks={items} onKey={setMade} onShow={setShown} />
          )
        }
      </Answered>
      {isAdding && <WebhookForm onMade={finish} onClose={() => setAdding(false)} />}
      {made && (
        <ShownOnce
          title={t('settings.webhooks.newKey')}
          value={made.key}
          hint={t('settings.webhooks.keyUse')}
          onClose={() => setMade(undefined)}
        />
      )}
      {shown && <Deliveries webhook={shown} onClose={() => setShown(undefined)} />}
    </div>
  )
}

interface RowProps {
  readonly onKey: (webhook: NewWebhook) => void
  readonly onShow: (webhook: ApiWebhook) => void
}

function WebhookTable({ webhooks, ...rest }: RowProps & { readonly webhooks: readonly ApiWebhook[] }): ReactElement {
  const t = useText()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('settings.webhooks.url')}</th>
          <th scope="col">{t('settings.webhooks.events')}</th>
          <th scope="col">{t('settings.webhooks.last')}</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {webhooks.map((webhook) => (
          <WebhookRow key={webhook.id} webhook={webhook} {...rest} />
        ))}
      </tbody>
    </table>
  )
}

function WebhookRow({ webhook, onKey, onShow }: RowProps & { readonly webhook: ApiWebhook }): ReactElement {
  const t = useText()
  const { id, url, events, isEnabled, disabledReason = '', lastDelivery } = webhook
  return (
    <tr data-row>
      <th scope="row" className="name">
        {url}
        {!isEnabled && (
          <span className="under">
            <span className="chip warn">{t('settings.webhooks.off', { reason: disabledReason })}</span>
          </span>
        )}
      </th>
      <td data-label={t('settings.webhooks.events')}>
        <span className="actions">
          {events.map((event) => (
            <code key={event} className="chip">
              {event}
            </code>
          ))}
        </span>
      </td>
      <td data-label={lastDelivery && t('settings.webhooks.last')}>
        {lastDelivery && (
          <>
            <Time at={lastDelivery.at} />{' '}
            <span className="quiet">
              {isDeliveryStatus(lastDelivery.status)
                ? t(`settings.webhooks.status.${lastDelivery.status}`)
                : lastDelivery.status}{' '}
              {lastDelivery.code}
            </span>
          </>
        )}
      </td>
      <td>
        <WebhookActions id={id} url={url} onKey={onKey} onShow={() => onShow(webhook)} />
      </td>
    </tr>
  )
}

function isDeliveryStatus(status: string): status is ApiDelivery['status'] {
  return status === 'pending' || status === 'delivered' || status === 'dead'
}

interface ActionsProps {
  readonly id: string
  readonly url: string
  readonly onKey: (webhook: NewWebhook) => void
  readonly onShow: () => void
}

function WebhookActions({ id, url, onKey, onShow }: ActionsProps): ReactElement {
  const t = useText()
  const test = useSend('testWebhook', { stale: ['listWebhooks', 'listDeliveries'], onDone: onShow })
  const rotate = useSend('rotateWebhook', { stale: ['listWebhooks', 'listAudit'], onDone: onKey })
  const remove = useSend('deleteWebhook', { stale: ['listWebhooks', 'listAudit'] })
  const sent = { params: { id } }
  return (
    <div className="actions">
      <Button className="small" onClick={onShow}>
        {t('settings.webhooks.deliveries')}
      </Button>
      <Button className="small" busy={test.isPending} onClick={() => test.mutate(sent)}>
        {t('settings.webhooks.test')}
      </Button>
      <SureButton
        kind="plain"
        label={t('settings.webhooks.rotate')}
        question={t('settings.webhooks.rotateSure', { name: url })}
        hint={t('settings.webhooks.rotateHint')}
        busy={rotate.isPending}
        error={rotate.error}
        onOpen={rotate.reset}
        onSure={(done) => rotate.mutate(sent, { onSuccess: done })}
      />
      <SureButton
        label={t('settings.remove')}
        question={t('settings.removeSure', { name: url })}
        hint={t('settings.webhooks.removeHint')}
        busy={remove.isPending}
        error={remove.error}
        onOpen={remove.reset}
        onSure={(done) => remove.mutate(sent, { onSuccess: done })}
      />
      {test.error && (
        <p className="field-error" role="alert">
          {test.error.message}
        </p>
      )}
    </div>
  )
}
