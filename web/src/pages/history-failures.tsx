import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { Status } from '../parts/status.tsx'
import { Time } from '../parts/time.tsx'
import { depthOf, HistoryFilters } from './history-filters.tsx'
import type { ReactElement } from 'react'
import type { Answer } from '../../../src/client/types.ts'

type History = Answer<'listFailures'>
type Group = History['groups'][number]

const depths = [5, 20, 50, 100] as const
const standings = ['new', 'known', 'flaky', 'fixed'] as const

/** Failures of the newest runs by what they have in common. */
export function FailuresPanel(): ReactElement {
  const [{ title = '', runs = '' }] = useUrlValues()
  const depth = depthOf(runs, depths, 20)
  const asked = useApi('listFailures', { query: { title: title || undefined, runs: depth } }, { keep: true })
  if (asked.error) return <Problem error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data) return <Loading />
  return (
    <>
      <HistoryFilters titles={asked.data.titles} depths={depths} depth={depth} />
      <Failures history={asked.data} />
    </>
  )
}

function Failures({ history: { groups, runs } }: { readonly history: History }): ReactElement {
  const t = useText()
  const [{ standing = '' }, set] = useUrlValues()
  if (runs.length === 0) return <Empty title={t('history.noRuns')} hint={t('history.noRunsHint')} />
  if (groups.length === 0) return <Empty title={t('history.none')} hint={t('history.noneHint')} />
  const shown = standing === '' ? groups : groups.filter((group) => group.standing === standing)
  return (
    <>
      <search className="counters" aria-label={t('history.standings')}>
        {standings.map((each) => (
          <button
            key={each}
            type="button"
            className="counter"
            aria-pressed={standing === each}
            onClick={() => set({ standing: standing === each ? '' : each })}
          >
            <b>{groups.filter((group) => group.standing === each).length}</b>
            <Status of="test" value={each} />
          </button>
        ))}
      </search>
      <p className="quiet">{t('history.looked', { count: runs.length })}</p>
      {shown.length === 0 ? (
        <Empty title={t('history.noneFound')} hint={t('history.noneFoundHint')} />
      ) : (
        <GroupTable groups={shown} />
      )}
    </>
  )
}

function GroupTable({ groups }: { readonly groups: readonly Group[] }): ReactElement {
  const t = useText()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('history.standing')}</th>
          <th scope="col">{t('history.what')}</th>
          <th scope="col" className="figure">
            {t('history.testsHit')}
          </th>
          <th scope="col" className="figure">
            {t('history.runsHit')}
          </th>
          <th scope="col">{t('history.seen')}</th>
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <GroupRow key={group.fingerprint} group={group} />
        ))}
      </tbody>
    </table>
  )
}

function GroupRow({ group }: { readonly group: Group }): ReactElement {
  const t = useText()
  return (
    <tr data-row>
      <td className="shrink">
        <Status of="test" value={group.standing} />
      </td>
      <th scope="row" className="name">
        {group.type}
        <span className="under message">{group.message}</span>
        <details>
          <summary>{t('history.testCount', { count: group.count })}</summary>
          <ul>
            {group.tests.map(({ runId, seq, id }) => (
              <li key={`${runId}/${seq}`}>
                <Link to="/runs/$id/tests/$seq" params={{ id: runId, seq: String(seq) }}>
                  <code>{id}</code>
                </Link>
              </li>
            ))}
            {group.count > group.tests.length && (
              <li className="quiet">{t('history.moreTests', { count: group.count - group.tests.length })}</li>
            )}
          </ul>
        </details>
      </th>
      <td className="figure" data-label={t('history.testsHit')}>
        {group.count}
      </td>
      <td className="figure" data-label={t('history.runsHit')}>
        {group.runs}
      </td>
      <td className="shrink" data-label={t('history.seen')}>
        <Time at={group.firstSeenAt} />
        <span className="under">
          <Time at={group.lastSeenAt} />
        </span>
      </td>
    </tr>
  )
}
