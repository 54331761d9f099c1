import { useApi } from '../lib/api.ts'
import { useText } from '../lib/i18n.ts'
import { useUrlValues } from '../lib/url.ts'
import { Page } from '../parts/page.tsx'
import { Empty } from '../parts/state.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { AllTab } from './settings-all.tsx'
import { AuditTab } from './settings-audit.tsx'
import { LookTab } from './settings-look.tsx'
import { ModelsTab } from './settings-models.tsx'
import { Answered } from './settings-parts.tsx'
import { SecretsTab } from './settings-secrets.tsx'
import { TokensTab } from './settings-tokens.tsx'
import { WebhooksTab } from './settings-webhooks.tsx'
import type { ReactElement } from 'react'
import type { Scope } from '../../../src/client/types.ts'

const tabs = ['models', 'secrets', 'tokens', 'webhooks', 'audit', 'all', 'look'] as const
type TabId = (typeof tabs)[number]

/** Tabs whose operations only administrators may carry out. */
const adminTabs: ReadonlySet<TabId> = new Set<TabId>(['secrets', 'tokens', 'webhooks', 'audit'])

/** Models, secrets, tokens, webhooks, and everything else that is set. */
export function SettingsPage(): ReactElement {
  const t = useText()
  const [values, set] = useUrlValues()
  const session = useApi('getSession', {})
  const tab = tabs.find((each) => each === values['tab']) ?? 'models'
  return (
    <Page title={t('settings.title')}>
      <Tabs
        label={t('settings.tabs')}
        tabs={tabs.map((id) => ({ id, label: t(`settings.tab.${id}`) }))}
        value={tab}
        onChange={(next) => set({ tab: next, cursor: '' })}
      >
        <Answered query={session}>{({ scope }) => <Tab id={tab} scope={scope} />}</Answered>
      </Tabs>
    </Page>
  )
}

function Tab({ id, scope }: { readonly id: TabId; readonly scope: Scope }): ReactElement {
  const t = useText()
  const isAdmin = scope === 'admin'
  if (adminTabs.has(id) && !isAdmin) {
    return <Empty title={t('settings.adminOnly')} hint={t('settings.adminOnlyHint', { scope })} />
  }
  switch (id) {
    case 'models':
      return <ModelsTab isAdmin={isAdmin} />
    case 'secrets':
      return <SecretsTab />
    case 'tokens':
      return <TokensTab />
    case 'webhooks':
      return <WebhooksTab />
    case 'audit':
      return <AuditTab />
    case 'all':
      return <AllTab />
    case 'look':
      return <LookTab />
  }
}
