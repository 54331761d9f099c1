import type { Interval } from '../domain/comparison.ts'

/**
 * A figure as findings and reasons print it: three digits, whole from a thousand on, and 0 where only rounding kept it from
 * that.
 */
export function figureText(value: number): string {
  if (Math.abs(value) < 1e-12) return '0'
  if (Math.abs(value) >= 1000) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}

/** `95 % interval 0.05 to 0.19`. */
export function intervalText({ low, high, level }: Interval): string {
  return `${Number((level * 100).toFixed(2))} % interval ${figureText(low)} to ${figureText(high)}`
}

/** A p-value with two digits. */
export function chanceText(p: number): string {
  return p < 0.0001 ? 'below 0.0001' : String(Number(p.toPrecision(2)))
}
