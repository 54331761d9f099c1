import { useNavigate } from '@tanstack/react-router'
import { useDraft } from '../editor/draft.ts'
import { useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Field, Select, TextArea } from '../parts/field.tsx'
import { Card } from '../parts/page.tsx'
import { emptyTestsForm, executionBody } from './new-body.ts'
import { Choice } from './new-choice.tsx'
import { StartForm } from './new-form.tsx'
import { ExecutionFields } from './new-options.tsx'
import type { ReactElement } from 'react'
import type { TestsForm } from './new-body.ts'

/** A run of tests that are there. */
export function NewFromTests(): ReactElement {
  const t = useText()
  const navigate = useNavigate()
  const { value: form, set, discard } = useDraft('new.tests', emptyTestsForm)
  const start = useSend('startExecution', {
    stale: ['listRuns'],
    onDone: ({ id }) => {
      discard()
      void navigate({ to: '/runs/$id', params: { id } })
    },
  })
  const isReady = form.source === 'choice' || form.requestPath.trim() !== ''
  return (
    <StartForm
      isReady={isReady}
      sending={start}
      label={t('new.startNow')}
      onStart={() => start.mutate({ body: executionBody(form) })}
    >
      <Card>
        <div className="stack">
          <Choice
            label={t('new.testsFrom')}
            value={form.source}
            onChange={(source) => set({ source })}
            options={[
              { id: 'choice', label: t('new.testsChosen'), hint: t('new.testsChosenHint') },
              { id: 'file', label: t('new.testsFile'), hint: t('new.testsFileHint') },
            ]}
          />
          {form.source === 'file' ? (
            <Field
              label={t('new.requestPath')}
              required
              placeholder="exec_request.json"
              value={form.requestPath}
              onChange={(event) => set({ requestPath: event.target.value })}
            />
          ) : (
            <Tests form={form} set={set} />
          )}
        </div>
      </Card>
      <Card title={t('new.howRun')}>
        <div className="stack">
          <ExecutionFields form={form} set={set} />
        </div>
      </Card>
    </StartForm>
  )
}

interface TestsProps {
  readonly form: TestsForm
  readonly set: (change: Partial<TestsForm>) => void
}

function Tests({ form, set }: TestsProps): ReactElement {
  const t = useText()
  return (
    <>
      <div className="new-fields">
        <Select
          label={t('new.framework')}
          value={form.framework}
          onChange={(event) => set({ framework: event.target.value as TestsForm['framework'] })}
          options={[
            { value: 'pytest', label: 'pytest' },
            { value: 'vitest', label: 'vitest' },
            { value: 'node', label: 'node:test' },
          ]}
        />
        <Field
          label={t('new.cwd')}
          hint={t('new.cwdHint')}
          value={form.cwd}
          onChange={(event) => set({ cwd: event.target.value })}
        />
      </div>
      <TextArea
        label={t('new.tests')}
        hint={t('new.testsHint')}
        rows={4}
        value={form.tests}
        onChange={(event) => set({ tests: event.target.value })}
      />
      <TextArea
        label={t('new.args')}
        hint={t('new.argsHint')}
        rows={2}
        value={form.args}
        onChange={(event) => set({ args: event.target.value })}
      />
    </>
  )
}
