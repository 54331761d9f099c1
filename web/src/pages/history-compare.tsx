import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Button } from '../parts/button.tsx'
import { Select } from '../parts/field.tsx'
import { Icon } from '../parts/icon.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { Status } from '../parts/status.tsx'
import type { ReactElement } from 'react'
import type { Answer } from '../../../src/client/types.ts'

type Comparison = Answer<'compareRuns'>
type Change = Comparison['changes'][number]

const kinds = ['broken', 'fixed', 'added', 'removed'] as const
const looks = {
  broken: ['bad', 'failed'],
  fixed: ['good', 'passed'],
  added: ['busy', 'plus'],
  removed: ['calm', 'skipped'],
  same: ['calm', 'pending'],
} as const

/** Two runs of tests side by side; both are in the address. */
export function ComparePanel(): ReactElement {
  const t = useText()
  const [{ base = '', run = '' }] = useUrlValues()
  const isChosen = base !== '' && run !== ''
  const asked = useApi('compareRuns', { query: { base, run } }, { enabled: isChosen })
  return (
    <>
      <Choice base={base} run={run} />
      {!isChosen && <Empty title={t('history.chooseTwo')} hint={t('history.chooseTwoHint')} />}
      {isChosen && asked.error && <Problem error={asked.error} onRetry={() => void asked.refetch()} />}
      {isChosen && asked.isPending && <Loading />}
      {isChosen && asked.data && <Changes comparison={asked.data} />}
    </>
  )
}

function Choice({ base, run }: { readonly base: string; readonly run: string }): ReactElement {
  const t = useText()
  const format = useFormat()
  const [, set] = useUrlValues()
  const known = useApi('listFailures', { query: { runs: 100 } })
  const options = (chosen: string) => {
    const runs = (known.data?.runs ?? []).map(({ id, title, at }) => ({
      value: id,
      label: `${title} · ${format.date(at)} · ${id}`,
    }))
    const own = chosen === '' || runs.some(({ value }) => value === chosen) ? [] : [{ value: chosen, label: chosen }]
    return [{ value: '', label: t('history.choose') }, ...own, ...runs]
  }
  return (
    <div className="filters">
      <Select
        label={t('history.base')}
        value={base}
        options={options(base)}
        onChange={(event) => set({ base: event.target.value, change: '' })}
      />
      <Select
        label={t('history.run')}
        value={run}
        options={options(run)}
        onChange={(event) => set({ run: event.target.value, change: '' })}
      />
      <Button icon="retry" disabled={base === '' && run === ''} onClick={() => set({ base: run, run: base })}>
        {t('history.swap')}
      </Button>
    </div>
  )
}

function Changes({ comparison }: { readonly comparison: Comparison }): ReactElement {
  const t = useText()
  const format = useFormat()
  const [{ change = '' }, set] = useUrlValues()
  const { counts, changes, durationMs } = comparison
  const shown = change === '' ? changes : changes.filter((each) => each.change === change)
  const all = counts.added + counts.removed + counts.fixed + counts.broken
  return (
    <>
      <search className="counters" aria-label={t('history.changes')}>
        {kinds.map((kind) => (
          <button
            key={kind}
            type="button"
            className="counter"
            aria-pressed={change === kind}
            onClick={() => set({ change: change === kind ? '' : kind })}
          >
            <b>{counts[kind]}</b>
            <ChangeWord change={kind} />
          </button>
        ))}
        <span className="counter">
          <b>{counts.same}</b>
          <ChangeWord change="same" />
        </span>
      </search>
      {durationMs.base !== undefined && durationMs.run !== undefined && (
        <p className="quiet">
          {t('history.took', { before: format.duration(durationMs.base), after: format.duration(durationMs.run) })}
        </p>
      )}
      {all === 0 && <Empty title={t('history.noChanges')} hint={t('history.noChangesHint')} />}
      {shown.length > 0 && <ChangeTable changes={shown} comparison={comparison} />}
      {changes.length < all && <p className="quiet">{t('history.manyChanges', { count: changes.length })}</p>}
    </>
  )
}

interface ChangeTableProps {
  readonly changes: readonly Change[]
  readonly comparison: Comparison
}

function ChangeTable({ changes, comparison }: ChangeTableProps): ReactElement {
  const t = useText()
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('history.change')}</th>
          <th scope="col">{t('history.test')}</th>
          <th scope="col">{t('history.before')}</th>
          <th scope="col">{t('history.after')}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ id, change, before, after, seq }) => (
          <tr key={id} data-row>
            <td className="shrink">
              <ChangeWord change={change} />
            </td>
            <th scope="row" className="name">
              {seq === undefined ? (
                <code>{id}</code>
              ) : (
                <Link to="/runs/$id/tests/$seq" params={{ id: comparison.run, seq: String(seq) }}>
                  <code>{id}</code>
                </Link>
              )}
            </th>
            <td data-label={t('history.before')}>{before !== undefined && <Status of="test" value={before} />}</td>
            <td data-label={t('history.after')}>{after !== undefined && <Status of="test" value={after} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** A change as icon, word and colour. */
function ChangeWord({ change }: { readonly change: keyof typeof looks }): ReactElement {
  const t = useText()
  const [tone, icon] = looks[change]
  return (
    <span className={`status tone-${tone}`}>
      <Icon name={icon} />
      <span className="word">{t(`history.change.${change}`)}</span>
    </span>
  )
}
