import { useText } from '../lib/i18n.ts'
import { Icon } from '../parts/icon.tsx'
import type { ReactElement } from 'react'
import type { IconName } from '../parts/icon.tsx'
import type { ApiRepair } from '../../../src/client/types.ts'

/** Steps as people see them, with the phases that belong to each. */
const steps = {
  prepare: ['queued', 'preflight', 'syncing', 'branching', 'editing'],
  push: ['pushing', 'mr_open'],
  pipeline: ['waiting_pipeline', 'polling', 'infra_retry'],
  diagnose: ['collecting', 'diagnosing'],
  patch: ['applying', 'validating'],
  finish: ['finishing', 'done'],
} as const

type Step = keyof typeof steps
const names = Object.keys(steps) as Step[]

/** Where a repair is. Its middle is gone through once in each round, or never where nothing had to be mended. */
export function Steps({ repair }: { readonly repair: ApiRepair }): ReactElement {
  const t = useText()
  const current = currentOf(repair)
  const round = repair.rounds.at(-1)?.number
  return (
    <ol className="repair-steps" aria-label={t('repair.steps')}>
      {names.map((step, index) => {
        const isCurrent = index === current
        const icon = iconOf(step, index - current, repair)
        const place = icon === 'passed' ? 'behind' : isCurrent ? 'current' : 'ahead'
        return (
          <li key={step} className={place} aria-current={isCurrent ? 'step' : undefined}>
            <Icon name={icon} />
            <span>{t(`repair.step.${step}`)}</span>
            {isCurrent && round !== undefined && step !== 'finish' && (
              <span className="quiet">{t('repair.roundOf', { number: round })}</span>
            )}
          </li>
        )
      })}
    </ol>
  )
}

/** A repair that ended at a gate goes on with the pipeline. */
function currentOf({ phase = 'queued', end }: ApiRepair): number {
  if (end === 'blocked_gate') return names.indexOf('pipeline')
  return names.findIndex((step) => (steps[step] as readonly string[]).includes(phase))
}

/** `distance` counts steps from the current one. */
function iconOf(step: Step, distance: number, { run, rounds, end }: ApiRepair): IconName {
  const isMending = step === 'diagnose' || step === 'patch'
  if (distance > 0) return 'pending'
  if (distance < 0) return isMending && rounds.length === 0 ? 'skipped' : 'passed'
  if (end === 'succeeded') return 'passed'
  if (run.status === 'running') return 'running'
  if (run.status === 'cancelled') return 'stopped'
  return run.status === 'finished' || run.status === 'failed' ? 'failed' : 'paused'
}
