import { useId, useState } from 'react'
import { useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { CheckBox, Field } from '../parts/field.tsx'
import { errorAt, FormDialog } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { NewWebhook } from './settings-webhooks.tsx'

const allEvents = ['run.started', 'run.finished', 'run.failed', 'run.cancelled', 'repair.gate'] as const
type Event = (typeof allEvents)[number]

interface WebhookFormProps {
  readonly onMade: (webhook: NewWebhook) => void
  readonly onClose: () => void
}

/** Adds a webhook. */
export function WebhookForm({ onMade, onClose }: WebhookFormProps): ReactElement {
  const t = useText()
  const create = useSend('createWebhook', { stale: ['listWebhooks', 'listAudit'], onDone: onMade })
  const [url, setUrl] = useState('')
  const [events, setEvents] = useState<readonly Event[]>(['run.finished', 'run.failed'])
  const [allowPrivate, setPrivate] = useState(false)
  const [isTried, setTried] = useState(false)
  const isAddress = /^https?:$/.test(URL.parse(url.trim())?.protocol ?? '')
  const submit = () => {
    setTried(true)
    if (isAddress && events.length > 0) create.mutate({ body: { url: url.trim(), events: [...events], allowPrivate } })
  }
  return (
    <FormDialog
      title={t('settings.webhooks.add')}
      submit={t('common.save')}
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        label={t('settings.webhooks.url')}
        inputMode="url"
        placeholder="https://"
        value={url}
        hint={t('settings.webhooks.urlHint')}
        error={isTried && !isAddress ? t('settings.webhooks.urlWrong') : errorAt(create.error, '/url')}
        onChange={(event) => setUrl(event.target.value)}
      />
      <EventChoice
        chosen={events}
        error={isTried && events.length === 0 ? t('settings.webhooks.eventsNeeded') : ''}
        onChange={setEvents}
      />
      <CheckBox
        label={t('settings.webhooks.private')}
        hint={t('settings.webhooks.privateHint')}
        checked={allowPrivate}
        onChange={(event) => setPrivate(event.target.checked)}
      />
    </FormDialog>
  )
}

interface EventChoiceProps {
  readonly chosen: readonly Event[]
  readonly error: string
  readonly onChange: (events: readonly Event[]) => void
}

function EventChoice({ chosen, error, onChange }: EventChoiceProps): ReactElement {
  const t = useText()
  const id = useId()
  const toggle = (event: Event, isOn: boolean) =>
    onChange(allEvents.filter((each) => (each === event ? isOn : chosen.includes(each))))
  return (
    <div
      className="field"
      role="group"
      aria-labelledby={id}
      aria-describedby={error === '' ? undefined : `${id}-error`}
    >
      <span className="field-label" id={id}>
        {t('settings.webhooks.events')}
      </span>
      {allEvents.map((event) => (
        <CheckBox
          key={event}
          label={event}
          checked={chosen.includes(event)}
          onChange={({ target }) => toggle(event, target.checked)}
        />
      ))}
      {error !== '' && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  )
}
