import { useQuery } from '@tanstack/react-query'
import { api } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { now } from '../lib/clock.ts'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { phasesOf, wordsOf } from './run-phases.ts'
import type { ReactElement } from 'react'
import type { RunPhase } from './run-phases.ts'
import type { ApiRunDetail, ApiRunEvent } from '../../../src/client/types.ts'

const pageSize = 1000
const mostPages = 5
const mostRows = 200
const knownKinds = ['queued', 'started', 'resumed', 'step', 'tests', 'text'] as const

/** What a run was busy with and for how long. */
export function RunTimeline({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const events = useRunHistory(run)
  if (events.error) return <Problem error={events.error} onRetry={() => void events.refetch()} />
  if (!events.data) return <Loading />
  if (events.data.length === 0) return <Empty title={t('run.noEvents')} />
  const end = run.finishedAt === undefined ? now() : Date.parse(run.finishedAt)
  return (
    <div className="stack">
      <Waterfall phases={phasesOf(events.data, end)} />
      <EventList events={events.data} />
    </div>
  )
}

function useRunHistory(run: ApiRunDetail) {
  return useQuery({
    queryKey: ['events', run.id, run.status],
    refetchInterval: run.status === 'running' && 3000,
    staleTime: run.status === 'running' ? 0 : Infinity,
    queryFn: async ({ signal }) => {
      const events: ApiRunEvent[] = []
      for (let page = 0; page < mostPages; page++) {
        const query = { after: events.at(-1)?.seq ?? 0, limit: pageSize }
        const { items } = await api.call('listEvents', { params: { id: run.id }, query }, { signal })
        events.push(...items)
        if (items.length < pageSize) break
      }
      return events
    },
  })
}

function Waterfall({ phases }: { readonly phases: readonly RunPhase[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  const start = Math.min(...phases.map((phase) => phase.from))
  const whole = Math.max(1, Math.max(...phases.map((phase) => phase.to)) - start)
  return (
    <table className="table keep waterfall">
      <caption>{t('run.waterfall', { time: format.duration(whole) })}</caption>
      <thead>
        <tr>
          <th scope="col">{t('run.phase')}</th>
          <th scope="col" className="figure">
            {t('run.duration')}
          </th>
          <th scope="col">{t('run.share')}</th>
        </tr>
      </thead>
      <tbody>
        {phases.slice(0, mostRows).map((phase) => (
          <tr key={phase.key}>
            <th scope="row" className="name">
              <PhaseName phase={phase} />
            </th>
            <td className="figure">{format.duration(phase.to - phase.from)}</td>
            <td className="bar">
              <svg width="100%" height="12" aria-hidden="true" preserveAspectRatio="none">
                <rect
                  className={`bar-${phase.kind}`}
                  x={`${((phase.from - start) / whole) * 100}%`}
                  width={`${Math.max(0.4, ((phase.to - phase.from) / whole) * 100)}%`}
                  height="12"
                  rx="3"
                />
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function PhaseName({ phase: { kind, text } }: { readonly phase: RunPhase }): ReactElement {
  const t = useText()
  const known = knownKinds.find((each) => each === kind)
  if (kind === 'step') return <>{text}</>
  return (
    <>
      {known === undefined ? kind : t(`run.event.${known}`)} {text !== '' && <span className="quiet">{text}</span>}
    </>
  )
}

function EventList({ events }: { readonly events: readonly ApiRunEvent[] }): ReactElement {
  const t = useText()
  const format = useFormat()
  const shown = events.filter((event) => event.kind !== 'text' && event.kind !== 'progress').slice(-mostRows)
  return (
    <details className="fold">
      <summary>
        <strong>{t('run.events')}</strong> <span className="count">{format.number(events.length)}</span>
      </summary>
      <ol className="events">
        {shown.map((event) => (
          <li key={event.seq}>
            <span className="quiet number">{format.clock(event.at)}</span> <span className="chip">{event.kind}</span>{' '}
            <span className="event-text">{wordsOf(event)}</span>
          </li>
        ))}
      </ol>
    </details>
  )
}
