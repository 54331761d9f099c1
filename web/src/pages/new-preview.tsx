import { useState } from 'react'
import { useApi } from '../lib/api.ts'
import { useFormat, useText } from '../lib/i18n.ts'
import { Button } from '../parts/button.tsx'
import { Code } from '../parts/code.tsx'
import { Card } from '../parts/page.tsx'
import { Problem } from '../parts/problem.tsx'
import { Loading } from '../parts/state.tsx'
import { suiteOf } from './new-body.ts'
import type { ReactElement } from 'react'
import type { PlanPreview, Sent } from '../../../src/client/types.ts'
import type { SuiteForm } from './new-body.ts'

type PreviewBody = Sent<'previewPlan'>['body']

/** What a script would have to hold, and what a model would be asked. */
export function Preview({ form, canShow }: { readonly form: SuiteForm; readonly canShow: boolean }): ReactElement {
  const t = useText()
  const [shown, setShown] = useState<PreviewBody>()
  const { framework } = form
  const wanted: PreviewBody = { ...suiteOf(form), ...(framework === '' ? {} : { framework }) }
  const preview = useApi('previewPlan', { body: shown ?? {} }, { enabled: shown !== undefined, keep: true })
  const isStale = shown !== undefined && JSON.stringify(shown) !== JSON.stringify(wanted)
  return (
    <Card
      title={t('new.preview')}
      actions={
        (shown === undefined || isStale) && (
          <Button disabled={!canShow} busy={preview.isFetching} onClick={() => setShown(wanted)}>
            {shown === undefined ? t('new.showPreview') : t('new.refresh')}
          </Button>
        )
      }
    >
      {shown === undefined && <p className="quiet">{t('new.previewHint')}</p>}
      {isStale && preview.data && <p className="quiet">{t('new.stale')}</p>}
      {shown !== undefined && preview.isPending && <Loading />}
      {preview.error && <Problem error={preview.error} />}
      {preview.data && !preview.error && <Plan plan={preview.data} />}
    </Card>
  )
}

function Plan({ plan }: { readonly plan: PlanPreview }): ReactElement {
  const t = useText()
  const format = useFormat()
  const { cases, endpoints, prompt, warnings } = plan
  return (
    <div className="stack">
      <dl className="facts">
        <div>
          <dt>{t('new.script')}</dt>
          <dd>
            <code>{plan.scriptName}</code> · {plan.framework}
          </dd>
        </div>
        <div>
          <dt>{t('new.promptSize')}</dt>
          <dd>{t('new.tokens', { tokens: format.number(prompt.estimatedTokens) })}</dd>
        </div>
      </dl>
      {warnings.length > 0 && (
        <ul className="tone-warn">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      <details open={cases.length + endpoints.length <= 12}>
        <summary>{t('new.covers', { cases: cases.length, endpoints: endpoints.length })}</summary>
        <ul>
          {cases.slice(0, 200).map(({ id, title }) => (
            <li key={id}>
              <code>{id}</code> {title}
            </li>
          ))}
          {endpoints.slice(0, 200).map(({ method, path }) => (
            <li key={`${method} ${path}`}>
              <code>
                {method} {path}
              </code>
            </li>
          ))}
        </ul>
      </details>
      <details>
        <summary>{t('new.prompt')}</summary>
        <Code label={t('new.prompt')} text={`${prompt.system}\n\n${prompt.user}`} />
      </details>
    </div>
  )
}
