import { useRef, useState } from 'react'
import { useFormat, useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import type { DragEvent, ReactElement } from 'react'

interface DropZoneProps {
  /** What is wanted. */
  readonly label: string
  /** Endings and media types, as `accept` of an input. */
  readonly accept: string
  readonly maxBytes: number
  readonly onText: (text: string, name: string) => void
}

/** Takes a text file: dropped, or chosen. */
export function DropZone({ label, accept, maxBytes, onText }: DropZoneProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const input = useRef<HTMLInputElement>(null)
  const [isOver, setOver] = useState(false)
  const [error, setError] = useState<string>()
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return
    if (file.size > maxBytes) {
      setError(t('new.tooLarge', { name: file.name, size: format.bytes(file.size), limit: format.bytes(maxBytes) }))
      return
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer())
      setError(undefined)
      onText(text, file.name)
    } catch {
      setError(t('new.notText', { name: file.name }))
    }
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    void take(event.dataTransfer.files[0])
  }
  return (
    <div
      className={`drop${isOver ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p>{label}</p>
      <Button icon="file" onClick={() => input.current?.click()}>
        {t('new.chooseFile')}
      </Button>
      <input
        ref={input}
        type="file"
        className="vh"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          void take(event.target.files?.[0])
          event.target.value = ''
        }}
      />
      {error !== undefined && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  )
}
