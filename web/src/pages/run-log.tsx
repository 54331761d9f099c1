import { useState } from 'react'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Button } from '../parts/button.tsx'
import { Select } from '../parts/field.tsx'
import { Problem } from '../parts/problem.tsx'
import { Empty, Loading } from '../parts/state.tsx'
import { LogText } from './run-log-text.tsx'
import { LogTools } from './run-log-tools.tsx'
import { useLogParts } from './run-log-parts.ts'
import type { ReactElement } from 'react'
import type { Look } from './run-log-tools.tsx'
import type { TextPlace } from '../lib/highlight.ts'
import type { ApiLog, ApiRunDetail } from '../../../src/client/types.ts'

const names = ['stdout', 'stderr', 'framework', 'greenloop'] as const
const errorLine = /^.*(?:\b(?:error|exception|fatal|traceback|failed|panic)\b|✕|ERR!).*$/im

/** What a run has printed. */
export function RunLog({ run }: { readonly run: ApiRunDetail }): ReactElement {
  const t = useText()
  const [chosen, choose] = useUrlValue('log')
  const name = names.find((each) => each === chosen) ?? (run.kind === 'generate' ? 'greenloop' : 'stdout')
  const log = useApi(
    'getLog',
    { params: { id: run.id, log: name } },
    { every: run.status === 'running' && 1500, keep: false },
  )
  const choice = (
    <Select
      bare
      label={t('run.log')}
      value={name}
      options={names.map((value) => ({ value, label: t(`run.log.${value}`) }))}
      onChange={(event) => choose(event.target.value)}
    />
  )
  const isEmpty = log.data === undefined || log.data.bytes === 0
  return (
    <>
      {isEmpty && <div className="log-tools">{choice}</div>}
      {log.error && <Problem error={log.error} onRetry={() => void log.refetch()} />}
      {log.isPending && <Loading />}
      {log.data?.bytes === 0 && <Empty title={t(log.data.isOver ? 'run.logEmpty' : 'run.logEmptyYet')} />}
      {log.data && !isEmpty && <LogView key={name} runId={run.id} log={log.data} choice={choice} />}
    </>
  )
}

interface LogViewProps {
  readonly runId: string
  readonly log: ApiLog
  /** Chooses another log. */
  readonly choice: ReactElement
}

function LogView({ runId, log, choice }: LogViewProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const [look, setLook] = useState<Look>({ search: '', current: 0, isFollowing: !log.isOver, jump: undefined })
  const [found, setFound] = useState<readonly TextPlace[]>([])
  const parts = useLogParts(runId, log)
  const error = errorLine.exec(parts.head + parts.tail)
  const gap = parts.omitted > 0 && (
    <>
      {t('run.omitted', { bytes: format.bytes(parts.omitted) })}{' '}
      <Button kind="quiet" className="small" busy={parts.isLoading} onClick={parts.loadMore}>
        {t('run.loadMore')}
      </Button>
    </>
  )
  return (
    <>
      <div className="log-tools">
        {choice}
        <LogTools
          look={look}
          found={found.length}
          firstError={error ? { start: error.index, end: error.index + error[0].length } : undefined}
          onLook={(next) => setLook((before) => ({ ...before, isFollowing: false, ...next }))}
        />
        <span className="quiet">{format.bytes(log.bytes)}</span>
      </div>
      {parts.error && <Problem error={parts.error} />}
      <LogText
        {...look}
        head={parts.head}
        tail={parts.tail}
        gap={gap === false ? undefined : gap}
        label={t(`run.log.${log.name as 'stdout'}`)}
        onFound={setFound}
      />
    </>
  )
}
