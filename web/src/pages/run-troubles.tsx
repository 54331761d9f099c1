import { Link } from '@tanstack/react-router'
import { useText } from '../lib/i18n.ts'
import { Icon } from '../parts/icon.tsx'
import { ProblemList } from '../parts/problem.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail } from '../../../src/client/types.ts'

/** What kept the run from its end, and what else went wrong in it. */
export function RunTroubles({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const notes = run.problems.filter((problem) => problem.kind === 'note')
  const grave = run.problems.filter((problem) => problem.kind !== 'note')
  return (
    <>
      {run.error && (
        <div className="problem" role="alert">
          <Icon name="warning" size={20} />
          <div>
            <p className="problem-title">
              <strong>{run.error.message}</strong> {run.error.code !== undefined && <code>{run.error.code}</code>}
            </p>
            {run.error.help !== undefined && <p className="quiet">{run.error.help}</p>}
            {run.error.problems && <ProblemList entries={run.error.problems} />}
          </div>
        </div>
      )}
      {grave.length > 0 && <Troubles title={t('run.problems')} isGrave problems={grave} />}
      {notes.length > 0 && <Troubles title={t('run.notes')} problems={notes} />}
      {run.sandbox && run.sandbox.gaps.length > 0 && (
        <p className="quiet gaps">
          {t('run.gaps', { tier: run.sandbox.tier })} {run.sandbox.gaps.join(' ')}
        </p>
      )}
    </>
  )
}

interface TroublesProps {
  readonly title: string
  readonly problems: ApiRunDetail['problems']
  readonly isGrave?: boolean
}

function Troubles({ title, problems, isGrave = false }: TroublesProps): ReactElement {
  return (
    <div className={isGrave ? 'problem' : 'notice'}>
      <Icon name="warning" size={18} />
      <div>
        <p>
          <strong>{title}</strong>
        </p>
        <ul>
          {problems.map((problem) => (
            <li key={`${problem.kind} ${problem.message}`}>
              {problem.file !== undefined && <code>{problem.file}: </code>}
              {problem.message}
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}

/** Leads from a run of a kind that has a page of its own to that page. */
export function RunOwnPage({ run: { id, kind } }: { readonly run: ApiRunDetail }): ReactElement | null {
  const t = useText()
  if (kind !== 'experiment' && kind !== 'repair') return null
  return (
    <p>
      <Link to={kind === 'experiment' ? '/experiments/$id' : '/repairs/$id'} params={{ id }} className="button primary">
        {t(kind === 'experiment' ? 'run.toExperiment' : 'run.toRepair')}
      </Link>
    </p>
  )
}
