import { useNavigate } from '@tanstack/react-router'
import { useDraft } from '../editor/draft.ts'
import { useApi, useSend } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { CheckBox, Select } from '../parts/field.tsx'
import { Card } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { numberOf } from './new-body.ts'
import { StartForm } from './new-form.tsx'
import { NumberField } from './new-options.tsx'
import { PlanOutline } from './new-plan.tsx'
import type { ReactElement } from 'react'
import type { ApiPlanDetail, Sent } from '../../../src/client/types.ts'

interface ExperimentForm {
  readonly planId: string
  /** Variants that are left out. */
  readonly without: readonly string[]
  readonly repeats: string
  readonly maxCases: string
  readonly concurrency: string
  readonly seed: string
}

const empty: ExperimentForm = { planId: '', without: [], repeats: '', maxCases: '', concurrency: '', seed: '' }

/** An experiment of a plan in the folder. */
export function NewExperiment(): ReactElement {
  const t = useText()
  const navigate = useNavigate()
  const { value: form, set, discard } = useDraft('new.experiment', empty)
  const plans = useApi('listPlans', {})
  const plan = useApi('getPlan', { params: { id: form.planId } }, { enabled: form.planId !== '' })
  const start = useSend('startExperiment', {
    stale: ['listRuns', 'listExperiments'],
    onDone: ({ id }) => {
      discard()
      void navigate({ to: '/experiments/$id', params: { id } })
    },
  })
  const ready = form.planId !== '' && plan.data?.problems.length === 0 ? plan.data : undefined
  if (plans.isPending) return <Loading />
  if (plans.error) return <Problem error={plans.error} onRetry={() => void plans.refetch()} />
  const { items } = plans.data
  if (items.length === 0) return <Empty title={t('new.noPlans')} hint={t('new.noPlansHint')} />
  return (
    <StartForm
      isReady={ready !== undefined}
      sending={start}
      label={t('new.startExperiment')}
      onStart={() => ready && start.mutate({ body: bodyOf(form, ready) })}
    >
      <Card>
        <div className="stack">
          <Select
            label={t('new.plan')}
            value={form.planId}
            onChange={(event) => set({ planId: event.target.value, without: [] })}
            options={[
              { value: '', label: t('new.choose'), disabled: true },
              ...items.map(({ id, name, path }) => ({ value: id, label: name === path ? path : `${name} (${path})` })),
            ]}
          />
          {form.planId !== '' && plan.isPending && <Loading />}
          {form.planId !== '' && plan.error && <Problem error={plan.error} onRetry={() => void plan.refetch()} />}
          {form.planId !== '' && plan.data && <PlanOutline plan={plan.data} />}
        </div>
      </Card>
      {ready && (
        <Card title={t('new.howRun')}>
          <Fields form={form} set={set} plan={ready} />
        </Card>
      )}
    </StartForm>
  )
}

function bodyOf(form: ExperimentForm, plan: ApiPlanDetail): Sent<'startExperiment'>['body'] {
  const numbers = { repeats: form.repeats, maxCases: form.maxCases, concurrency: form.concurrency, seed: form.seed }
  const given = Object.entries(numbers).flatMap(([key, text]) => {
    const number = numberOf(text)
    return number === undefined ? [] : [[key, number] as const]
  })
  const variants = variantsOf(plan).filter((id) => !form.without.includes(id))
  return {
    planId: form.planId,
    ...Object.fromEntries(given),
    ...(form.without.length === 0 ? {} : { variants }),
  }
}

function variantsOf(plan: ApiPlanDetail): readonly string[] {
  return [...new Set(plan.manifests.map(({ variantId }) => variantId))]
}

interface FieldsProps {
  readonly form: ExperimentForm
  readonly set: (change: Partial<ExperimentForm>) => void
  readonly plan: ApiPlanDetail
}

function Fields({ form, set, plan }: FieldsProps): ReactElement {
  const t = useText()
  const variants = variantsOf(plan)
  const left = variants.filter((id) => !form.without.includes(id))
  return (
    <div className="stack">
      {variants.length > 1 && (
        <fieldset className="choice plain">
          <legend className="field-label">{t('new.variants')}</legend>
          {variants.map((id) => (
            <CheckBox
              key={id}
              label={id}
              checked={!form.without.includes(id)}
              disabled={left.length === 1 && left[0] === id}
              onChange={(event) =>
                set({
                  without: event.target.checked ? form.without.filter((each) => each !== id) : [...form.without, id],
                })
              }
            />
          ))}
        </fieldset>
      )}
      <div className="new-fields">
        <NumberField
          label={t('new.repeats')}
          min={1}
          max={1000}
          value={form.repeats}
          onChange={(repeats) => set({ repeats })}
        />
        <NumberField
          label={t('new.maxCases')}
          hint={t('new.maxCasesHint')}
          min={1}
          max={100_000}
          value={form.maxCases}
          onChange={(maxCases) => set({ maxCases })}
        />
        <NumberField
          label={t('new.concurrency')}
          min={1}
          max={1000}
          value={form.concurrency}
          onChange={(concurrency) => set({ concurrency })}
        />
        <NumberField
          label={t('new.seed')}
          min={0}
          max={2_147_483_647}
          value={form.seed}
          onChange={(seed) => set({ seed })}
        />
      </div>
    </div>
  )
}
