import { useEffect, useRef, useState } from 'react'
import { after } from '../lib/clock.ts'
import { useText } from '../lib/i18n.ts'
import { Field } from './field.tsx'
import type { ReactElement } from 'react'

interface SearchFieldProps {
  readonly value: string
  /** Told once one stops typing. */
  readonly onChange: (value: string) => void
  readonly label?: string | undefined
}

/** Looks for something in the list below; `/` leads here. */
export function SearchField({ value, onChange, label }: SearchFieldProps): ReactElement {
  const t = useText()
  const [typed, type] = useState(value)
  const tell = useRef(onChange)
  useEffect(() => {
    tell.current = onChange
  })
  useEffect(() => type(value), [value])
  useEffect(() => (typed === value ? undefined : after(250, () => tell.current(typed))), [typed, value])
  return (
    <Field
      bare
      className="grow"
      type="search"
      label={label ?? t('common.search')}
      placeholder={label ?? t('common.search')}
      value={typed}
      maxLength={200}
      onChange={(event) => type(event.target.value)}
    />
  )
}
