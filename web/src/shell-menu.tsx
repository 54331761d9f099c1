import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useApi, useSend } from './lib/api.ts'
import { useLanguage, useText } from './lib/i18n.ts'
import { themes, useTheme } from './lib/theme.ts'
import { languages } from './messages/catalogue.ts'
import { Button } from './parts/button.tsx'
import { Select } from './parts/field.tsx'
import { Icon } from './parts/icon.tsx'
import type { ReactElement } from 'react'
import type { Theme } from './lib/theme.ts'
import type { Language } from './messages/catalogue.ts'

/** Each language in its own words, so that it is found from any other. */
const names: Readonly<Record<Language, string>> = { en: 'English', 'zh-CN': '中文', ru: 'Русский' }

/** Chooses the language. */
export function LanguageChoice(): ReactElement {
  const t = useText()
  const [language, choose] = useLanguage()
  return (
    <Select
      bare
      className="language"
      label={t('common.language')}
      value={language}
      options={languages.map((value) => ({ value, label: names[value] }))}
      onChange={(event) => choose(event.target.value as Language)}
    />
  )
}

/** Who is signed in, how the page looks, and the way out. */
export function SessionMenu({ onHelp }: { readonly onHelp: () => void }): ReactElement {
  const t = useText()
  const menu = useClosingMenu()
  const session = useApi('getSession', {})
  const [theme, chooseTheme] = useTheme()
  const end = useSignOut()
  return (
    <details className="menu" ref={menu}>
      <summary aria-label={t('common.session')}>
        <Icon name="person" size={18} />
      </summary>
      <div className="menu-body">
        {session.data && (
          <p>
            <strong>{session.data.name}</strong> <span className="quiet">{session.data.scope}</span>
            <br />
            <span className="quiet">
              {session.data.root} · {session.data.version}
            </span>
          </p>
        )}
        <Select
          label={t('common.theme')}
          value={theme}
          options={themes.map((value) => ({ value, label: t(`common.theme.${value}`) }))}
          onChange={(event) => chooseTheme(event.target.value as Theme)}
        />
        <Button kind="quiet" onClick={onHelp}>
          {t('common.shortcuts')} <kbd>?</kbd>
        </Button>
        <Button kind="quiet" busy={end.isPending} onClick={() => end.mutate({})}>
          {t('common.signOut')}
        </Button>
      </div>
    </details>
  )
}

function useSignOut() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useSend('endSession', {
    onDone() {
      client.clear()
      void navigate({ to: '/login' })
    },
  })
}

/** A `<details>` that closes on Escape and on a press outside. */
function useClosingMenu() {
  const menu = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = (event: Event) => {
      const box = menu.current
      if (!box?.open) return
      if (event instanceof KeyboardEvent ? event.key !== 'Escape' : box.contains(event.target as Node)) return
      box.open = false
      if (event instanceof KeyboardEvent) box.querySelector('summary')?.focus()
    }
    document.addEventListener('keydown', close)
    document.addEventListener('pointerdown', close)
    return () => {
      document.removeEventListener('keydown', close)
      document.removeEventListener('pointerdown', close)
    }
  }, [])
  return menu
}
