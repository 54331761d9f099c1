import { useEffect, useRef } from 'react'
import { stored } from './storage.ts'

/** What keys do. */
interface ShortcutActions {
  readonly onHelp: () => void
  readonly onGo: (to: '/' | '/new') => void
}

const places: Readonly<Record<string, '/' | '/new'>> = { r: '/', n: '/new' }

/** Listens to the shortcuts, unless they are switched off. Keys that go into a field or a word are left alone. */
export function useShortcuts(actions: ShortcutActions): void {
  const doing = useRef(actions)
  useEffect(() => {
    doing.current = actions
  })
  useEffect(() => {
    let isGoing = false
    const press = (event: KeyboardEvent) => {
      if (isTyping(event) || areOff()) return
      const place = isGoing ? places[event.key] : undefined
      isGoing = event.key === 'g'
      if (place !== undefined) doing.current.onGo(place)
      else if (event.key === '?') doing.current.onHelp()
      else if (event.key === '/') focusSearch()
      else if (event.key === 'j' || event.key === 'k') moveInList(event.key === 'j' ? 1 : -1)
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
}

/** Whether a person has switched the shortcuts off. */
export function areOff(): boolean {
  return stored('shortcuts') === 'off'
}

function isTyping(event: KeyboardEvent): boolean {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return true
  const target = event.composedPath()[0]
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('main input[type=search]')?.focus()
}

/** Goes to the link of the next or previous row. */
function moveInList(step: 1 | -1): void {
  const rows = [...document.querySelectorAll('main [data-row]')]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const next = rows[at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step]
  next?.querySelector<HTMLElement>('a, button')?.focus()
}
