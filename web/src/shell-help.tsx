import { useState } from 'react'
import { useText } from './lib/i18n.ts'
import { areOff } from './lib/shortcuts.ts'
import { store } from './lib/storage.ts'
import { Dialog } from './parts/dialog.tsx'
import { CheckBox } from './parts/field.tsx'
import type { ReactElement } from 'react'
import type { TextKey } from './lib/i18n.ts'

const shortcuts = [
  ['g r', 'shortcut.runs'],
  ['g n', 'shortcut.new'],
  ['/', 'shortcut.search'],
  ['j', 'shortcut.down'],
  ['k', 'shortcut.up'],
  ['?', 'shortcut.help'],
  ['Esc', 'shortcut.close'],
] as const satisfies readonly (readonly [string, TextKey])[]

/** The shortcuts, and the switch that turns them off. */
export function ShortcutHelp(props: { readonly open: boolean; readonly onClose: () => void }): ReactElement {
  const t = useText()
  return (
    <Dialog title={t('common.shortcuts')} {...props}>
      <dl className="keys">
        {shortcuts.map(([keys, key]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{t(key)}</dd>
          </div>
        ))}
      </dl>
      <ShortcutSwitch />
    </Dialog>
  )
}

function ShortcutSwitch(): ReactElement {
  const t = useText()
  const [isOn, setOn] = useState(!areOff())
  return (
    <CheckBox
      label={t('common.shortcutsOn')}
      checked={isOn}
      onChange={(event) => {
        store('shortcuts', event.target.checked ? undefined : 'off')
        setOn(event.target.checked)
      }}
    />
  )
}
