import { useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { CheckBox, Field } from '../parts/field.tsx'
import type { ReactElement } from 'react'
import type { TextPlace } from '../lib/highlight.ts'

/** How a log is looked at. */
export interface Look {
  readonly search: string
  /** Which of the places that were found. */
  readonly current: number
  /** Stays at the end while the log grows. */
  readonly isFollowing: boolean
  /** A place that no search found. */
  readonly jump: TextPlace | undefined
}

interface LogToolsProps {
  readonly look: Look
  readonly found: number
  readonly firstError: TextPlace | undefined
  /** Whatever is changed but the following itself ends the following. */
  readonly onLook: (next: Partial<Look>) => void
}

/** Searches a log, follows it, leads to its first error. */
export function LogTools({ look, found, firstError, onLook }: LogToolsProps): ReactElement {
  const t = useText()
  const { search, current, isFollowing } = look
  const move = (step: number) => onLook({ current: found === 0 ? 0 : (current + step + found) % found })
  return (
    <>
      <Field
        bare
        className="grow"
        type="search"
        label={t('run.searchLog')}
        placeholder={t('run.searchLog')}
        value={search}
        onChange={(event) => onLook({ search: event.target.value, current: 0 })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.nativeEvent.isComposing) move(event.shiftKey ? -1 : 1)
        }}
      />
      <span className="quiet" role="status">
        {search !== '' && t('run.found', { count: found, at: found === 0 ? 0 : current + 1 })}
      </span>
      <Button disabled={!firstError} onClick={() => onLook({ search: '', jump: firstError && { ...firstError } })}>
        {t('run.firstError')}
      </Button>
      <CheckBox
        label={t('run.follow')}
        checked={isFollowing}
        onChange={(event) => onLook({ isFollowing: event.target.checked })}
      />
    </>
  )
}
