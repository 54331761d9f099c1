import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from '@tanstack/react-router'
import { useText } from './lib/i18n.ts'
import { Page } from './parts/page.tsx'
import { Problem } from './parts/problem.tsx'
import { Empty, Loading } from './parts/state.tsx'
import { Shell } from './shell.tsx'
import type { RouteComponent } from '@tanstack/react-router'
import type { ReactElement } from 'react'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound })

function page<const Path extends string>(path: Path, component: RouteComponent) {
  return createRoute({
    getParentRoute: () => root,
    path,
    component,
    validateSearch: (search: Record<string, unknown>): Readonly<Record<string, string>> => search as never,
  })
}

const lazy = lazyRouteComponent

const tree = root.addChildren([
  page(
    '/',
    lazy(() => import('./pages/runs.tsx'), 'RunsPage'),
  ),
  page(
    '/new',
    lazy(() => import('./pages/new.tsx'), 'NewPage'),
  ),
  page(
    '/runs/$id',
    lazy(() => import('./pages/run.tsx'), 'RunPage'),
  ),
  page(
    '/runs/$id/tests/$seq',
    lazy(() => import('./pages/test.tsx'), 'TestPage'),
  ),
  page(
    '/history',
    lazy(() => import('./pages/history.tsx'), 'HistoryPage'),
  ),
  page(
    '/compare',
    lazy(() => import('./pages/compare.tsx'), 'ComparePage'),
  ),
  page(
    '/experiments',
    lazy(() => import('./pages/experiments.tsx'), 'ExperimentsPage'),
  ),
  page(
    '/experiments/$id',
    lazy(() => import('./pages/experiment.tsx'), 'ExperimentPage'),
  ),
  page(
    '/repairs',
    lazy(() => import('./pages/repairs.tsx'), 'RepairsPage'),
  ),
  page(
    '/repairs/$id',
    lazy(() => import('./pages/repair.tsx'), 'RepairPage'),
  ),
  page(
    '/combinations',
    lazy(() => import('./pages/combinations.tsx'), 'CombinationsPage'),
  ),
  page(
    '/suites',
    lazy(() => import('./pages/suites.tsx'), 'SuitesPage'),
  ),
  page(
    '/suites/$id',
    lazy(() => import('./pages/suites-one.tsx'), 'SuitePage'),
  ),
  page(
    '/settings',
    lazy(() => import('./pages/settings.tsx'), 'SettingsPage'),
  ),
  page(
    '/health',
    lazy(() => import('./pages/health.tsx'), 'HealthPage'),
  ),
  page(
    '/login',
    lazy(() => import('./pages/login.tsx'), 'LoginPage'),
  ),
])

/** Addresses of the page. Its queries are plain texts. */
export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultErrorComponent: Broken,
  scrollRestoration: true,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch(search) {
    const text = new URLSearchParams(search as Record<string, string>).toString()
    return text === '' ? '' : `?${text}`
  },
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

function NotFound(): ReactElement {
  const t = useText()
  return (
    <Page title={t('common.notFound')}>
      <Empty
        title={t('common.notFound')}
        hint={t('common.notFoundHint')}
        action={
          <Link to="/" className="button primary">
            {t('common.toRuns')}
          </Link>
        }
      />
    </Page>
  )
}

function Broken({ error, reset }: { readonly error: unknown; readonly reset: () => void }): ReactElement {
  const t = useText()
  return (
    <Page title={t('common.wentWrong')}>
      <Problem error={error} onRetry={reset} />
    </Page>
  )
}
