import { useFormat, useText } from '../lib/i18n.ts'
import { Meter } from '../parts/meter.tsx'
import { Card } from '../parts/page.tsx'
import { WebLink } from './repair-link.tsx'
import type { ReactElement, ReactNode } from 'react'
import type { ApiRepair } from '../../../src/client/types.ts'

/** What a repair works on, with the way to its merge request. */
export function Facts({ repair }: { readonly repair: ApiRepair }): ReactElement {
  const t = useText()
  const { project, targetBranch, branch, mergeRequest, pipelineId, flaky, notes } = repair
  return (
    <Card title={t('repair.facts')}>
      <dl className="facts">
        <Fact name={t('repair.project')}>{project}</Fact>
        {targetBranch !== undefined && (
          <Fact name={t('repair.target')}>
            <code>{targetBranch}</code>
          </Fact>
        )}
        {branch !== undefined && (
          <Fact name={t('repair.branch')}>
            <code>{branch}</code>
          </Fact>
        )}
        {mergeRequest && (
          <Fact name={t('repair.mergeRequest')}>
            <WebLink url={mergeRequest.webUrl}>!{mergeRequest.iid}</WebLink>
          </Fact>
        )}
        {pipelineId !== undefined && <Fact name={t('repair.pipeline')}>{pipelineId}</Fact>}
        {flaky.length > 0 && <Fact name={t('repair.flaky')}>{flaky.join(', ')}</Fact>}
        {notes.length > 0 && (
          <Fact name={t('repair.notes')}>
            <ul className="plain-list" lang="en">
              {notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          </Fact>
        )}
      </dl>
    </Card>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** What is allowed and how much of it is used up. */
export function Budget({ repair }: { readonly repair: ApiRepair }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { budget, tokens, costUsd } = repair
  const dollars = (value: number): string => `$${format.number(value, 4)}`
  const count = (value: number): string => format.number(value)
  const seconds = (value: number): string => format.duration(value * 1000)
  return (
    <Card title={t('repair.budget')}>
      <div className="stack">
        <Used name={t('repair.rounds')} used={budget.usedRounds} allowed={budget.rounds} write={count} />
        <Used name={t('repair.time')} used={budget.usedSeconds ?? 0} allowed={budget.seconds} write={seconds} />
        <Used name={t('repair.tokens')} used={tokens} allowed={budget.tokens} write={count} />
        {(costUsd > 0 || budget.costUsd !== undefined) && (
          <Used name={t('repair.cost')} used={costUsd} allowed={budget.costUsd} write={dollars} />
        )}
      </div>
    </Card>
  )
}

interface UsedProps {
  readonly name: string
  readonly used: number
  readonly allowed: number | undefined
  readonly write: (value: number) => string
}

function Used({ name, used, allowed, write }: UsedProps): ReactElement {
  const t = useText()
  return (
    <div>
      <p className="budget-used">
        <span>{name}</span>
        <span>
          {allowed === undefined ? write(used) : t('repair.of', { used: write(used), allowed: write(allowed) })}
        </span>
      </p>
      {allowed !== undefined && <Meter label={name} value={Math.min(used, allowed)} max={allowed} />}
    </div>
  )
}
