import { useMemo, useRef } from 'react'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Icon } from '../parts/icon.tsx'
import { Problem } from '../parts/problem.tsx'
import { Editor } from './editor.tsx'
import { marksOf } from './marks.ts'
import { useCheck } from './use-check.ts'
import type { ReactElement } from 'react'
import type { ProblemEntry } from '../../../src/client/types.ts'
import type { EditorHandle } from './editor.tsx'
import type { Checked } from './use-check.ts'

interface SuiteEditorProps {
  readonly label: string
  readonly text: string
  /** File name: its ending tells JSON from YAML. */
  readonly name: string
  readonly onChange?: ((text: string) => void) | undefined
  readonly readOnly?: boolean | undefined
}

/** File name for a text without one, by how it begins. */
export function guessedName(text: string): string {
  return /^\s*(?:[[{]|$)/.test(text) ? 'suite.json' : 'suite.yaml'
}

/** A suite that is edited and checked as one types. */
export function SuiteEditor({ label, text, name, onChange, readOnly = false }: SuiteEditorProps): ReactElement {
  const t = useText()
  const editor = useRef<EditorHandle>(null)
  const schema = useApi('getSuiteSchema', {}, { enabled: !readOnly })
  const checked = useCheck(text, name)
  const marks = useMemo(
    () => [...marksOf(checked.check?.problems ?? [], 'error'), ...marksOf(checked.check?.warnings ?? [], 'warning')],
    [checked.check],
  )
  return (
    <div className="stack">
      <Editor
        ref={editor}
        label={label}
        value={text}
        onChange={onChange}
        readOnly={readOnly}
        format={/\.json$/i.test(name) ? 'json' : 'plain'}
        schema={schema.data}
        marks={marks}
        hint={readOnly ? undefined : t('suites.editorHint')}
      />
      {text.trim() !== '' && <Check checked={checked} onGo={(line, column) => editor.current?.goTo(line, column)} />}
    </div>
  )
}

interface CheckProps {
  readonly checked: Checked
  readonly onGo: (line: number, column: number) => void
}

function Check({ checked: { check, error, isStale }, onGo }: CheckProps): ReactElement {
  const t = useText()
  if (error !== undefined && !isStale) return <Problem error={error} />
  const entries = check === undefined ? [] : [...check.problems, ...check.warnings]
  const errors = check?.problems.length ?? 0
  return (
    <section className="check" aria-label={t('suites.check')} aria-busy={isStale}>
      <p className="check-state" role="status">
        {check === undefined || isStale ? (
          <span className="quiet">{t('suites.checking')}</span>
        ) : (
          <>
            <span className={errors > 0 ? 'tone-bad' : 'tone-good'}>
              <Icon name={errors > 0 ? 'failed' : 'passed'} />
            </span>
            {errors > 0 ? t('suites.problems', { count: errors }) : t('suites.fine')}
            <span className="quiet">
              {t('suites.holds', { cases: check.cases ?? 0, endpoints: check.endpoints ?? 0 })}
            </span>
          </>
        )}
      </p>
      {entries.length > 0 && (
        <ul className="check-list">
          {entries.map((entry, at) => (
            // Entries have no name of their own and never change places.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={at}>
              <Entry entry={entry} isError={at < errors} onGo={onGo} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

interface EntryProps {
  readonly entry: ProblemEntry
  readonly isError: boolean
  readonly onGo: CheckProps['onGo']
}

function Entry({ entry: { place, message, help }, isError, onGo }: EntryProps): ReactElement {
  const t = useText()
  const line = place?.line
  const words = (
    <>
      <span className={isError ? 'tone-bad' : 'tone-warn'}>
        <Icon name={isError ? 'failed' : 'warning'} />
        <span className="vh">{isError ? t('suites.error') : t('suites.warning')}</span>
      </span>
      <span className="line">{line === undefined ? '' : t('suites.line', { line, column: place?.column ?? 1 })}</span>
      <span>{message}</span>
      {help !== undefined && <span className="help">{help}</span>}
    </>
  )
  if (line === undefined) return <div className="lost">{words}</div>
  return (
    <button type="button" onClick={() => onGo(line, place?.column ?? 1)}>
      {words}
    </button>
  )
}
