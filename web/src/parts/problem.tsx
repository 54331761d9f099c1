import { ApiError } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import type { ReactElement, ReactNode } from 'react'
import type { ApiProblem, ProblemEntry } from '../../../src/client/types.ts'

interface ProblemProps {
  readonly error: unknown
  /** Offers to try again. */
  readonly onRetry?: (() => void) | undefined
  /** What to say first, in place of the text of the error. */
  readonly title?: ReactNode
}

/** An error with its place, its reason and its mend. */
export function Problem({ error, onRetry, title }: ProblemProps): ReactElement {
  const t = useText()
  const problem = error instanceof ApiError ? error.problem : undefined
  const detail = problem?.detail ?? (error instanceof Error ? error.message : String(error))
  return (
    <div className="problem" role="alert">
      <Icon name="warning" size={20} />
      <div>
        <p className="problem-title">
          <strong>{title ?? detail}</strong> {problem && <code className="quiet">{problem.code}</code>}
        </p>
        {title !== undefined && <p>{detail}</p>}
        {isUnreachable(error) && <p>{t('common.unreachableHelp')}</p>}
        {problem && <ProblemWords entry={problem} />}
        {problem?.errors && <ProblemList entries={problem.errors} />}
        {onRetry && (
          <Button icon="retry" onClick={onRetry}>
            {t('common.again')}
          </Button>
        )}
      </div>
    </div>
  )
}

/** Several things that are wrong, each with its place. */
export function ProblemList({ entries }: { readonly entries: readonly ProblemEntry[] }): ReactElement {
  return (
    <ul className="problem-list">
      {entries.slice(0, 100).map((entry, at) => (
        // Entries have no name of their own and never change places.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={at}>
          {entry.pointer !== undefined && <code>{entry.pointer}</code>} {entry.message}
          <ProblemWords entry={entry} />
        </li>
      ))}
    </ul>
  )
}

function ProblemWords({ entry }: { readonly entry: ProblemEntry | ApiProblem }): ReactElement {
  const t = useText()
  const { place, why, help } = entry
  return (
    <>
      {place && <p className="quiet place">{placeText(place)}</p>}
      {place?.text !== undefined && (
        <pre className="problem-line">
          {place.text}
          {place.column !== undefined &&
            `\n${' '.repeat(Math.max(0, place.column - 1))}${'^'.repeat(place.length ?? 1)}`}
        </pre>
      )}
      {why !== undefined && <p className="quiet">{t('common.because', { why })}</p>}
      {help !== undefined && <p className="help">{help}</p>}
    </>
  )
}

function placeText({ file, line, column }: NonNullable<ApiProblem['place']>): string {
  return [file, line, column].filter((part) => part !== undefined).join(':')
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'server_unreachable'
}
