import { useLocation, useNavigate } from '@tanstack/react-router'
import { useCallback } from 'react'

/** A text in the query of the address; empty where it is not there. Setting it replaces the entry of the history unless `push`. */
export function useUrlValue(name: string): readonly [string, (value: string, how?: 'push') => void] {
  const [values, set] = useUrlValues()
  return [values[name] ?? '', useCallback((value, how) => set({ [name]: value }, how), [name, set])]
}

/** All texts in the query of the address, and what sets some of them at once; an empty one is taken out. */
export function useUrlValues(): readonly [
  Readonly<Record<string, string>>,
  (values: Readonly<Record<string, string>>, how?: 'push') => void,
] {
  const search: Readonly<Record<string, string>> = useLocation({
    select: (at) => at.search as Readonly<Record<string, string>>,
  })
  const navigate = useNavigate()
  const set = useCallback(
    (values: Readonly<Record<string, string>>, how?: 'push') => {
      const next = (before: Readonly<Record<string, string>>) =>
        Object.fromEntries(Object.entries({ ...before, ...values }).filter(([, value]) => value !== ''))
      void navigate({ to: '.', search: next as never, replace: how !== 'push', resetScroll: false })
    },
    [navigate],
  )
  return [search, set]
}
