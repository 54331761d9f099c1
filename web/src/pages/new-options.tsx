import { useText } from '../lib/i18n.ts'
import { CheckBox, Field } from '../parts/field.tsx'
import type { ReactElement } from 'react'
import type { ExecutionForm } from './new-body.ts'

interface NumberFieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly min: number
  readonly max: number
  readonly step?: number | 'any'
  readonly hint?: string | undefined
}

/** A number that may be left out. */
export function NumberField({ onChange, step = 1, ...rest }: NumberFieldProps): ReactElement {
  const t = useText()
  return (
    <Field
      type="number"
      inputMode="numeric"
      step={step}
      placeholder={t('new.default')}
      {...rest}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

interface ExecutionFieldsProps {
  readonly form: ExecutionForm
  readonly set: (change: Partial<ExecutionForm>) => void
}

/** How tests are run. */
export function ExecutionFields({ form, set }: ExecutionFieldsProps): ReactElement {
  const t = useText()
  return (
    <>
      <div className="new-fields">
        <NumberField
          label={t('new.retries')}
          hint={t('new.retriesHint')}
          min={0}
          max={20}
          value={form.retries}
          onChange={(retries) => set({ retries })}
        />
        <NumberField
          label={t('new.workers')}
          hint={t('new.workersHint')}
          min={1}
          max={64}
          value={form.workers}
          onChange={(workers) => set({ workers })}
        />
        <NumberField
          label={t('new.timeout')}
          hint={t('new.seconds')}
          min={1}
          max={86_400}
          value={form.timeout}
          onChange={(timeout) => set({ timeout })}
        />
        <NumberField
          label={t('new.testTimeout')}
          hint={t('new.seconds')}
          min={0.1}
          max={86_400}
          step="any"
          value={form.testTimeout}
          onChange={(testTimeout) => set({ testTimeout })}
        />
      </div>
      <CheckBox
        label={t('new.coverage')}
        checked={form.coverage}
        onChange={(event) => set({ coverage: event.target.checked })}
      />
    </>
  )
}
