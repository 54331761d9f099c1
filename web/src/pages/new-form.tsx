import { useModEnter } from '../editor/keys.ts'
import { Button } from '../parts/button.tsx'
import { Problem } from '../parts/problem.tsx'
import type { FormEvent, ReactElement, ReactNode } from 'react'

interface StartFormProps {
  readonly isReady: boolean
  /** What is on its way, and what came of the last try. */
  readonly sending: { readonly isPending: boolean; readonly error: Error | null }
  readonly onStart: () => void
  /** Words of the button. */
  readonly label: string
  readonly children: ReactNode
}

/** A form that starts a run: by its button, by Enter, and by Ctrl+Enter from anywhere in it. */
export function StartForm({ isReady, sending, onStart, label, children }: StartFormProps): ReactElement {
  const go = (): void => {
    if (isReady && !sending.isPending) onStart()
  }
  useModEnter(go)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    go()
  }
  return (
    <form className="new-single stack" onSubmit={submit}>
      {children}
      {sending.error && <Problem error={sending.error} />}
      <div className="actions">
        <Button kind="primary" type="submit" icon="play" disabled={!isReady} busy={sending.isPending}>
          {label}
        </Button>
      </div>
    </form>
  )
}
