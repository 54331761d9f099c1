import { useState } from 'react'
import { after } from '../lib/clock.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import type { ReactElement } from 'react'

interface CopyProps {
  readonly text: string
  readonly label?: string | undefined
  /** Shows only the icon; the label is for screen readers and the tooltip. */
  readonly iconOnly?: boolean | undefined
}

/** Copies a text. */
export function Copy({ text, label, iconOnly = false }: CopyProps): ReactElement {
  const t = useText()
  const [isDone, setDone] = useState(false)
  const copy = async () => {
    await copyText(text)
    setDone(true)
    after(2000, () => setDone(false))
  }
  const says = isDone ? t('common.copied') : (label ?? t('common.copy'))
  return (
    <Button
      icon={isDone ? 'passed' : 'copy'}
      className={iconOnly ? 'small' : ''}
      title={iconOnly ? says : undefined}
      onClick={() => void copy()}
    >
      <span aria-live="polite" className={iconOnly ? 'vh' : undefined}>
        {says}
      </span>
    </Button>
  )
}

async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // The clipboard is closed to pages on plain HTTP; the old way still works there.
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'vh'
    document.body.append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
}
