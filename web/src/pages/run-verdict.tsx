import { useFormat, useText } from '../lib/i18n.ts'
import { useNow } from '../lib/ticks.ts'
import { useUrlValues } from '../lib/url.ts'
import { RunProgressBar } from '../parts/run-progress.tsx'
import { runValue, Status, toneOf } from '../parts/status.tsx'
import type { ReactElement } from 'react'
import type { ApiRunDetail, RunProgress } from '../../../src/client/types.ts'

interface RunVerdictProps {
  readonly run: ApiRunDetail
  readonly progress: RunProgress | undefined
}

/** What the run concluded or how far it is, and counters that filter the tests. */
export function RunVerdict({ run, progress }: RunVerdictProps): ReactElement {
  const t = useText()
  const value = runValue(run)
  const isLive = run.status === 'running'
  return (
    <section className={`verdict wash-${toneOf(value)}`} aria-label={t('run.verdict')}>
      <div className="verdict-line">
        <p className="verdict-word">
          <Status of="run" value={value} large />
        </p>
        {isLive && progress && <TimeLeft run={run} progress={progress} />}
        {run.cancelRequested !== undefined && isLive && <p className="quiet">{t('run.cancelling')}</p>}
        {run.reason !== undefined && <p className="reason">{run.reason}</p>}
      </div>
      {progress && progress.total > 0 && (
        <>
          <RunProgressBar progress={progress} live={isLive} />
          <Counters progress={progress} isOver={!isLive} />
        </>
      )}
      {isLive && progress && <SpokenProgress progress={progress} />}
    </section>
  )
}

function Counters({ progress, isOver }: { readonly progress: RunProgress; readonly isOver: boolean }): ReactElement {
  const t = useText()
  const format = useFormat()
  const [{ verdict = '' }, set] = useUrlValues()
  const left = progress.total - progress.done
  const counts = [
    ['', progress.total],
    ['failed', progress.failed],
    ['flaky', progress.flaky],
    ['passed', progress.passed],
    ['skipped', progress.skipped],
    ...(left > 0 || !isOver ? [['pending', left] as const] : []),
  ] as const
  return (
    <div className="counters" role="group" aria-label={t('run.counters')}>
      {counts.map(([value, count]) => (
        <button
          key={value}
          type="button"
          aria-pressed={verdict === value}
          className="counter"
          disabled={count === 0 && verdict !== value}
          onClick={() => set({ verdict: verdict === value ? '' : value, tab: 'tests', cursor: '' })}
        >
          <b>{format.number(count)}</b>
          {value === '' ? <span>{t('run.testsOf', { count })}</span> : <Status of="count" value={value} />}
        </button>
      ))}
    </div>
  )
}

/** Below this, what is left would be guessed from too little. */
const enoughDone = 5

function TimeLeft({
  run,
  progress: { done, total },
}: RunVerdictProps & { readonly progress: RunProgress }): ReactElement {
  const t = useText()
  const format = useFormat()
  const at = useNow(1000, true)
  const spent = at - Date.parse(run.startedAt ?? run.createdAt)
  const isKnown = done >= enoughDone && done < total
  return (
    <p className="quiet">
      {format.number(done)} / {format.number(total)}
      {isKnown && ` · ${t('run.timeLeft', { time: format.duration((spent / done) * (total - done)) })}`}
    </p>
  )
}

/** Says now and then how far it is, for those who do not see the bar. */
function SpokenProgress({ progress: { done, total, failed } }: { readonly progress: RunProgress }): ReactElement {
  const t = useText()
  const at = useNow(10_000, true)
  return (
    <p className="vh" role="status" key={at}>
      {t('run.spoken', { done, total, failed })}
    </p>
  )
}
