import { store, stored } from './storage.ts'
import { shared, useShared } from './value.ts'

/** What one can choose: as the system, or always the one. */
export const themes = ['system', 'light', 'dark'] as const
/** What one can choose. */
export type Theme = (typeof themes)[number]

const chosen = stored('theme')
const theme = shared<Theme>(chosen === 'light' || chosen === 'dark' ? chosen : 'system')

/** The chosen theme and what chooses another. `public/theme.js` sets the stored one before the first paint. */
export function useTheme(): readonly [Theme, (next: Theme) => void] {
  return [useShared(theme), chooseTheme]
}

function chooseTheme(next: Theme): void {
  const root = document.documentElement
  if (next === 'system') delete root.dataset.theme
  else root.dataset.theme = next
  store('theme', next === 'system' ? undefined : next)
  theme.set(next)
}
