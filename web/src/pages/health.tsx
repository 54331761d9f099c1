import { useEffect } from 'react'
import { useApi } from '../lib/api.ts'
import { every } from '../lib/clock.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Meter } from '../parts/meter.tsx'
import { Card, Page } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import { Status } from '../parts/status.tsx'
import type { ReactElement, ReactNode } from 'react'
import type { ApiSystem } from '../../../src/client/types.ts'

const refreshMs = 10_000
const checkingMs = 1000

/** How the server and its machine are, refreshed while the page is seen. */
export function HealthPage(): ReactElement {
  const t = useText()
  const format = useFormat()
  const system = useApi('getSystem', {}, { every: refreshMs })
  const isChecking = system.data !== undefined && areUnderWay(system.data.checks)
  const { refetch } = system
  useEffect(() => (isChecking ? every(checkingMs, () => void refetch()) : undefined), [isChecking, refetch])
  const { data } = system
  const lead =
    data &&
    t('health.lead', {
      version: data.version,
      node: data.node,
      uptime: format.duration(data.uptimeSeconds * 1000),
    })
  return (
    <Page title={t('health.title')} lead={lead}>
      {system.error && (
        <Problem error={system.error} title={data && t('health.stale')} onRetry={() => void system.refetch()} />
      )}
      {system.isPending && <Loading />}
      {data && <System system={data} isChecking={isChecking} />}
    </Page>
  )
}

/** What a server says before its first checks are done. */
function areUnderWay([first, second]: ApiSystem['checks']): boolean {
  return second === undefined && first?.detail === 'being checked'
}

function System({ system, isChecking }: { readonly system: ApiSystem; readonly isChecking: boolean }): ReactElement {
  const t = useText()
  return (
    <div className="stack">
      <Card title={t('health.checks')}>
        {isChecking ? (
          <div className="loading" role="status">
            <span className="spinner" aria-hidden="true" /> {t('health.checking')}
          </div>
        ) : (
          <div className="stack">
            <Checks checks={system.checks} />
            <p className="hint">{t('health.checksHint')}</p>
          </div>
        )}
      </Card>
      <div className="columns">
        <Card title={t('health.queue')}>
          <Queue queue={system.queue} streams={system.streams} />
        </Card>
        <Card title={t('health.machine')}>
          <Machine system={system} />
        </Card>
      </div>
    </div>
  )
}

function Checks({ checks }: { readonly checks: ApiSystem['checks'] }): ReactElement {
  const t = useText()
  return (
    <dl className="facts">
      {checks.map(({ name, status, detail, fix }) => (
        <div key={name}>
          <dt className="row">
            <Status of="check" value={status} /> <code>{name}</code>
          </dt>
          <dd>
            {detail}
            {fix !== undefined && status !== 'ok' && <p className="help">{t('health.fix', { fix })}</p>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Queue({ queue, streams }: Pick<ApiSystem, 'queue' | 'streams'>): ReactElement {
  const t = useText()
  const format = useFormat()
  const { running, slots, queued, oldestQueuedSeconds } = queue
  return (
    <dl className="facts">
      <Fact term={t('health.running')}>
        {t('health.slots', { running, slots })}
        {slots > 0 && <Meter label={t('health.running')} value={Math.min(running, slots)} max={slots} />}
      </Fact>
      <Fact term={t('health.queued')}>{format.number(queued)}</Fact>
      {oldestQueuedSeconds !== undefined && (
        <Fact term={t('health.oldest')}>{format.duration(oldestQueuedSeconds * 1000)}</Fact>
      )}
      <Fact term={t('health.streams')}>{format.number(streams)}</Fact>
    </dl>
  )
}

function Machine({ system }: { readonly system: ApiSystem }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { disk, memory, store, loopDelayMs } = system
  const free = format.bytes(disk.freeBytes)
  return (
    <dl className="facts">
      <Fact term={t('health.disk')}>
        {t('health.diskFree', { free, total: format.bytes(disk.totalBytes) })}
        <Meter label={t('health.disk')} value={disk.totalBytes - disk.freeBytes} max={disk.totalBytes} />
      </Fact>
      <Fact term={t('health.folder')}>
        <code>{disk.folder}</code>
      </Fact>
      <Fact term={t('health.memory')}>{format.bytes(memory.rssBytes)}</Fact>
      <Fact term={t('health.store')}>
        {t(`health.store.${store.kind}`)} {store.bytes !== undefined && format.bytes(store.bytes)}
      </Fact>
      <Fact term={t('health.loop')}>
        {t('health.loopValue', { p50: format.duration(loopDelayMs.p50), p99: format.duration(loopDelayMs.p99) })}
      </Fact>
    </dl>
  )
}

function Fact({ term, children }: { readonly term: string; readonly children: ReactNode }): ReactElement {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  )
}
