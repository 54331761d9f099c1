import { every } from '../lib/clock.ts'
import { useFormat } from '../lib/i18n.ts'
import { shared, useShared } from '../lib/value.ts'
import type { ReactElement } from 'react'

const ticks = shared(0)
every(20_000, () => document.visibilityState === 'visible' && ticks.set(ticks.get() + 1))

/** A time as one speaks of it; the exact one is in the tooltip. */
export function Time({ at }: { readonly at: string }): ReactElement {
  const format = useFormat()
  useShared(ticks)
  return (
    <time dateTime={at} title={`${format.date(at)}\n${at}`}>
      {format.relative(at)}
    </time>
  )
}
