import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Field, Select } from '../parts/field.tsx'
import { Time } from '../parts/time.tsx'
import { ActionsHead, Answered, FormDialog, isName, nameWords, ShownOnce, SureButton } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { ApiToken, NewToken, Scope } from '../../../src/client/types.ts'

const scopes = ['read', 'run', 'admin'] as const satisfies readonly Scope[]
const lifetimes = [30, 90, 365] as const

/** Tokens, and the one time that a new one is shown. */
export function TokensTab(): ReactElement {
  const t = useText()
  const tokens = useApi('listTokens', {})
  const [isAdding, setAdding] = useState(false)
  const [made, setMade] = useState<NewToken>()
  const finish = (token: NewToken) => {
    setAdding(false)
    setMade(token)
  }
  return (
    <div className="stack">
      <div className="card-head">
        <p className="quiet">{t('settings.tokens.lead')}</p>
        <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
          {t('settings.tokens.add')}
        </Button>
      </div>
      <Answered query={tokens}>{({ items }) => <TokenTable tokens={items} />}</Answered>
      {isAdding && <TokenForm onMade={finish} onClose={() => setAdding(false)} />}
      {made && (
        <ShownOnce
          title={t('settings.tokens.new', { name: made.name })}
          value={made.token}
          hint={t('settings.tokens.use')}
          onClose={() => setMade(undefined)}
        />
      )}
    </div>
  )
}

function TokenTable({ tokens }: { readonly tokens: readonly ApiToken[] }): ReactElement {
  const t = useText()
  const revoke = useSend('deleteToken', { stale: ['listTokens', 'getSession', 'listAudit'] })
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('settings.name')}</th>
          <th scope="col">{t('settings.tokens.scope')}</th>
          <th scope="col">{t('settings.tokens.created')}</th>
          <th scope="col">{t('settings.tokens.used')}</th>
          <th scope="col">{t('settings.tokens.expiry')}</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id} data-row>
            <th scope="row" className="name">
              {token.name}
            </th>
            <td data-label={t('settings.tokens.scope')}>
              <span className="chip">{token.scope}</span>
            </td>
            <td data-label={t('settings.tokens.created')}>
              <Time at={token.createdAt} />
            </td>
            <td data-label={t('settings.tokens.used')}>{token.lastUsedAt && <Time at={token.lastUsedAt} />}</td>
            <td data-label={t('settings.tokens.expiry')}>
              {token.expiresAt ? <Time at={token.expiresAt} /> : t('settings.tokens.never')}
            </td>
            <td className="shrink">
              <SureButton
                label={t('settings.tokens.revoke')}
                question={`${t('settings.tokens.revoke')}: ${token.name}`}
                hint={t(token.name === 'server' ? 'settings.tokens.revokeServer' : 'settings.tokens.revokeHint')}
                busy={revoke.isPending}
                error={revoke.error}
                onOpen={revoke.reset}
                onSure={(done) => revoke.mutate({ params: { id: token.id } }, { onSuccess: done })}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

interface TokenFormProps {
  readonly onMade: (token: NewToken) => void
  readonly onClose: () => void
}

function TokenForm({ onMade, onClose }: TokenFormProps): ReactElement {
  const t = useText()
  const create = useSend('createToken', { stale: ['listTokens', 'listAudit'], onDone: onMade })
  const [values, setValues] = useState({ name: '', scope: 'run' as Scope, days: '90' })
  const [isTried, setTried] = useState(false)
  const submit = () => {
    setTried(true)
    if (!isName(values.name)) return
    const expiresInDays = values.days === '' ? undefined : Number(values.days)
    create.mutate({ body: { name: values.name, scope: values.scope, expiresInDays } })
  }
  return (
    <FormDialog
      title={t('settings.tokens.add')}
      submit={t('settings.tokens.add')}
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field
        label={t('settings.name')}
        value={values.name}
        {...nameWords(t, isTried && !isName(values.name))}
        onChange={(event) => setValues({ ...values, name: event.target.value })}
      />
      <Select
        label={t('settings.tokens.scope')}
        value={values.scope}
        options={scopes.map((value) => ({ value, label: t(`settings.tokens.scope.${value}`) }))}
        onChange={(event) => setValues({ ...values, scope: event.target.value as Scope })}
      />
      <Select
        label={t('settings.tokens.expiry')}
        value={values.days}
        options={[
          ...lifetimes.map((count) => ({ value: String(count), label: t('settings.tokens.days', { count }) })),
          { value: '', label: t('settings.tokens.never') },
        ]}
        onChange={(event) => setValues({ ...values, days: event.target.value })}
      />
    </FormDialog>
  )
}
