import { useText } from '../lib/i18n.ts'
import { Empty } from '../parts/state.tsx'
import type { ReactElement } from 'react'
import type { ApiComparison } from '../../../src/client/types.ts'

/** Combinations of parameters that seem to fail. */
export function Suspects({ comparison }: { readonly comparison: ApiComparison }): ReactElement {
  const t = useText()
  const { suspects, summaries } = comparison
  if (suspects.length === 0) return <Empty title={t('experiment.noSuspects')} hint={t('experiment.noSuspectsHint')} />
  const manyWorkflows = new Set(summaries.map(({ workflowId }) => workflowId)).size > 1
  return (
    <>
      <p className="quiet">{t('experiment.suspectsLead')}</p>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('experiment.parameters')}</th>
            <th scope="col">{t('experiment.variant')}</th>
            <th scope="col">{t('experiment.failedOf')}</th>
            <th scope="col">{t('experiment.verdict')}</th>
          </tr>
        </thead>
        <tbody>
          {suspects.map((suspect) => {
            const { workflowId, variantId, parameters, failed, passed, explains } = suspect
            return (
              <tr key={JSON.stringify([workflowId, variantId, parameters])}>
                <th scope="row">
                  <Parameters values={parameters} />
                </th>
                <td data-label={t('experiment.variant')}>
                  {manyWorkflows && <span className="quiet">{workflowId} / </span>}
                  {variantId}
                </td>
                <td data-label={t('experiment.failedOf')}>
                  {t('experiment.failedShare', { failed, trials: failed + passed })}
                </td>
                <td data-label={t('experiment.verdict')}>
                  <span className={explains ? 'chip bad' : 'chip'}>
                    {t(explains ? 'experiment.explains' : 'experiment.alsoFails')}
                  </span>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </>
  )
}

/** Parameters of a case or a combination. */
export function Parameters({ values }: { readonly values: Readonly<Record<string, unknown>> }): ReactElement {
  return (
    <span className="parameters">
      {Object.entries(values).map(([name, value]) => (
        <span key={name} className="chip">
          {name} = {typeof value === 'string' ? value : JSON.stringify(value)}
        </span>
      ))}
    </span>
  )
}
