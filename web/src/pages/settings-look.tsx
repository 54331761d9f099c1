import { useState } from 'react'
import { useLanguage, useText } from '../lib/i18n.ts'
import { areOff } from '../lib/shortcuts.ts'
import { store } from '../lib/storage.ts'
import { themes, useTheme } from '../lib/theme.ts'
import { languages } from '../messages/catalogue.ts'
import { CheckBox, Select } from '../parts/field.tsx'
import type { ReactElement } from 'react'
import type { Theme } from '../lib/theme.ts'
import type { Language } from '../messages/catalogue.ts'

/** What this browser keeps: language, theme, shortcuts. */
export function LookTab(): ReactElement {
  const t = useText()
  const [language, chooseLanguage] = useLanguage()
  const [theme, chooseTheme] = useTheme()
  const [isOn, setOn] = useState(!areOff())
  const switchShortcuts = (on: boolean) => {
    store('shortcuts', on ? undefined : 'off')
    setOn(on)
  }
  return (
    <div className="card stack">
      <p className="quiet">{t('settings.look.lead')}</p>
      <Select
        label={t('common.language')}
        value={language}
        options={languages.map((value) => ({ value, label: ownName(value) }))}
        onChange={(event) => chooseLanguage(event.target.value as Language)}
      />
      <Select
        label={t('common.theme')}
        value={theme}
        options={themes.map((value) => ({ value, label: t(`common.theme.${value}`) }))}
        onChange={(event) => chooseTheme(event.target.value as Theme)}
      />
      <CheckBox
        label={t('common.shortcutsOn')}
        checked={isOn}
        onChange={(event) => switchShortcuts(event.target.checked)}
      />
    </div>
  )
}

/** A language in its own words, so that it is found from any other. */
function ownName(language: Language): string {
  return new Intl.DisplayNames(language, { type: 'language' }).of(language) ?? language
}
