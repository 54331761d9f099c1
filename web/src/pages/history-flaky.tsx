import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Pager } from '../parts/pager.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { Status, useStatusWord } from '../parts/status.tsx'
import { depthOf, HistoryFilters } from './history-filters.tsx'
import type { ReactElement } from 'react'
import type { Answer } from '../../../src/client/types.ts'

type Flaky = Answer<'listFlaky'>['items'][number]

const depths = [20, 50, 100, 200] as const

/** Tests that do not always end the same way. */
export function FlakyPanel(): ReactElement {
  const t = useText()
  const [{ title = '', runs = '', cursor = '' }, set] = useUrlValues()
  const depth = depthOf(runs, depths, 50)
  const query = { title: title || undefined, runs: depth, cursor: cursor || undefined, limit: 50 }
  const asked = useApi('listFlaky', { query }, { keep: true })
  const known = useApi('listFailures', { query: { runs: 20 } }, { keep: true })
  if (asked.error) return <Problem error={asked.error} onRetry={() => void asked.refetch()} />
  if (!asked.data) return <Loading />
  const { items, nextCursor } = asked.data
  return (
    <>
      <HistoryFilters titles={known.data?.titles ?? []} depths={depths} depth={depth} />
      {items.length === 0 ? (
        <Empty title={t('history.noFlaky')} hint={t('history.noFlakyHint')} />
      ) : (
        <FlakyTable tests={items} />
      )}
      <Pager next={nextCursor} cursor={cursor} onGo={(next) => set({ cursor: next }, 'push')} />
    </>
  )
}

function FlakyTable({ tests }: { readonly tests: readonly Flaky[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('history.test')}</th>
          <th scope="col">{t('history.rate')}</th>
          <th scope="col">{t('history.outcomes')}</th>
        </tr>
      </thead>
      <tbody>
        {tests.map((test) => (
          <tr key={`${test.title}\n${test.id}`} data-row>
            <th scope="row" className="name">
              <code>{test.id}</code>
              <span className="under">{test.title}</span>
            </th>
            <td data-label={t('history.rate')}>
              {t('history.rateOf', { share: format.percent(test.rate), count: test.runs })}
              <span className="under quiet">
                {t('history.split', { passed: test.passed, flaky: test.flaky, failed: test.failed })}
              </span>
            </td>
            <td data-label={t('history.outcomes')}>
              <Outcomes outcomes={test.outcomes} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Outcomes({ outcomes }: Pick<Flaky, 'outcomes'>): ReactElement {
  const word = useStatusWord()
  const format = useFormat()
  return (
    <ol className="strip">
      {outcomes.toReversed().map(({ runId, seq, at, verdict }) => {
        const says = `${word('test', verdict)}, ${format.date(at)}`
        return (
          <li key={runId}>
            <Link to="/runs/$id/tests/$seq" params={{ id: runId, seq: String(seq) }} title={says} aria-label={says}>
              <Status of="test" value={verdict} iconOnly />
            </Link>
          </li>
        )
      })}
    </ol>
  )
}
