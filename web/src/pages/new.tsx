import { useText } from '../lib/i18n.ts'
import { useUrlValue } from '../lib/url.ts'
import { Page } from '../parts/page.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { NewExperiment } from './new-experiment.tsx'
import { NewRepair } from './new-repair.tsx'
import { NewFromSuite } from './new-suite.tsx'
import { NewFromTests } from './new-tests.tsx'
import type { ReactElement } from 'react'
import './new.css'

const kinds = ['suite', 'tests', 'experiment', 'repair'] as const

/** Starts a run of any kind. */
export function NewPage(): ReactElement {
  const t = useText()
  const [asked, setKind] = useUrlValue('kind')
  const kind = kinds.find((each) => each === asked) ?? 'suite'
  return (
    <Page title={t('new.title')}>
      <Tabs
        label={t('new.kind')}
        value={kind}
        onChange={(next) => setKind(next === 'suite' ? '' : next)}
        tabs={kinds.map((id) => ({ id, label: t(`new.kind.${id}`) }))}
      >
        {kind === 'suite' && <NewFromSuite />}
        {kind === 'tests' && <NewFromTests />}
        {kind === 'experiment' && <NewExperiment />}
        {kind === 'repair' && <NewRepair />}
      </Tabs>
    </Page>
  )
}
