import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useDraft } from '../editor/draft.ts'
import { useModEnter } from '../editor/keys.ts'
import { useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Button } from '../parts/button.tsx'
import { Field, Select } from '../parts/field.tsx'
import { Card } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { emptySuiteForm, pipelineBody } from './new-body.ts'
import { Choice } from './new-choice.tsx'
import { ModelChoice } from './new-model.tsx'
import { ExecutionFields } from './new-options.tsx'
import { Preview } from './new-preview.tsx'
import { Source } from './new-source.tsx'
import type { FormEvent, ReactElement } from 'react'
import type { SuiteForm } from './new-body.ts'

interface PartProps {
  readonly form: SuiteForm
  readonly set: (change: Partial<SuiteForm>) => void
}

type Missing = 'new.missingSuite' | 'new.missingAnswer'

/** A run that begins with a suite. */
export function NewFromSuite(): ReactElement {
  const t = useText()
  const draft = useDraft('new.suite', emptySuiteForm)
  const { value: form, set } = draft
  const [asked, setAsked] = useUrlValue('suite')
  useEffect(() => {
    if (asked === '') return
    set({ source: 'folder', suiteId: asked })
    setAsked('')
  })
  const start = useStart(draft.discard)
  const missing = missingIn(form)
  const go = (): void => {
    if (missing === undefined && !start.isPending) start.send(form)
  }
  useModEnter(go)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    go()
  }
  return (
    <form className="new" onSubmit={submit}>
      <div className="stack">
        {draft.isKept && (
          <p className="row quiet">
            {t('new.draftKept')}
            <Button kind="quiet" onClick={draft.discard}>
              {t('new.startOver')}
            </Button>
          </p>
        )}
        <Source form={form} set={set} />
        <ModelChoice form={form} set={set} />
        <More form={form} set={set} />
      </div>
      <div className="stack new-side">
        <Start form={form} set={set} missing={missing} isPending={start.isPending} error={start.error} />
        <Preview form={form} canShow={missing !== 'new.missingSuite'} />
      </div>
    </form>
  )
}

interface StartProps extends PartProps {
  readonly missing: Missing | undefined
  readonly isPending: boolean
  readonly error: Error | null
}

function Start({ form, set, missing, isPending, error }: StartProps): ReactElement {
  const t = useText()
  return (
    <Card title={t('new.start')}>
      <div className="stack">
        <Choice
          label={t('new.todo')}
          value={form.todo}
          onChange={(todo) => set({ todo })}
          options={[
            { id: 'pipeline', label: t('new.pipeline'), hint: t('new.pipelineHint') },
            { id: 'generate', label: t('new.generate'), hint: t('new.generateHint') },
          ]}
        />
        {error !== null && <Problem error={error} />}
        <Button kind="primary" type="submit" icon="play" disabled={missing !== undefined} busy={isPending}>
          {t('new.startNow')}
        </Button>
        <p className="hint" role="status">
          {missing === undefined ? t('new.keys') : t(missing)}
        </p>
      </div>
    </Card>
  )
}

function useStart(onDone: () => void) {
  const navigate = useNavigate()
  const done = ({ id }: { readonly id: string }): void => {
    onDone()
    void navigate({ to: '/runs/$id', params: { id } })
  }
  const pipeline = useSend('startPipeline', { stale: ['listRuns'], onDone: done })
  const generation = useSend('startGeneration', { stale: ['listRuns'], onDone: done })
  return {
    isPending: pipeline.isPending || generation.isPending,
    error: pipeline.error ?? generation.error,
    send: (form: SuiteForm): void => {
      pipeline.reset()
      generation.reset()
      const { execution, ...body } = pipelineBody(form)
      if (form.todo === 'generate') generation.mutate({ body })
      else pipeline.mutate({ body: execution === undefined ? body : { ...body, execution } })
    },
  }
}

/** What still has to be given, as the key of its text. */
function missingIn(form: SuiteForm): Missing | undefined {
  const isSuiteThere = form.source === 'folder' ? form.suiteId !== '' : form.text.trim() !== ''
  if (!isSuiteThere) return 'new.missingSuite'
  return form.mode === 'mock' && form.response.trim() === '' ? 'new.missingAnswer' : undefined
}

function More({ form, set }: PartProps): ReactElement {
  const t = useText()
  return (
    <details className="card new-more">
      <summary>
        <h2>{t('new.more')}</h2>
      </summary>
      <div className="stack">
        <div className="new-fields">
          <Select
            label={t('new.framework')}
            value={form.framework}
            onChange={(event) => set({ framework: event.target.value as SuiteForm['framework'] })}
            options={[
              { value: '', label: t('new.frameworkAuto') },
              { value: 'pytest', label: 'pytest' },
              { value: 'vitest', label: 'vitest' },
              { value: 'node', label: 'node:test' },
            ]}
          />
          <Field
            label={t('new.tags')}
            hint={t('new.tagsHint')}
            value={form.tags}
            onChange={(event) => set({ tags: event.target.value })}
          />
        </div>
        {form.todo === 'pipeline' && <ExecutionFields form={form} set={set} />}
      </div>
    </details>
  )
}
