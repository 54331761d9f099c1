import { useId } from 'react'
import type { ReactElement, ReactNode } from 'react'

interface ChoiceProps<Id extends string> {
  readonly label: string
  readonly value: Id
  readonly onChange: (id: Id) => void
  readonly options: readonly {
    readonly id: Id
    readonly label: string
    readonly hint?: ReactNode
    /** Something is missing; it can be chosen nevertheless, to see what. */
    readonly warning?: ReactNode
  }[]
}

/** One of several, as cards. */
export function Choice<Id extends string>({ label, value, onChange, options }: ChoiceProps<Id>): ReactElement {
  const name = useId()
  return (
    <fieldset className="choice">
      <legend className="field-label">{label}</legend>
      {options.map(({ id, label: text, hint, warning }) => (
        <label key={id} className={id === value ? 'chosen' : ''}>
          <input type="radio" name={name} value={id} checked={id === value} onChange={() => onChange(id)} />
          <span className="choice-name">{text}</span>
          {hint !== undefined && <span className="hint">{hint}</span>}
          {warning !== undefined && <span className="choice-warning tone-warn">{warning}</span>}
        </label>
      ))}
    </fieldset>
  )
}
