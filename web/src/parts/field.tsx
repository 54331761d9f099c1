import { useId } from 'react'
import type { ComponentProps, ReactElement, ReactNode } from 'react'

interface About {
  readonly label: string
  /** Shows no label; screen readers still have it. */
  readonly bare?: boolean | undefined
  readonly hint?: ReactNode
  readonly error?: ReactNode
}

/** A line of text with its label. */
export function Field({ label, bare, hint, error, className, ...rest }: About & ComponentProps<'input'>): ReactElement {
  const ids = useIds(rest.id, hint, error)
  return (
    <Labelled ids={ids} {...{ label, bare, hint, error, className }}>
      <input type="text" autoComplete="off" spellCheck={false} {...rest} {...ids.control} />
    </Labelled>
  )
}

/** A text of several lines with its label. */
export function TextArea({
  label,
  bare,
  hint,
  error,
  className,
  ...rest
}: About & ComponentProps<'textarea'>): ReactElement {
  const ids = useIds(rest.id, hint, error)
  return (
    <Labelled ids={ids} {...{ label, bare, hint, error, className }}>
      <textarea rows={6} spellCheck={false} {...rest} {...ids.control} />
    </Labelled>
  )
}

interface SelectProps extends Omit<ComponentProps<'select'>, 'children'> {
  readonly options: readonly { readonly value: string; readonly label: string; readonly disabled?: boolean }[]
}

/** A choice of one with its label. */
export function Select({ label, bare, hint, error, className, options, ...rest }: About & SelectProps): ReactElement {
  const ids = useIds(rest.id, hint, error)
  return (
    <Labelled ids={ids} {...{ label, bare, hint, error, className }}>
      <select {...rest} {...ids.control}>
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
    </Labelled>
  )
}

/** A yes or no with its label. */
export function CheckBox({
  label,
  hint,
  className,
  ...rest
}: Pick<About, 'label' | 'hint'> & ComponentProps<'input'>): ReactElement {
  const ids = useIds(rest.id, hint, undefined)
  return (
    <div className={`check-box ${className ?? ''}`}>
      <input type="checkbox" {...rest} {...ids.control} />
      <label htmlFor={ids.control.id}>{label}</label>
      {hint !== undefined && (
        <p className="hint" id={ids.hint}>
          {hint}
        </p>
      )}
    </div>
  )
}

interface Ids {
  readonly control: ComponentProps<'input'> & ComponentProps<'textarea'> & ComponentProps<'select'>
  readonly hint: string
  readonly error: string
}

function useIds(given: string | undefined, hint: ReactNode, error: ReactNode): Ids {
  const made = useId()
  const id = given ?? made
  const isWrong = error !== undefined && error !== null && error !== ''
  const about = [hint !== undefined && `${id}-hint`, isWrong && `${id}-error`].filter(Boolean).join(' ')
  return {
    control: {
      id,
      'aria-describedby': about === '' ? undefined : about,
      'aria-invalid': isWrong || undefined,
    },
    hint: `${id}-hint`,
    error: `${id}-error`,
  }
}

interface LabelledProps extends About {
  readonly ids: Ids
  readonly className: string | undefined
  readonly children: ReactNode
}

function Labelled({ ids, label, bare = false, hint, error, className, children }: LabelledProps): ReactElement {
  return (
    <div className={`field ${className ?? ''}`}>
      <label htmlFor={ids.control.id} className={bare ? 'vh' : undefined}>
        {label}
      </label>
      {children}
      {hint !== undefined && (
        <p className="hint" id={ids.hint}>
          {hint}
        </p>
      )}
      {error !== undefined && error !== null && error !== '' && (
        <p className="field-error" id={ids.error}>
          {error}
        </p>
      )}
    </div>
  )
}
