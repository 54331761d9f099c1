import { useEffect, useRef, useState } from 'react'
import { after } from '../lib/clock.ts'
import { store, stored } from '../lib/storage.ts'

/** What somebody has typed, kept in the browser until it is handed in or discarded. */
export interface Draft<T> {
  readonly value: T
  readonly set: (change: Partial<T>) => void
  /** It was there already when the page was opened. */
  readonly isKept: boolean
  readonly discard: () => void
}

const waitMs = 400
/** Browsers keep five megabytes for a whole site. */
const mostCharacters = 1_500_000

/** A form that survives a reload, under a name; `first` is what it begins with. */
export function useDraft<T extends object>(name: string, first: T): Draft<T> {
  const [kept] = useState(() => read<T>(name))
  const [value, setValue] = useState<T>({ ...first, ...kept })
  const [isKept, setKept] = useState(kept !== undefined)
  const isTouched = useRef(false)
  useEffect(() => {
    if (!isTouched.current) return
    return after(waitMs, () => {
      const text = JSON.stringify(value)
      store(name, text.length > mostCharacters ? undefined : text)
    })
  }, [name, value])
  return {
    value,
    set: (change) => {
      isTouched.current = true
      setValue((before) => ({ ...before, ...change }))
    },
    isKept,
    discard: () => {
      isTouched.current = false
      store(name, undefined)
      setKept(false)
      setValue(first)
    },
  }
}

function read<T>(name: string): Partial<T> | undefined {
  try {
    const found: unknown = JSON.parse(stored(name) ?? 'null')
    return typeof found === 'object' && found !== null ? found : undefined
  } catch {
    return undefined
  }
}
