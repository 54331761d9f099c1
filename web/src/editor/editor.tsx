import { useEffect, useId, useImperativeHandle, useRef, useState } from 'react'
import { Loading } from '../parts/state.tsx'
import type { ReactElement, Ref } from 'react'
import type { EditorFormat, OpenEditor } from './code-mirror.ts'
import type { Mark } from './marks.ts'
import type { Schema } from './schema.ts'
import './editor.css'

/** What can be done with an editor from outside. */
export interface EditorHandle {
  /** Goes to a line and column, both from 1. */
  goTo(line: number, column: number): void
}

interface EditorProps {
  readonly label: string
  readonly value: string
  readonly onChange?: ((text: string) => void) | undefined
  readonly readOnly?: boolean | undefined
  readonly format?: EditorFormat | undefined
  /** Suggestions are made from it. */
  readonly schema?: Schema | undefined
  readonly marks?: readonly Mark[] | undefined
  /** Said below. */
  readonly hint?: string | undefined
  /** Height in lines, roughly. */
  readonly rows?: number | undefined
  readonly ref?: Ref<EditorHandle> | undefined
}

const none: readonly Mark[] = []
const ignore = (): void => {}

/** A text that is edited with colours and suggestions; a plain field where the editor cannot be loaded. */
export function Editor(props: EditorProps): ReactElement {
  const { label, value, onChange = ignore, readOnly = false, hint, rows = 16, ref } = props
  const host = useRef<HTMLDivElement>(null)
  const area = useRef<HTMLTextAreaElement>(null)
  const hintId = useId()
  const { editor, isBroken } = useCodeMirror(props, host)
  useImperativeHandle(ref, () => ({
    goTo: (line, column) => (editor === undefined ? goToIn(area.current, line, column) : editor.goTo(line, column)),
  }))
  return (
    <div className="editor">
      {isBroken ? (
        <textarea
          ref={area}
          aria-label={label}
          aria-describedby={hint === undefined ? undefined : hintId}
          rows={rows}
          spellCheck={false}
          value={value}
          readOnly={readOnly}
          onChange={(event) => onChange(event.target.value)}
        />
      ) : (
        <>
          {editor === undefined && <Loading />}
          <div
            ref={host}
            className={`editor-host rows-${rows < 12 ? 'few' : 'many'}`}
            role="group"
            aria-label={label}
          />
        </>
      )}
      {hint !== undefined && (
        <p className="hint" id={hintId}>
          {hint}
        </p>
      )}
    </div>
  )
}

function useCodeMirror(props: EditorProps, host: React.RefObject<HTMLDivElement | null>) {
  const { value, format = 'plain', schema, marks = none } = props
  const [editor, setEditor] = useState<OpenEditor>()
  const [isBroken, setBroken] = useState(false)
  const latest = useRef(props)
  /** Texts that were told and have not come back yet. */
  const typed = useRef<readonly string[]>([])
  useEffect(() => {
    latest.current = props
  })
  useEffect(() => {
    let isGone = false
    let opened: OpenEditor | undefined
    const open = async (): Promise<void> => {
      const { openEditor } = await import('./code-mirror.ts')
      const element = host.current
      if (isGone || element === null) return
      const { label, readOnly = false, onChange = ignore, ...now } = latest.current
      opened = openEditor({
        host: element,
        text: now.value,
        label,
        isReadOnly: readOnly || latest.current.onChange === undefined,
        format: now.format ?? 'plain',
        schema: now.schema,
        onChange: (text) => {
          typed.current = [...typed.current, text]
          const tell = latest.current.onChange ?? onChange
          tell(text)
        },
      })
      setEditor(opened)
    }
    open().catch(() => setBroken(true))
    return () => {
      isGone = true
      opened?.close()
    }
  }, [host])
  useEffect(() => {
    // While one types, the page is a few texts behind: those must not come back over what was typed since.
    const at = typed.current.indexOf(value)
    typed.current = at === -1 ? [] : typed.current.slice(at + 1)
    if (at === -1) editor?.setText(value)
  }, [editor, value])
  useEffect(() => editor?.setFormat(format, schema), [editor, format, schema])
  useEffect(() => editor?.setMarks(marks), [editor, marks])
  return { editor, isBroken }
}

function goToIn(area: HTMLTextAreaElement | null, line: number, column: number): void {
  if (area === null) return
  const start =
    area.value
      .split('\n')
      .slice(0, line - 1)
      .join('\n').length +
    (line > 1 ? 1 : 0) +
    column -
    1
  area.focus()
  area.setSelectionRange(start, start)
}
