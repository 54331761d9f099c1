import { Link } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Select } from '../parts/field.tsx'
import { Pager } from '../parts/pager.tsx'
import { Problem } from '../parts/problem.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { Status, useStatusWord } from '../parts/status.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail, ApiTask, Sent } from '../../../src/client/types.ts'

const verdicts = ['failed', 'errored', 'flaky', 'passed', 'skipped', 'running', 'pending', 'cancelled'] as const

/** Tests or trials of a run, a page at a time. */
export function RunTests({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const word = useStatusWord()
  const [{ verdict = '', search = '', cursor = '' }, set] = useUrlValues()
  const query = { verdict: verdict || undefined, search: search || undefined, cursor: cursor || undefined, limit: 50 }
  const tests = useApi('listTasks', { params: { id: run.id }, query } as Sent<'listTasks'>, {
    keep: true,
    every: run.status === 'running' && 5000,
  })
  const isFiltered = verdict !== '' || search !== ''
  return (
    <>
      <search className="filters">
        <SearchField
          value={search}
          label={t('run.searchTests')}
          onChange={(value) => set({ search: value, cursor: '' })}
        />
        <Select
          bare
          label={t('run.verdict')}
          value={verdict}
          options={[
            { value: '', label: t('common.all') },
            ...verdicts.map((value) => ({ value, label: word('test', value) })),
          ]}
          onChange={(event) => set({ verdict: event.target.value, cursor: '' })}
        />
      </search>
      {tests.error && <Problem error={tests.error} onRetry={() => void tests.refetch()} />}
      {tests.isPending && <Loading />}
      {tests.data && tests.data.items.length > 0 && <TestTable run={run} tests={tests.data.items} />}
      {tests.data?.items.length === 0 && (
        <Empty
          title={t(isFiltered ? 'run.noTestsFound' : 'run.noTests')}
          hint={t(isFiltered ? 'run.noneFoundHint' : run.status === 'running' ? 'run.noTestsYet' : 'run.noTestsHint')}
        />
      )}
      {tests.data && (
        <Pager next={tests.data.nextCursor} cursor={cursor} onGo={(next) => set({ cursor: next }, 'push')} />
      )}
    </>
  )
}

function TestTable({ run, tests }: { readonly run: ApiRunDetail; readonly tests: readonly ApiTask[] }): ReactElement {
  const t = useText()
  return (
    <table className="table tests">
      <thead>
        <tr>
          <th scope="col">{t('run.verdict')}</th>
          <th scope="col">{t(run.kind === 'experiment' ? 'run.trial' : 'run.test')}</th>
          <th scope="col" className="figure">
            {t('run.attempts')}
          </th>
          <th scope="col" className="figure">
            {t('run.duration')}
          </th>
        </tr>
      </thead>
      <tbody>
        {tests.map((test) => (
          <TestRow key={test.seq} runId={run.id} noun={run.kind === 'experiment' ? 'trial' : 'test'} test={test} />
        ))}
      </tbody>
    </table>
  )
}

interface TestRowProps {
  readonly runId: string
  readonly noun: 'test' | 'trial'
  readonly test: ApiTask
}

function TestRow({ runId, noun, test }: TestRowProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const { seq, id, name, suite, verdict, outcome, message } = test
  const isTold = verdict === 'failed' && (outcome === 'timed_out' || outcome === 'crashed')
  return (
    <tr data-row>
      <td className="shrink">
        <Status of={noun} value={isTold ? outcome : verdict} />
      </td>
      <th scope="row" className="name">
        <Link to="/runs/$id/tests/$seq" params={{ id: runId, seq: String(seq) }}>
          {suite.length > 0 && <span className="quiet">{suite.join(' › ')} › </span>}
          {name}
        </Link>
        {message !== undefined && verdict !== 'passed' && <span className="under message">{message}</span>}
        <span className="under quiet mono">{test.file === undefined ? id : placeOf(test)}</span>
      </th>
      <td className="figure" data-label={t('run.attempts')}>
        {test.attempts > 1 ? format.number(test.attempts) : ''}
      </td>
      <td className="figure" data-label={t('run.duration')}>
        {test.durationMs === undefined ? '' : format.duration(test.durationMs)}
      </td>
    </tr>
  )
}

function placeOf({ file, line }: ApiTask): string {
  return line === undefined ? (file ?? '') : `${file}:${line}`
}
