import type { ReactElement } from 'react'

interface MeterProps {
  readonly label: string
  readonly value: number
  readonly max: number
  /** In place of one bar: its parts, left to right. */
  readonly parts?: readonly { readonly tone: string; readonly value: number }[] | undefined
  /** It goes on at this moment. */
  readonly live?: boolean | undefined
}

/** How much of a whole is there. */
export function Meter({ label, value, max, parts, live = false }: MeterProps): ReactElement {
  const whole = Math.max(1, max)
  const given = parts ?? [{ tone: 'accent', value }]
  const bars = given.map((part, at) => ({
    ...part,
    from: given.slice(0, at).reduce((sum, before) => sum + before.value, 0),
  }))
  return (
    <svg
      className={`meter${live ? ' live' : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={value}
      preserveAspectRatio="none"
    >
      {bars.map((bar) => (
        <rect
          key={bar.tone}
          className={`fill-${bar.tone}`}
          x={`${(bar.from / whole) * 100}%`}
          width={`${(bar.value / whole) * 100}%`}
          height="100%"
        />
      ))}
    </svg>
  )
}
