import { useEffect, useState } from 'react'
import { api } from '../lib/api.ts'
import { after } from '../lib/clock.ts'
import type { SuiteCheck } from '../../../src/client/types.ts'

/** What is known of a text. `isStale`: it has been changed since. */
export interface Checked {
  readonly check: SuiteCheck | undefined
  readonly error: unknown
  readonly isStale: boolean
}

const waitMs = 300

/** Has a suite checked when one stops typing; the older question is called off. */
export function useCheck(text: string, name: string): Checked {
  const [answer, setAnswer] = useState<Omit<Checked, 'isStale'> & { readonly of: string }>()
  const asked = `${name}\n${text}`
  useEffect(() => {
    const control = new AbortController()
    const ask = async (): Promise<void> => {
      try {
        const check = await api.call('checkSuite', { body: { text, name } }, { signal: control.signal })
        setAnswer({ check, error: undefined, of: asked })
      } catch (error) {
        if (!control.signal.aborted) setAnswer({ check: undefined, error, of: asked })
      }
    }
    const cancel = text.trim() === '' ? () => {} : after(waitMs, () => void ask())
    return () => {
      cancel()
      control.abort()
    }
  }, [asked, name, text])
  return { check: answer?.check, error: answer?.error, isStale: answer?.of !== asked }
}
