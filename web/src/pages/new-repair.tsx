import { useNavigate } from '@tanstack/react-router'
import { useDraft } from '../editor/draft.ts'
import { useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Field } from '../parts/field.tsx'
import { Card } from '../parts/page.tsx'
import { numberOf } from './new-body.ts'
import { StartForm } from './new-form.tsx'
import { NumberField } from './new-options.tsx'
import type { ReactElement } from 'react'
import type { Sent } from '../../../src/client/types.ts'

const empty = { config: 'config.yaml', project: '', ref: '', mergeRequest: '', rounds: '', timeout: '' }

/** A repair of a failing pipeline. */
export function NewRepair(): ReactElement {
  const t = useText()
  const navigate = useNavigate()
  const { value: form, set, discard } = useDraft('new.repair', empty)
  const start = useSend('startRepair', {
    stale: ['listRuns', 'listRepairs'],
    onDone: ({ id }) => {
      discard()
      void navigate({ to: '/repairs/$id', params: { id } })
    },
  })
  const isReady = form.config.trim() !== ''
  return (
    <StartForm
      isReady={isReady}
      sending={start}
      label={t('new.startRepair')}
      onStart={() => start.mutate({ body: bodyOf(form) })}
    >
      <Card>
        <Fields form={form} set={set} />
      </Card>
    </StartForm>
  )
}

interface FieldsProps {
  readonly form: typeof empty
  readonly set: (change: Partial<typeof empty>) => void
}

function Fields({ form, set }: FieldsProps): ReactElement {
  const t = useText()
  return (
    <div className="new-fields">
      <Field
        label={t('new.config')}
        hint={t('new.configHint')}
        required
        value={form.config}
        onChange={(event) => set({ config: event.target.value })}
      />
      <Field
        label={t('new.project')}
        hint={t('new.projectHint')}
        placeholder="group/project"
        value={form.project}
        onChange={(event) => set({ project: event.target.value })}
      />
      <Field label={t('new.ref')} value={form.ref} onChange={(event) => set({ ref: event.target.value })} />
      <NumberField
        label={t('new.mergeRequest')}
        min={1}
        max={2_147_483_647}
        value={form.mergeRequest}
        onChange={(mergeRequest) => set({ mergeRequest })}
      />
      <NumberField
        label={t('new.rounds')}
        hint={t('new.roundsHint')}
        min={0}
        max={50}
        value={form.rounds}
        onChange={(rounds) => set({ rounds })}
      />
      <NumberField
        label={t('new.timeout')}
        hint={t('new.seconds')}
        min={1}
        max={604_800}
        value={form.timeout}
        onChange={(timeout) => set({ timeout })}
      />
    </div>
  )
}

function bodyOf(form: typeof empty): Sent<'startRepair'>['body'] {
  const texts = Object.entries({ project: form.project.trim(), ref: form.ref.trim() }).filter(([, text]) => text !== '')
  const numbers = Object.entries({
    mergeRequest: numberOf(form.mergeRequest),
    rounds: numberOf(form.rounds),
    timeoutSeconds: numberOf(form.timeout),
  }).filter(([, number]) => number !== undefined)
  return { config: form.config.trim(), ...Object.fromEntries(texts), ...Object.fromEntries(numbers) }
}
