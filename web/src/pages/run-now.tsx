import { useEffect, useRef } from 'react'
import { useFormat, useText } from '../lib/i18n.ts'
import { Card } from '../parts/page.tsx'
import { Icon } from '../parts/icon.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail, RunProgress } from '../../../src/client/types.ts'
import type { LiveRun } from './run-live.ts'

interface RunNowProps {
  readonly run: ApiRunDetail
  readonly live: LiveRun
  readonly progress: RunProgress | undefined
}

/** What happens at this moment: steps, tests that run, the model's answer as it is written. */
export function RunNow({ run, live, progress }: RunNowProps): ReactElement | null {
  const t = useText()
  const format = useFormat()
  const running = progress?.running ?? []
  if (run.status === 'queued') return <p className="quiet">{t('run.waiting')}</p>
  if (run.status !== 'running') return null
  if (live.steps.length === 0 && running.length === 0 && live.text === '') return null
  return (
    <div className="now">
      {live.steps.length > 0 && (
        <Card title={t('run.steps')}>
          <ol className="steps">
            {live.steps.slice(-6).map((step, at, shown) => (
              <li key={step.seq} className={at === shown.length - 1 ? 'last' : ''}>
                <span className="quiet">{format.clock(step.at)}</span> {step.text}
              </li>
            ))}
          </ol>
        </Card>
      )}
      {running.length > 0 && (
        <Card title={t('run.runningNow')}>
          <ul className="running">
            {running.map((id) => (
              <li key={id}>
                <Icon name="running" /> <code>{id}</code>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {live.text !== '' && (
        <Card title={t('run.writing')}>
          <Stream text={live.text} />
        </Card>
      )}
    </div>
  )
}

/** A text that grows; it stays at its end unless one has scrolled away from there. */
function Stream({ text }: { readonly text: string }): ReactElement {
  const box = useRef<HTMLPreElement>(null)
  const isAtEnd = useRef(true)
  useEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [text])
  return (
    <pre
      ref={box}
      className="stream"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollTop + clientHeight > scrollHeight - 24
      }}
    >
      {text}
    </pre>
  )
}
