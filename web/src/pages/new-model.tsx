import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Select, TextArea } from '../parts/field.tsx'
import { Card } from '../parts/page.tsx'
import { Choice } from './new-choice.tsx'
import { DropZone } from './new-file.tsx'
import type { ReactElement } from 'react'
import type { ApiModel } from '../../../src/client/types.ts'
import type { SuiteForm } from './new-body.ts'

interface ModelProps {
  readonly form: SuiteForm
  readonly set: (change: Partial<SuiteForm>) => void
}

/** Who writes the script. */
export function ModelChoice({ form, set }: ModelProps): ReactElement {
  const t = useText()
  const models = useApi('listModels', {})
  const items = models.data?.items ?? []
  const http = items.filter(({ mode }) => mode === 'http')
  const missing = (model: ApiModel | undefined): string | undefined =>
    model === undefined || model.ready ? undefined : model.detail
  const chosen = http.find(({ name, isBuiltIn }) => (isBuiltIn ? form.model === '' : name === form.model))
  const noHttp = models.data !== undefined && http.length === 0 ? t('new.noModel') : undefined
  return (
    <Card title={t('new.model')}>
      <div className="stack">
        <Choice
          label={t('new.modelMode')}
          value={form.mode}
          onChange={(mode) => set({ mode })}
          options={[
            { id: 'offline', label: t('new.offline'), hint: t('new.offlineHint') },
            { id: 'mock', label: t('new.mock'), hint: t('new.mockHint') },
            {
              id: 'local',
              label: t('new.local'),
              hint: t('new.localHint'),
              warning: missing(items.find(({ mode }) => mode === 'local')),
            },
            { id: 'http', label: t('new.http'), hint: t('new.httpHint'), warning: noHttp ?? missing(chosen) },
          ]}
        />
        {form.mode === 'mock' && <Answer form={form} set={set} />}
        {form.mode === 'http' && http.length > 0 && (
          <Select
            label={t('new.whichModel')}
            value={form.model}
            onChange={(event) => set({ model: event.target.value })}
            options={http.map(({ name, model, ready, isBuiltIn }) => ({
              value: isBuiltIn ? '' : name,
              label: [isBuiltIn ? t('new.modelOfSettings') : name, model, ready ? undefined : t('new.notReady')]
                .filter((part) => part !== undefined)
                .join(' · '),
            }))}
          />
        )}
        {(form.mode === 'http' || form.mode === 'local') && (
          <p>
            <Link to="/settings">{t('new.toModels')}</Link>
          </p>
        )}
      </div>
    </Card>
  )
}

function Answer({ form, set }: ModelProps): ReactElement {
  const t = useText()
  return (
    <>
      <TextArea
        label={t('new.answer')}
        hint={t('new.answerHint')}
        rows={8}
        value={form.response}
        onChange={(event) => set({ response: event.target.value })}
      />
      <DropZone
        label={t('new.dropAnswer')}
        accept=".md,.txt,.py,.ts,.mjs,text/*"
        maxBytes={2_000_000}
        onText={(response) => set({ response })}
      />
    </>
  )
}
