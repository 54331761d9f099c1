import { useEffect, useId, useRef } from 'react'
import { useText } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import type { ReactElement, ReactNode } from 'react'

interface DialogProps {
  readonly title: string
  readonly open: boolean
  readonly onClose: () => void
  readonly children: ReactNode
  /** Buttons at the bottom, besides the one that closes. */
  readonly actions?: ReactNode
  readonly wide?: boolean | undefined
}

/** Asks or shows something on top of the page. Escape and a press outside close it. */
export function Dialog({ title, open, onClose, children, actions, wide = false }: DialogProps): ReactElement | null {
  const t = useText()
  const box = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    if (!open) return
    const before = document.activeElement
    box.current?.showModal()
    return () => {
      // The browser gives the focus back only where it has closed the dialog itself.
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus()
    }
  }, [open])
  if (!open) return null
  return (
    <dialog
      ref={box}
      className={wide ? 'wide' : ''}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div className="dialog-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <Button kind="quiet" icon="close" aria-label={t('common.close')} onClick={onClose} />
        </header>
        {children}
        {actions !== undefined && <footer>{actions}</footer>}
      </div>
    </dialog>
  )
}
