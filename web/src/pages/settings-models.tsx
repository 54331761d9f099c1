import { useState } from 'react'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Problem } from '../parts/problem.tsx'
import { Status } from '../parts/status.tsx'
import { ModelForm } from './settings-model-form.tsx'
import { ActionsHead, Answered, SureButton } from './settings-parts.tsx'
import type { ReactElement } from 'react'
import type { Text } from '../lib/i18n.ts'
import type { ApiModel } from '../../../src/client/types.ts'

/** Models to choose from; administrators add and change their own. */
export function ModelsTab({ isAdmin }: { readonly isAdmin: boolean }): ReactElement {
  const t = useText()
  const models = useApi('listModels', {})
  const [edited, setEdited] = useState<ApiModel | 'new'>()
  return (
    <div className="stack">
      <div className="card-head">
        <p className="quiet">{t('settings.models.lead')}</p>
        {isAdmin && (
          <Button kind="primary" icon="plus" onClick={() => setEdited('new')}>
            {t('settings.models.add')}
          </Button>
        )}
      </div>
      <Answered query={models}>
        {({ items }) => (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('settings.name')}</th>
                <th scope="col">{t('settings.models.modelShort')}</th>
                <th scope="col">{t('settings.models.state')}</th>
                <ActionsHead />
              </tr>
            </thead>
            <tbody>
              {items.map((model) => (
                <ModelRow key={model.name} model={model} isAdmin={isAdmin} onEdit={() => setEdited(model)} />
              ))}
            </tbody>
          </table>
        )}
      </Answered>
      {edited !== undefined && (
        <ModelForm model={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
    </div>
  )
}

interface ModelRowProps {
  readonly model: ApiModel
  readonly isAdmin: boolean
  readonly onEdit: () => void
}

function ModelRow({ model, isAdmin, onEdit }: ModelRowProps): ReactElement {
  const t = useText()
  const check = useSend('checkModel')
  const remove = useSend('deleteModel', { stale: ['listModels', 'listAudit'] })
  const params = { name: model.name }
  return (
    <tr data-row>
      <th scope="row" className="name">
        {model.name} {model.isBuiltIn && <span className="chip">{t('settings.models.builtIn')}</span>}
      </th>
      <td className="name" data-label={model.model && t('settings.models.modelShort')}>
        {model.model}
        {model.endpoint !== undefined && <code className="quiet under">{model.endpoint}</code>}
      </td>
      <td data-label={t('settings.models.state')}>
        <StateLine status={model.ready ? 'ok' : 'warn'} detail={wordsOf(model, t)} />
        <div aria-live="polite">
          {check.data && <StateLine {...check.data} />}
          {check.error && <Problem error={check.error} />}
        </div>
      </td>
      <td>
        <div className="actions">
          {model.mode === 'http' && (
            <Button
              className="small"
              busy={check.isPending}
              title={t('settings.models.checkHint', params)}
              onClick={() => check.mutate({ params })}
            >
              {t('settings.models.check')}
            </Button>
          )}
          {isAdmin && !model.isBuiltIn && (
            <>
              <Button className="small" onClick={onEdit}>
                {t('common.edit')}
              </Button>
              <SureButton
                label={t('settings.remove')}
                question={t('settings.removeSure', params)}
                hint={t('settings.models.removeHint')}
                busy={remove.isPending}
                error={remove.error}
                onOpen={remove.reset}
                onSure={(done) => remove.mutate({ params }, { onSuccess: done })}
              />
            </>
          )}
        </div>
      </td>
    </tr>
  )
}

interface StateLineProps {
  readonly status: 'ok' | 'warn' | 'fail'
  readonly detail: string
  readonly fix?: string | undefined
}

function StateLine({ status, detail, fix }: StateLineProps): ReactElement {
  return (
    <div className="row">
      <Status of="check" value={status} />
      <span className="quiet">
        {detail}
        {fix !== undefined && ` → ${fix}`}
      </span>
    </div>
  )
}

/** What is missing is said in the words of the server. */
function wordsOf({ ready, detail, isBuiltIn, mode, secret }: ApiModel, t: Text): string {
  if (!ready) return detail
  if (isBuiltIn) return t(`settings.models.${mode}`)
  return secret === undefined ? t('settings.models.withoutKey') : t('settings.models.withSecret', { secret })
}
