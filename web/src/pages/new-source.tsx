import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { SuiteEditor, guessedName } from '../editor/suite-editor.tsx'
import { template } from '../editor/template.ts'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Select } from '../parts/field.tsx'
import { Card } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { DropZone } from './new-file.tsx'
import type { ReactElement } from 'react'
import type { SuiteForm } from './new-body.ts'

interface SourceProps {
  readonly form: SuiteForm
  readonly set: (change: Partial<SuiteForm>) => void
}

/** Where the suite comes from: the folder, the editor, a file. */
export function Source({ form, set }: SourceProps): ReactElement {
  const t = useText()
  const [isUploading, setUploading] = useState(false)
  const tab = isUploading ? 'upload' : form.source
  return (
    <Card title={t('new.suite')}>
      <Tabs
        label={t('new.suite')}
        value={tab}
        onChange={(next) => {
          setUploading(next === 'upload')
          if (next !== 'upload') set({ source: next })
        }}
        tabs={[
          { id: 'folder', label: t('new.fromFolder') },
          { id: 'text', label: t('new.fromText') },
          { id: 'upload', label: t('new.upload') },
        ]}
      >
        {tab === 'folder' && <FromFolder form={form} set={set} />}
        {tab === 'text' && <FromText form={form} set={set} />}
        {tab === 'upload' && (
          <DropZone
            label={t('new.dropSuite')}
            accept=".json,.yaml,.yml,application/json"
            maxBytes={10_000_000}
            onText={(text, name) => {
              set({ source: 'text', text, name })
              setUploading(false)
            }}
          />
        )}
      </Tabs>
    </Card>
  )
}

function FromFolder({ form: { suiteId }, set }: SourceProps): ReactElement {
  const t = useText()
  const suites = useApi('listSuites', {})
  const chosen = useApi('getSuite', { params: { id: suiteId } }, { enabled: suiteId !== '' })
  if (suites.isPending) return <Loading />
  if (suites.error) return <Problem error={suites.error} onRetry={() => void suites.refetch()} />
  const { items } = suites.data
  if (items.length === 0) {
    return (
      <div className="stack">
        <p>{t('new.noSuites')}</p>
        <div className="row">
          <Button kind="primary" onClick={() => set({ source: 'text', text: template, name: '' })}>
            {t('new.template')}
          </Button>
          <Link to="/suites">{t('suites.title')}</Link>
        </div>
      </div>
    )
  }
  return (
    <div className="stack">
      <Select
        label={t('new.chooseSuite')}
        value={suiteId}
        onChange={(event) => set({ suiteId: event.target.value })}
        options={[
          { value: '', label: t('new.choose'), disabled: true },
          ...items.map(({ id, name, path }) => ({ value: id, label: name === path ? path : `${name} (${path})` })),
        ]}
      />
      {suiteId !== '' && chosen.error && <Problem error={chosen.error} />}
      {suiteId !== '' && chosen.data && (
        <details>
          <summary>{t('new.showText')}</summary>
          <SuiteEditor
            key={suiteId}
            label={t('suites.text')}
            name={chosen.data.path}
            text={chosen.data.text}
            readOnly
          />
          <p className="row">
            <Link to="/suites/$id" params={{ id: suiteId }}>
              {t('common.edit')}
            </Link>
            <Button
              kind="quiet"
              icon="copy"
              onClick={() => set({ source: 'text', text: chosen.data.text, name: chosen.data.path })}
            >
              {t('new.copyToText')}
            </Button>
          </p>
        </details>
      )}
    </div>
  )
}

function FromText({ form: { text, name }, set }: SourceProps): ReactElement {
  const t = useText()
  return (
    <div className="stack">
      {text.trim() === '' && (
        <p className="row">
          <span>{t('new.emptyText')}</span>
          <Button onClick={() => set({ text: template, name: '' })}>{t('new.template')}</Button>
        </p>
      )}
      <SuiteEditor
        label={t('suites.text')}
        name={name === '' ? guessedName(text) : name}
        text={text}
        onChange={(next) => set({ text: next })}
      />
    </div>
  )
}
