import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Code } from '../parts/code.tsx'
import { Diff } from '../parts/diff.tsx'
import { Card } from '../parts/page.tsx'
import { Status } from '../parts/status.tsx'
import { Tabs } from '../parts/tabs.tsx'
import type { ReactElement } from 'react'
import type { ApiAttempt, ApiTaskDetail } from '../../../src/client/types.ts'

/** Attempts at a test as tabs; the last one is shown first. */
export function TestAttempts({ test }: { readonly test: ApiTaskDetail }): ReactElement | null {
  const t = useText()
  const [chosen, choose] = useUrlValue('attempt')
  const shown = test.attemptList.find((each) => String(each.number) === chosen) ?? preferred(test.attemptList)
  if (!shown) return null
  const content = <Attempt test={test} attempt={shown} />
  if (test.attemptList.length === 1) return content
  return (
    <Tabs
      label={t('test.attempts')}
      value={String(shown.number)}
      onChange={choose}
      tabs={test.attemptList.map((attempt) => ({
        id: String(attempt.number),
        label: (
          <span className="row tight">
            {t('test.attempt', { number: attempt.number })} <Status of="test" value={attempt.outcome} />
          </span>
        ),
      }))}
    >
      {content}
    </Tabs>
  )
}

/** The last one that failed tells the most. */
function preferred(attempts: readonly ApiAttempt[]): ApiAttempt | undefined {
  return attempts.findLast((attempt) => attempt.failure !== undefined) ?? attempts.at(-1)
}

function Attempt({ test, attempt }: { readonly test: ApiTaskDetail; readonly attempt: ApiAttempt }): ReactElement {
  const t = useText()
  const { failure, skipReason, stdout, stderr, output } = attempt
  return (
    <div className="stack attempt">
      <AttemptFacts attempt={attempt} />
      {failure && <Failure failure={failure} />}
      {skipReason !== undefined && <p>{t('test.skipReason', { why: skipReason })}</p>}
      {failure && test.frame && (
        <Card title={`${test.frame.file}:${test.frame.line}`}>
          <Code
            text={test.frame.lines.join('\n')}
            firstLine={test.frame.firstLine}
            markLine={test.frame.line}
            label={t('test.frame')}
          />
        </Card>
      )}
      {failure && failure.trace !== '' && <Fold title={t('test.trace')} text={failure.trace} />}
      {stdout !== undefined && stdout !== '' && <Fold title="stdout" text={stdout} isOpen />}
      {stderr !== undefined && stderr !== '' && <Fold title="stderr" text={stderr} isOpen />}
      {output !== undefined && output !== null && (
        <Fold title={t('test.output')} text={JSON.stringify(output, null, 2)} isOpen />
      )}
    </div>
  )
}

function AttemptFacts({ attempt }: { readonly attempt: ApiAttempt }): ReactElement {
  const t = useText()
  const format = useFormat()
  const phases = Object.entries(attempt.phasesMs ?? {})
  return (
    <p className="facts-line">
      <span>{format.date(attempt.startedAt)}</span>
      <span>{format.duration(attempt.durationMs)}</span>
      {phases.length > 1 && phases.map(([name, ms]) => <span key={name}>{`${name} ${format.duration(ms)}`}</span>)}
      {attempt.tokens !== undefined && <span>{t('run.tokens', { count: attempt.tokens })}</span>}
      {attempt.costUsd !== undefined && <span>{t('run.cost', { cost: format.number(attempt.costUsd, 4) })}</span>}
    </p>
  )
}

function Failure({ failure }: { readonly failure: NonNullable<ApiAttempt['failure']> }): ReactElement {
  const t = useText()
  const { type, message, phase, expected, actual, file, line } = failure
  return (
    <section className="failure" aria-label={t('test.failure')}>
      <p className="failure-head">
        <strong>{type}</strong> {phase !== 'call' && <span className="chip bad">{phase}</span>}{' '}
        {file !== undefined && (
          <code className="quiet">
            {file}
            {line !== undefined && `:${line}`}
          </code>
        )}
      </p>
      <pre>{message}</pre>
      {expected !== undefined && actual !== undefined && <Diff before={expected} after={actual} />}
    </section>
  )
}

interface FoldProps {
  readonly title: string
  readonly text: string
  readonly isOpen?: boolean
}

function Fold({ title, text, isOpen = false }: FoldProps): ReactElement {
  return (
    <details className="fold" open={isOpen}>
      <summary>
        <strong>{title}</strong>
      </summary>
      <Code text={text} label={title} />
    </details>
  )
}
