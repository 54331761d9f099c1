import { Link } from '@tanstack/react-router'
import { useText } from '../lib/i18n.ts'
import { Page } from '../parts/page.tsx'
import { ComparePanel } from './history-compare.tsx'
import type { ReactElement } from 'react'

/** Two runs of tests side by side, as an address to pass on. */
export function ComparePage(): ReactElement {
  const t = useText()
  return (
    <Page title={t('history.compare')} above={<Link to="/history">{t('history.title')}</Link>}>
      <ComparePanel />
    </Page>
  )
}
