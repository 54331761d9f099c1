import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { Empty } from '../parts/state.tsx'
import { Time } from '../parts/time.tsx'
import { ActionsHead, Answered, FormDialog, isName, nameWords, SureButton } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { ApiSecret } from '../../../src/client/types.ts'

/** Secrets by name; values go in and never come out. */
export function SecretsTab(): ReactElement {
  const t = useText()
  const secrets = useApi('listSecrets', {})
  const [edited, setEdited] = useState<string>()
  const add = (
    <Button kind="primary" icon="plus" onClick={() => setEdited('')}>
      {t('settings.secrets.add')}
    </Button>
  )
  return (
    <div className="stack">
      <div className="card-head">
        <p className="quiet">{t('settings.secrets.lead')}</p>
        {add}
      </div>
      <Answered query={secrets}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('settings.secrets.none')} hint={t('settings.secrets.noneHint')} />
          ) : (
            <SecretTable secrets={items} onReplace={setEdited} />
          )
        }
      </Answered>
      {edited !== undefined && <SecretForm name={edited} onClose={() => setEdited(undefined)} />}
    </div>
  )
}

interface SecretTableProps {
  readonly secrets: readonly ApiSecret[]
  readonly onReplace: (name: string) => void
}

function SecretTable({ secrets, onReplace }: SecretTableProps): ReactElement {
  const t = useText()
  const remove = useSend('deleteSecret', { stale: ['listSecrets', 'listModels', 'listAudit'] })
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('settings.name')}</th>
          <th scope="col">{t('settings.secrets.changed')}</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {secrets.map(({ name, updatedAt, updatedBy }) => (
          <tr key={name} data-row>
            <th scope="row" className="name">
              <code>{name}</code>
            </th>
            <td data-label={t('settings.secrets.changed')}>
              <Time at={updatedAt} /> <span className="quiet">{t('settings.secrets.by', { name: updatedBy })}</span>
            </td>
            <td className="shrink">
              <div className="actions">
                <Button className="small" onClick={() => onReplace(name)}>
                  {t('settings.secrets.replace')}
                </Button>
                <SureButton
                  label={t('settings.remove')}
                  question={t('settings.removeSure', { name })}
                  hint={t('settings.secrets.removeHint')}
                  busy={remove.isPending}
                  error={remove.error}
                  onOpen={remove.reset}
                  onSure={(done) => remove.mutate({ params: { name } }, { onSuccess: done })}
                />
              </div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** Sets a secret: a new one where `name` is empty. */
function SecretForm({ name, onClose }: { readonly name: string; readonly onClose: () => void }): ReactElement {
  const t = useText()
  const write = useSend('writeSecret', { stale: ['listSecrets', 'listModels', 'listAudit'], onDone: onClose })
  const [values, setValues] = useState({ name, value: '' })
  const [isTried, setTried] = useState(false)
  const isNew = name === ''
  const submit = () => {
    setTried(true)
    if (isName(values.name) && values.value !== '') {
      write.mutate({ params: { name: values.name }, body: { value: values.value } })
    }
  }
  return (
    <FormDialog
      title={isNew ? t('settings.secrets.add') : t('settings.secrets.replaceTitle', { name })}
      submit={t('common.save')}
      busy={write.isPending}
      error={write.error}
      onSubmit={submit}
      onClose={onClose}
    >
      {isNew && (
        <Field
          label={t('settings.name')}
          value={values.name}
          {...nameWords(t, isTried && !isName(values.name))}
          onChange={(event) => setValues({ ...values, name: event.target.value })}
        />
      )}
      <Field
        label={t('settings.secrets.value')}
        type="password"
        autoComplete="new-password"
        value={values.value}
        hint={t('settings.secrets.valueHint')}
        error={isTried && values.value === '' ? t('settings.needed') : ''}
        onChange={(event) => setValues({ ...values, value: event.target.value })}
      />
    </FormDialog>
  )
}
