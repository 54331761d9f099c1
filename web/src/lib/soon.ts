import { useCallback, useEffect, useRef } from 'react'
import { after } from './clock.ts'

/** Calls at most once in a while, the last time included. */
export function useSoon(call: () => void, ms: number): () => void {
  const latest = useRef(call)
  const cancel = useRef<() => void>(undefined)
  useEffect(() => {
    latest.current = call
  })
  useEffect(
    () => () => {
      cancel.current?.()
      cancel.current = undefined
    },
    [],
  )
  return useCallback(() => {
    cancel.current ??= after(ms, () => {
      cancel.current = undefined
      latest.current()
    })
  }, [ms])
}
