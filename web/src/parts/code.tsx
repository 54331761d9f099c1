import type { ReactElement } from 'react'

interface CodeProps {
  readonly text: string
  /** Number of the first line; without it lines have no numbers. */
  readonly firstLine?: number | undefined
  /** Line that stands out, by its number. */
  readonly markLine?: number | undefined
  /** What it is, for screen readers. */
  readonly label?: string | undefined
}

/** A text as it is, in lines; long lines wrap. */
export function Code({ text, firstLine, markLine, label }: CodeProps): ReactElement {
  const lines = text.replace(/\n$/, '').split('\n')
  return (
    <div className="code" role="region" aria-label={label} tabIndex={0}>
      <code>
        {lines.map((line, at) => {
          const number = (firstLine ?? 1) + at
          return (
            <span key={number} className={number === markLine ? 'line marked' : 'line'}>
              {firstLine !== undefined && <span className="number" data-number={number} aria-hidden="true" />}
              <span className="text">{line === '' ? '\n' : line}</span>
            </span>
          )
        })}
      </code>
    </div>
  )
}
