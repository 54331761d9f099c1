import { useFormat, useText } from '../lib/i18n.ts'
import { Code } from '../parts/code.tsx'
import { ProblemList } from '../parts/problem.tsx'
import type { ReactElement } from 'react'
import type { ApiPlanDetail } from '../../../src/client/types.ts'

/** What a plan would do, or what is wrong with it. */
export function PlanOutline({ plan }: { readonly plan: ApiPlanDetail }): ReactElement {
  const t = useText()
  const { estimate, manifests, problems, warnings } = plan
  return (
    <div className="stack">
      {problems.length > 0 && (
        <div role="alert">
          <p className="tone-bad">{t('new.planBroken')}</p>
          <ProblemList entries={problems} />
        </div>
      )}
      {estimate && <Estimate estimate={estimate} />}
      {manifests.length > 0 && (
        <div className="table-scroll">
          <table className="table keep">
            <thead>
              <tr>
                <th scope="col">{t('new.workflow')}</th>
                <th scope="col">{t('new.variant')}</th>
                <th scope="col" className="figure">
                  {t('suites.cases')}
                </th>
                <th scope="col" className="figure">
                  {t('new.repeats')}
                </th>
              </tr>
            </thead>
            <tbody>
              {manifests.slice(0, 200).map((manifest) => (
                <tr key={manifest.id}>
                  <td>{manifest.workflowId}</td>
                  <td>{manifest.variantId}</td>
                  <td className="figure">{manifest.cases}</td>
                  <td className="figure">{manifest.repeats}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {warnings.length > 0 && (
        <details open={warnings.length < 4}>
          <summary>{t('new.notes', { count: warnings.length })}</summary>
          <ul>
            {warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </details>
      )}
      <details>
        <summary>{plan.path}</summary>
        <Code label={plan.path} text={plan.text} firstLine={1} />
      </details>
    </div>
  )
}

function Estimate({ estimate }: { readonly estimate: NonNullable<ApiPlanDetail['estimate']> }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { trials, cases, tokens, costUsd, seconds } = estimate
  const facts = [
    [t('new.trials'), format.number(trials)],
    [t('suites.cases'), format.number(cases)],
    [t('new.tokensAtMost'), tokens === undefined ? t('new.unknown') : format.number(tokens)],
    [t('new.costAtMost'), costUsd === undefined ? t('new.unknown') : `${format.number(costUsd, 2)} USD`],
    [t('new.timeAtLeast'), seconds === undefined ? t('new.unknown') : format.duration(seconds * 1000)],
  ] as const
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
