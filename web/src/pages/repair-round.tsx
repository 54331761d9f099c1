import { useFormat, useText } from '../lib/i18n.ts'
import { UnifiedDiff } from '../parts/diff.tsx'
import { Icon } from '../parts/icon.tsx'
import { WebLink } from './repair-link.tsx'
import type { ReactElement } from 'react'
import type { TextKey } from '../lib/i18n.ts'
import type { IconName } from '../parts/icon.tsx'
import type { Tone } from '../parts/status.tsx'
import type { ApiRepair } from '../../../src/client/types.ts'

type RoundOfApi = ApiRepair['rounds'][number]

const looks = {
  open: ['running', 'busy'],
  malformed: ['failed', 'bad'],
  rejected: ['failed', 'bad'],
  failed_locally: ['failed', 'bad'],
  pushed: ['running', 'busy'],
  green: ['passed', 'good'],
  red: ['failed', 'bad'],
} as const satisfies Readonly<Record<string, readonly [IconName, Tone]>>

interface RoundProps {
  readonly round: RoundOfApi
  /** The last one is open; the others fold. */
  readonly isNewest: boolean
}

/** One round: its evidence, what the model made of it, and what became of that. */
export function Round({ round, isNewest }: RoundProps): ReactElement {
  const t = useText()
  const format = useFormat()
  const { number, outcome, tokens, costUsd, explanation } = round
  const known = Object.hasOwn(looks, outcome) ? (outcome as keyof typeof looks) : undefined
  const [icon, tone] = looks[known ?? 'open']
  return (
    <li className={`repair-round tone-line-${tone}`}>
      <details open={isNewest}>
        <summary>
          <h3>{t('repair.round', { number })}</h3>
          <span className={`status tone-${tone}`}>
            <Icon name={icon} />
            {known === undefined ? outcome : t(`repair.outcome.${known}` satisfies TextKey)}
          </span>
          <span className="quiet">
            {t('repair.tokenCount', { count: tokens })}
            {costUsd > 0 && ` · $${format.number(costUsd, 4)}`}
          </span>
        </summary>
        <div className="stack">
          <Failing round={round} />
          {explanation !== '' && (
            <div>
              <h4>{t('repair.explanation')}</h4>
              <p className="repair-explanation">{explanation}</p>
            </div>
          )}
          <div>
            <h4>{t('repair.patch')}</h4>
            {round.diff === '' ? (
              <p className="quiet">{t('repair.noPatch')}</p>
            ) : (
              <UnifiedDiff text={round.diff} label={t('repair.patch')} />
            )}
          </div>
          <Findings round={round} />
          <Proof round={round} />
        </div>
      </details>
    </li>
  )
}

function Failing({ round: { pipelineId, failing } }: { readonly round: RoundOfApi }): ReactElement {
  const t = useText()
  return (
    <div>
      <h4>{t('repair.failing', { id: String(pipelineId) })}</h4>
      <ul className="plain-list">
        {failing.map(({ name, stage, status, failureReason, webUrl }) => (
          <li key={`${stage} ${name}`} className="row">
            <WebLink url={webUrl}>{name}</WebLink>
            <span className="quiet">
              {stage} · {failureReason ?? status}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Findings({ round: { findings } }: { readonly round: RoundOfApi }): ReactElement {
  const t = useText()
  return (
    <div>
      <h4>{t('repair.findings')}</h4>
      {findings.length === 0 && <p className="quiet">{t('repair.noFindings')}</p>}
      <ul className="plain-list">
        {findings.map(({ code, path, message, blocks }) => (
          <li key={`${code} ${path} ${message}`} className="guard-finding">
            <span className={blocks ? 'chip bad' : 'chip warn'}>{t(blocks ? 'repair.blocks' : 'repair.told')}</span>
            <code>{code}</code>
            <span lang="en">
              {path !== undefined && <code>{path}</code>} {message}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

function Proof({ round: { localProof, commit } }: { readonly round: RoundOfApi }): ReactElement | null {
  const t = useText()
  if (localProof === undefined && commit === undefined) return null
  const words = localProof === 'passed' || localProof === 'failed' ? t(`repair.proof.${localProof}`) : localProof
  return (
    <dl className="facts">
      {localProof !== undefined && (
        <div>
          <dt>{t('repair.proof')}</dt>
          <dd>{words}</dd>
        </div>
      )}
      {commit !== undefined && (
        <div>
          <dt>{t('repair.commit')}</dt>
          <dd>
            <code title={commit}>{commit.slice(0, 12)}</code>
          </dd>
        </div>
      )}
    </dl>
  )
}
