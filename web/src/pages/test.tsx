import { Link, useParams } from '@tanstack/react-router'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Copy } from '../parts/copy.tsx'
import { Icon } from '../parts/icon.tsx'
import { Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { Status } from '../parts/status.tsx'
import { TestAttempts } from './test-attempts.tsx'
import { TestFacts, TestPast } from './test-facts.tsx'
import type { ReactElement } from 'react'
import type { ApiTaskDetail } from '../../../src/client/types.ts'

/** One test or trial with its attempts. */
export function TestPage(): ReactElement {
  const t = useText()
  const { id, seq } = useParams({ from: '/runs/$id/tests/$seq' })
  const run = useApi('getRun', { params: { id } })
  const sent = { params: { id, seq: Number(seq) } }
  const asked = useApi('getTask', sent, { every: run.data?.status === 'running' && 3000 })
  const back = (
    <>
      <Link to="/">{t('run.title')}</Link> ›{' '}
      <Link to="/runs/$id" params={{ id }}>
        {run.data?.title ?? id}
      </Link>
    </>
  )
  if (!asked.data) {
    return (
      <Page title={t('test.title')} above={back}>
        {asked.error ? <Problem error={asked.error} onRetry={() => void asked.refetch()} /> : <Loading />}
      </Page>
    )
  }
  const test = asked.data
  return (
    <Page
      title={test.name}
      above={back}
      lead={<TestLead test={test} noun={run.data?.kind === 'experiment' ? 'trial' : 'test'} />}
      actions={<TestActions test={test} />}
    >
      {test.attemptList.length > 0 ? (
        <TestAttempts key={test.seq} test={test} />
      ) : (
        <Empty title={t('test.noAttempts')} hint={t('test.noAttemptsHint')} />
      )}
      <TestPast test={test} />
      <TestFacts test={test} />
    </Page>
  )
}

function TestLead({ test, noun }: { readonly test: ApiTaskDetail; readonly noun: 'test' | 'trial' }): ReactElement {
  const t = useText()
  const format = useFormat()
  return (
    <p className="facts-line">
      <Status of={noun} value={test.verdict} />
      {test.suite.length > 0 && <span>{test.suite.join(' › ')}</span>}
      {test.file !== undefined && (
        <code>
          {test.file}
          {test.line !== undefined && `:${test.line}`}
        </code>
      )}
      {test.durationMs !== undefined && <span>{format.duration(test.durationMs)}</span>}
      <span>{t('test.attemptCount', { count: test.attempts })}</span>
    </p>
  )
}

function TestActions({ test }: { readonly test: ApiTaskDetail }): ReactElement {
  const t = useText()
  return (
    <>
      <Copy text={test.prompt} label={t('test.copyPrompt')} />
      {test.rerun !== undefined && <Copy text={test.rerun} label={t('test.copyRerun')} />}
      <Neighbour test={test} seq={test.previousSeq} icon="left" label={t('test.previous')} />
      <Neighbour test={test} seq={test.nextSeq} icon="right" label={t('test.next')} />
    </>
  )
}

interface NeighbourProps {
  readonly test: ApiTaskDetail
  readonly seq: number | undefined
  readonly icon: 'left' | 'right'
  readonly label: string
}

function Neighbour({ test, seq, icon, label }: NeighbourProps): ReactElement | null {
  if (seq === undefined) return null
  return (
    <Link
      className="button plain"
      to="/runs/$id/tests/$seq"
      params={{ id: test.runId, seq: String(seq) }}
      title={label}
      aria-label={label}
    >
      <Icon name={icon} />
    </Link>
  )
}
