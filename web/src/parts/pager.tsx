import { useText } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import type { ReactElement } from 'react'

interface PagerProps {
  /** `nextCursor` of the page that is shown. */
  readonly next: string | undefined
  /** Cursor of the page that is shown; empty on the first. */
  readonly cursor: string
  /** Goes to a cursor; empty for the first page. */
  readonly onGo: (cursor: string) => void
}

/** Leads through a list in pages; Back of the browser leads to the page before. */
export function Pager({ next, cursor, onGo }: PagerProps): ReactElement | null {
  const t = useText()
  if (next === undefined && cursor === '') return null
  return (
    <nav className="pager" aria-label={t('common.pages')}>
      <Button icon="left" disabled={cursor === ''} onClick={() => onGo('')}>
        {t('common.firstPage')}
      </Button>
      <Button disabled={next === undefined} onClick={() => next !== undefined && onGo(next)}>
        {t('common.nextPage')}
      </Button>
    </nav>
  )
}
