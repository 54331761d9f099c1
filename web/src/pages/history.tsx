import { useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Page } from '../parts/page.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { ComparePanel } from './history-compare.tsx'
import { FailuresPanel } from './history-failures.tsx'
import { FlakyPanel } from './history-flaky.tsx'
import type { ReactElement } from 'react'

const tabs = ['failures', 'flaky', 'compare'] as const
const panels = { failures: FailuresPanel, flaky: FlakyPanel, compare: ComparePanel } as const

/** What became of tests over several runs. */
export function HistoryPage(): ReactElement {
  const t = useText()
  const [{ tab = '' }, set] = useUrlValues()
  const chosen = tabs.find((each) => each === tab) ?? 'failures'
  const Panel = panels[chosen]
  return (
    <Page title={t('history.title')}>
      <Tabs
        label={t('history.views')}
        tabs={tabs.map((id) => ({ id, label: t(`history.${id}`) }))}
        value={chosen}
        onChange={(next) => set({ tab: next === 'failures' ? '' : next, cursor: '' }, 'push')}
      >
        <Panel />
      </Tabs>
    </Page>
  )
}
