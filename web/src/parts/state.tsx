import { useEffect, useState } from 'react'
import { after } from '../lib/clock.ts'
import { useText } from '../lib/i18n.ts'
import { Mark } from './icon.tsx'
import type { ReactElement, ReactNode } from 'react'

/** Something is on its way; shows after a moment, so that quick answers do not flicker. */
export function Loading(): ReactElement {
  const t = useText()
  const [isSlow, setSlow] = useState(false)
  useEffect(() => after(250, () => setSlow(true)), [])
  return (
    <div className="loading" role="status">
      {isSlow && (
        <>
          <span className="spinner" aria-hidden="true" />
          {t('common.loading')}
        </>
      )}
    </div>
  )
}

interface EmptyProps {
  readonly title: string
  readonly hint?: ReactNode
  /** Leads on. */
  readonly action?: ReactNode
}

/** There is nothing here, and what to do about it. */
export function Empty({ title, hint, action }: EmptyProps): ReactElement {
  return (
    <div className="empty">
      <Mark size={44} />
      <p className="empty-title">{title}</p>
      {hint !== undefined && <p>{hint}</p>}
      {action}
    </div>
  )
}
