import { useFormat, useText } from '../lib/i18n.ts'
import { Meter } from './meter.tsx'
import type { ReactElement } from 'react'
import type { RunProgress } from '../../../src/client/types.ts'

interface RunProgressBarProps {
  readonly progress: RunProgress
  readonly live: boolean
}

/** Tests of a run as a bar: passed, flaky, failed, skipped, left. */
export function RunProgressBar({ progress, live }: RunProgressBarProps): ReactElement {
  const t = useText()
  const { total, done, passed, flaky, failed, skipped } = progress
  const parts = [
    { tone: 'good', value: passed },
    { tone: 'warn', value: flaky },
    { tone: 'bad', value: failed },
    { tone: 'calm', value: skipped },
  ]
  return <Meter label={t('run.progress')} value={done} max={total} parts={parts} live={live} />
}

/** The same in figures: `8 / 10`, and how many failed. */
export function RunProgressWords({ progress }: { readonly progress: RunProgress }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { total, done, failed, flaky } = progress
  return (
    <span className="progress-words">
      {done < total ? `${format.number(done)} / ${format.number(total)}` : format.number(total)}
      {failed > 0 && <span className="tone-bad"> · {t('run.failedCount', { count: failed })}</span>}
      {flaky > 0 && <span className="tone-warn"> · {t('run.flakyCount', { count: flaky })}</span>}
    </span>
  )
}
