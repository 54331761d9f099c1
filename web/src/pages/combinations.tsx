import { useMemo, useRef } from 'react'
import { useDraft } from '../editor/draft.ts'
import { Editor } from '../editor/editor.tsx'
import { marksOf } from '../editor/marks.ts'
import { ApiError } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Field, Select } from '../parts/field.tsx'
import { Card, Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty } from '../parts/state.tsx'
import { exampleKeys, examples } from './combinations-examples.ts'
import { CombinationResult } from './combinations-result.tsx'
import { useCombination } from './combinations-use.ts'
import type { ReactElement } from 'react'
import type { EditorHandle } from '../editor/editor.tsx'
import type { CombinationForm } from './combinations-use.ts'
import './combinations.css'

const first: CombinationForm = {
  model: examples['combinations.exampleBrowser'],
  strength: '',
  engine: 'best',
  seed: '',
  seconds: '',
}

/** Rows that cover the combinations of a model, made anew as one types. */
export function CombinationsPage(): ReactElement {
  const t = useText()
  const { value: form, set } = useDraft('combinations', first)
  const made = useCombination(form)
  const editor = useRef<EditorHandle>(null)
  const marks = useMemo(() => {
    const errors = made.error instanceof ApiError ? made.error.problem : undefined
    const entries = errors?.errors ?? (errors === undefined ? [] : [{ message: errors.detail, place: errors.place }])
    return [...marksOf(entries, 'error'), ...marksOf(made.answer?.warnings ?? [], 'warning')]
  }, [made])
  return (
    <Page title={t('combinations.title')} lead={t('combinations.lead')}>
      <div className="combinations">
        <div className="stack">
          <Card
            title={t('combinations.model')}
            actions={exampleKeys.map((key) => (
              <Button key={key} kind="quiet" onClick={() => set({ model: examples[key] })}>
                {t(key)}
              </Button>
            ))}
          >
            <Editor
              ref={editor}
              label={t('combinations.modelText')}
              value={form.model}
              rows={10}
              marks={marks}
              onChange={(model) => set({ model })}
              hint={t('combinations.modelHint')}
            />
          </Card>
          <Card title={t('combinations.settings')}>
            <Settings form={form} set={set} />
            <p className="quiet combinations-state" role="status">
              {made.isBusy && t('combinations.computing')}
            </p>
          </Card>
        </div>
        <div className="stack" aria-busy={made.isBusy}>
          {made.error !== undefined && <Problem error={made.error} />}
          {made.error !== undefined && made.answer && <p className="quiet">{t('combinations.older')}</p>}
          {made.answer && <CombinationResult made={made.answer} isStale={made.isBusy || made.error !== undefined} />}
          {form.model.trim() === '' && !made.answer && <Empty title={t('combinations.empty')} />}
        </div>
      </div>
    </Page>
  )
}

interface SettingsProps {
  readonly form: CombinationForm
  readonly set: (change: Partial<CombinationForm>) => void
}

function Settings({ form, set }: SettingsProps): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <div className="combinations-fields">
      <Select
        label={t('combinations.strength')}
        hint={t('combinations.strengthHint')}
        value={form.strength}
        onChange={(event) => set({ strength: event.target.value })}
        options={[
          { value: '', label: t('combinations.strengthAuto') },
          ...['1', '2', '3', '4', '5', '6'].map((value) => ({ value, label: value })),
        ]}
      />
      <Select
        label={t('combinations.engine')}
        value={form.engine}
        onChange={(event) => set({ engine: event.target.value as CombinationForm['engine'] })}
        options={[
          { value: 'best', label: t('combinations.engineBest') },
          { value: 'PICT', label: 'PICT' },
          { value: 'IPO', label: 'IPO' },
          { value: 'naive', label: t('combinations.engineNaive') },
        ]}
      />
      <Field
        label={t('combinations.seed')}
        hint={t('combinations.seedHint')}
        type="number"
        min={0}
        step={1}
        placeholder="0"
        value={form.seed}
        onChange={(event) => set({ seed: event.target.value })}
      />
      <Select
        label={t('combinations.time')}
        value={form.seconds}
        onChange={(event) => set({ seconds: event.target.value })}
        options={[
          { value: '', label: t('combinations.timeUsual') },
          ...[10, 30].map((seconds) => ({
            value: String(seconds),
            label: t('combinations.timeLong', { time: format.duration(seconds * 1000) }),
          })),
        ]}
      />
    </div>
  )
}
