import { useEffect, useRef, useState } from 'react'
import { ApiError } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Copy } from '../parts/copy.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import type { UseQueryResult } from '@tanstack/react-query'
import type { FormEvent, ReactElement, ReactNode } from 'react'
import type { Text } from '../lib/i18n.ts'

/** What to show of an answer that is under way, there, or refused. */
export function Answered<T>({
  query,
  children,
}: {
  readonly query: UseQueryResult<T>
  readonly children: (answer: T) => ReactNode
}): ReactElement {
  return (
    <>
      {query.error && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Loading />}
      {query.data !== undefined && children(query.data)}
    </>
  )
}

/** Head of the column that holds what can be done; its name is for screen readers. */
export function ActionsHead(): ReactElement {
  const t = useText()
  return (
    <th scope="col">
      <span className="vh">{t('settings.actions')}</span>
    </th>
  )
}

interface FormDialogProps {
  readonly title: string
  readonly submit: string
  readonly busy: boolean
  readonly error: unknown
  readonly onSubmit: () => void
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A form on top of the page. It is there as long as it is drawn. */
export function FormDialog({ title, submit, busy, error, onSubmit, onClose, children }: FormDialogProps): ReactElement {
  const t = useText()
  const [tries, setTries] = useState(0)
  const form = useRef<HTMLFormElement>(null)
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    onSubmit()
    setTries(tries + 1)
  }
  useEffect(() => {
    const target = tries === 0 ? 'input, select' : '[aria-invalid=true]'
    // The dialog opens after this, and would take the focus.
    queueMicrotask(() => form.current?.querySelector<HTMLElement>(target)?.focus())
  }, [tries])
  return (
    <Dialog title={title} open onClose={onClose}>
      <form className="stack" noValidate ref={form} onSubmit={send}>
        {children}
        {error !== null && error !== undefined && <Problem error={error} />}
        <footer className="actions">
          <Button kind="primary" type="submit" busy={busy}>
            {submit}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
        </footer>
      </form>
    </Dialog>
  )
}

interface SureButtonProps {
  readonly label: string
  /** What is asked before it happens. */
  readonly question: string
  readonly hint: string
  readonly kind?: 'danger' | 'plain'
  readonly busy: boolean
  readonly error: unknown
  readonly onSure: (done: () => void) => void
  /** Forgets the error of the last try. */
  readonly onOpen: () => void
}

/** A button that asks before it does something that cannot be taken back. */
export function SureButton(props: SureButtonProps): ReactElement {
  const [isOpen, setOpen] = useState(false)
  const open = () => {
    props.onOpen()
    setOpen(true)
  }
  return (
    <>
      <Button kind={props.kind ?? 'danger'} className="small" onClick={open}>
        {props.label}
      </Button>
      {isOpen && (
        <FormDialog
          title={props.question}
          submit={props.label}
          busy={props.busy}
          error={props.error}
          onSubmit={() => props.onSure(() => setOpen(false))}
          onClose={() => setOpen(false)}
        >
          <p>{props.hint}</p>
        </FormDialog>
      )}
    </>
  )
}

interface ShownOnceProps {
  readonly title: string
  readonly value: string
  readonly hint: string
  readonly onClose: () => void
}

/** Something secret that is shown this once. */
export function ShownOnce({ title, value, hint, onClose }: ShownOnceProps): ReactElement {
  const t = useText()
  return (
    <Dialog title={title} open onClose={onClose} actions={<Copy text={value} />}>
      <p>
        <strong>{t('settings.shownOnce')}</strong> {hint}
      </p>
      <pre className="secret">{value}</pre>
    </Dialog>
  )
}

/** What the server said of one field, so that it can stand beside it; empty where it said nothing. */
export function errorAt(error: unknown, pointer: string): string {
  if (!(error instanceof ApiError)) return ''
  return error.problem.errors?.find((entry) => entry.pointer === pointer)?.message ?? ''
}

/** Whether a text can be the name of something. */
export function isName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)
}

/** What stands below the field of a name: how it is spelt, as a hint or as what is wrong. */
export function nameWords(t: Text, isWrong: boolean): { readonly hint?: string; readonly error?: string } {
  const words = t('settings.nameHint')
  return isWrong ? { error: words } : { hint: words }
}
