import { useMemo } from 'react'
import { useText } from '../lib/i18n.ts'
import { compareTexts } from './diff-lines.ts'
import type { ReactElement } from 'react'

const signs = { before: '−', after: '+', both: ' ' } as const

interface DiffProps {
  readonly before: string
  readonly after: string
  /** What the two are; expected and actual unless given. */
  readonly labels?: readonly [before: string, after: string] | undefined
}

/** Two texts compared; differing characters stand out. */
export function Diff({ before, after, labels }: DiffProps): ReactElement {
  const t = useText()
  const lines = useMemo(() => compareTexts(before, after), [before, after])
  const [left, right] = labels ?? [t('common.expected'), t('common.actual')]
  return (
    <div className="diff">
      <p className="legend">
        <span className="before">− {left}</span>
        <span className="after">+ {right}</span>
      </p>
      <div className="code" role="region" aria-label={`${left} / ${right}`} tabIndex={0}>
        <code>
          {lines.map((line, at) => (
            // A comparison is drawn anew as a whole.
            // oxlint-disable-next-line react/no-array-index-key
            <span key={at} className={`line ${line.side}`}>
              <span className="sign">{signs[line.side]}</span>
              <span className="text">
                {line.pieces.map((piece, place) =>
                  // oxlint-disable-next-line react/no-array-index-key
                  piece.isOwn ? <mark key={place}>{piece.text}</mark> : <span key={place}>{piece.text}</span>,
                )}
              </span>
            </span>
          ))}
        </code>
      </div>
    </div>
  )
}

/** A patch as Git writes it. */
export function UnifiedDiff({ text, label }: { readonly text: string; readonly label?: string }): ReactElement {
  const lines = text.replace(/\n$/, '').split('\n')
  return (
    <div className="diff code" role="region" aria-label={label} tabIndex={0}>
      <code>
        {lines.map((line, at) => (
          // oxlint-disable-next-line react/no-array-index-key
          <span key={at} className={`line ${kindOf(line)}`}>
            <span className="text">{line === '' ? '\n' : line}</span>
          </span>
        ))}
      </code>
    </div>
  )
}

function kindOf(line: string): string {
  if (/^(?:diff |index |--- |\+\+\+ |new file|deleted file|rename |similarity )/.test(line)) return 'meta'
  if (line.startsWith('@@')) return 'hunk'
  if (line.startsWith('+')) return 'after'
  return line.startsWith('-') ? 'before' : 'both'
}
