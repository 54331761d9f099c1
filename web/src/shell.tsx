import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Suspense, useEffect, useRef, useState } from 'react'
import { useText } from './lib/i18n.ts'
import { useShortcuts } from './lib/shortcuts.ts'
import { Button } from './parts/button.tsx'
import { Mark } from './parts/icon.tsx'
import { Loading } from './parts/state.tsx'
import { LanguageChoice, SessionMenu } from './shell-menu.tsx'
import { ShortcutHelp } from './shell-help.tsx'
import type { ReactElement } from 'react'
import type { TextKey } from './lib/i18n.ts'

const places = [
  ['/', 'run.title'],
  ['/history', 'history.title'],
  ['/experiments', 'experiment.title'],
  ['/repairs', 'repair.title'],
  ['/combinations', 'combinations.title'],
  ['/suites', 'suites.title'],
  ['/health', 'health.title'],
  ['/settings', 'settings.title'],
] as const satisfies readonly (readonly [string, TextKey])[]

/** What stands around every page. */
export function Shell(): ReactElement {
  const t = useText()
  const navigate = useNavigate()
  const path = useLocation({ select: (at) => at.pathname })
  const main = useFocusOnChange(path)
  const [isHelpOpen, setHelpOpen] = useState(false)
  useShortcuts({ onHelp: () => setHelpOpen(true), onGo: (to) => void navigate({ to }) })
  return (
    <>
      <a className="skip" href="#content" onClick={() => main.current?.focus()}>
        {t('common.skip')}
      </a>
      <Header isBare={path === '/login'} onHelp={() => setHelpOpen(true)} />
      <main id="content" tabIndex={-1} ref={main}>
        <Suspense fallback={<Loading />}>
          <Outlet />
        </Suspense>
      </main>
      <ShortcutHelp open={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </>
  )
}

function Header({ isBare, onHelp }: { readonly isBare: boolean; readonly onHelp: () => void }): ReactElement {
  const t = useText()
  const path = useLocation({ select: (at) => at.pathname })
  const [openAt, setOpenAt] = useState<string>()
  const isOpen = openAt === path
  return (
    <header className="top">
      <Link to="/" className="brand">
        <Mark />
        <span>Greenloop</span>
      </Link>
      {!isBare && (
        <>
          <Button
            kind="quiet"
            className="nav-toggle"
            icon={isOpen ? 'close' : 'menu'}
            aria-label={t('common.menu')}
            aria-expanded={isOpen}
            aria-controls="nav"
            onClick={() => setOpenAt(isOpen ? undefined : path)}
          />
          <nav id="nav" className={isOpen ? 'open' : ''} aria-label={t('common.navigation')}>
            {places.map(([to, key]) => (
              <Link key={to} to={to} activeOptions={{ exact: to === '/', includeSearch: false }}>
                {t(key)}
              </Link>
            ))}
          </nav>
        </>
      )}
      <div className="top-tools">
        {!isBare && (
          <Link to="/new" className="button primary small">
            {t('new.title')}
          </Link>
        )}
        <LanguageChoice />
        {!isBare && <SessionMenu onHelp={onHelp} />}
      </div>
    </header>
  )
}

/** After a change of page, the keyboard and screen readers begin at its content. */
function useFocusOnChange(path: string) {
  const main = useRef<HTMLElement>(null)
  const before = useRef(path)
  useEffect(() => {
    if (before.current === path) return
    before.current = path
    main.current?.focus({ preventScroll: true })
  }, [path])
  return main
}
