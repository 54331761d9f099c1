import { useEffect, useState } from 'react'
import { api } from '../lib/api.ts'
import { after } from '../lib/clock.ts'
import type { ApiCombination, Sent } from '../../../src/client/types.ts'

/** A model with what is wanted of its rows; empty texts leave the choice to the server. */
export interface CombinationForm {
  readonly model: string
  readonly strength: string
  readonly engine: 'best' | 'PICT' | 'IPO' | 'naive'
  readonly seed: string
  /** Time for a longer search. */
  readonly seconds: string
}

/** Rows as far as they are known. The answer before stays until the next one comes. */
export interface MadeCombination {
  readonly answer: ApiCombination | undefined
  readonly error: unknown
  readonly isBusy: boolean
}

const waitMs = 500

/** Has rows made when one stops typing; an older question is called off. */
export function useCombination(form: CombinationForm): MadeCombination {
  const asked = JSON.stringify(bodyOf(form))
  const [known, setKnown] = useState<Omit<MadeCombination, 'isBusy'> & { readonly of?: string }>({
    answer: undefined,
    error: undefined,
  })
  useEffect(() => {
    const body = JSON.parse(asked) as Sent<'combine'>['body']
    const control = new AbortController()
    const ask = async (): Promise<void> => {
      try {
        const answer = await api.call('combine', { body }, { signal: control.signal })
        setKnown({ answer, error: undefined, of: asked })
      } catch (error) {
        if (!control.signal.aborted) setKnown(({ answer }) => ({ answer, error, of: asked }))
      }
    }
    const cancel = body.model.trim() === '' ? () => {} : after(waitMs, () => void ask())
    return () => {
      cancel()
      control.abort()
    }
  }, [asked])
  const isEmpty = form.model.trim() === ''
  return {
    answer: isEmpty ? undefined : known.answer,
    error: isEmpty ? undefined : known.error,
    isBusy: !isEmpty && known.of !== asked,
  }
}

function bodyOf({ model, strength, engine, seed, seconds }: CombinationForm): Sent<'combine'>['body'] {
  return {
    model,
    engine,
    ...(strength === '' ? {} : { strength: Number(strength) }),
    ...(/^\d{1,9}$/.test(seed) ? { seed: Number(seed) } : {}),
    ...(seconds === '' ? {} : { timeLimitSeconds: Number(seconds) }),
  }
}
