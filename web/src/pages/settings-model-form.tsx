import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Field, Select } from '../parts/field.tsx'
import { errorAt, FormDialog, isName, nameWords } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { ApiModel } from '../../../src/client/types.ts'

interface ModelFormProps {
  /** The one that is changed; absent for a new one. */
  readonly model: ApiModel | undefined
  readonly onClose: () => void
}

/** Adds a model, or changes one. */
export function ModelForm({ model, onClose }: ModelFormProps): ReactElement {
  const t = useText()
  const secrets = useApi('listSecrets', {})
  const { values, set, errorOf, submit, write } = useModelForm(model, onClose)
  return (
    <FormDialog
      title={model === undefined ? t('settings.models.add') : t('settings.models.change', { name: model.name })}
      submit={t('common.save')}
      busy={write.isPending}
      error={write.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {model === undefined && (
        <Field
          label={t('settings.name')}
          value={values.name}
          {...nameWords(t, errorOf('name') !== '')}
          onChange={set('name')}
        />
      )}
      <Field
        label={t('settings.models.endpoint')}
        inputMode="url"
        value={values.endpoint}
        hint={errorOf('endpoint') === '' ? t('settings.models.endpointHint') : undefined}
        error={errorOf('endpoint')}
        onChange={set('endpoint')}
      />
      <Field label={t('settings.models.model')} value={values.model} error={errorOf('model')} onChange={set('model')} />
      <Select
        label={t('settings.models.secret')}
        value={values.secret}
        hint={t('settings.models.secretHint')}
        options={[
          { value: '', label: t('settings.models.noSecret') },
          ...namesOf(secrets.data?.items, values.secret).map((name) => ({ value: name, label: name })),
        ]}
        onChange={set('secret')}
      />
    </FormDialog>
  )
}

/** What is typed, what is wrong with it, and the sending of it. */
function useModelForm(model: ApiModel | undefined, onDone: () => void) {
  const t = useText()
  const write = useSend('writeModel', { stale: ['listModels', 'listAudit'], onDone })
  const [values, setValues] = useState({
    name: model?.name ?? '',
    endpoint: model?.endpoint ?? '',
    model: model?.model ?? '',
    secret: model?.secret ?? '',
  })
  const [isTried, setTried] = useState(false)
  const wrong = {
    name: isName(values.name) ? '' : t('settings.nameHint'),
    endpoint: isAddress(values.endpoint) ? '' : t('settings.models.endpointHint'),
    model: values.model.trim() === '' ? t('settings.needed') : '',
  }
  const set = (name: keyof typeof values) => (event: { readonly target: { readonly value: string } }) =>
    setValues({ ...values, [name]: event.target.value })
  const submit = () => {
    setTried(true)
    if (Object.values(wrong).some((text) => text !== '')) return
    const { name, endpoint, secret } = values
    const body = { endpoint: endpoint.trim(), model: values.model.trim(), secret: secret === '' ? undefined : secret }
    write.mutate({ params: { name }, body })
  }
  const errorOf = (name: keyof typeof wrong) =>
    isTried && wrong[name] !== '' ? wrong[name] : errorAt(write.error, `/${name}`)
  return { values, set, errorOf, submit, write }
}

/** The one that the model has stays in the list, also when it was removed. */
function namesOf(secrets: readonly { readonly name: string }[] | undefined, own: string): readonly string[] {
  const names = secrets?.map(({ name }) => name) ?? []
  return own === '' || names.includes(own) ? names : [own, ...names]
}

function isAddress(text: string): boolean {
  const url = URL.parse(text.trim())
  return url !== null && /^https?:$/.test(url.protocol)
}
