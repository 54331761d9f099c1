import { now } from './clock.ts'
import type { Language } from '../messages/catalogue.ts'

/** Dates, numbers and amounts as a language writes them. Times are RFC 3339 or epoch milliseconds. */
export interface Format {
  /** Date and time of day in the time zone of the browser. */
  date(at: string | number): string
  /** Time of day with seconds. */
  clock(at: string | number): string
  /** How long ago, in words. */
  relative(at: string | number): string
  number(value: number, digits?: number): string
  /** Of a share from 0 to 1. */
  percent(share: number, digits?: number): string
  duration(ms: number): string
  bytes(count: number): string
}

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
const steps = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

/** How a language writes dates, numbers and amounts. */
export function formatOf(language: Language): Format {
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  const unit = (name: string, digits = 0) =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits })
  return {
    date: (at) => date.format(new Date(at)),
    clock: (at) => clock.format(new Date(at)),
    relative(at) {
      const seconds = (new Date(at).getTime() - now()) / 1000
      const step = steps.find(([, size]) => Math.abs(seconds) >= size)
      return step ? relative.format(Math.trunc(seconds / step[1]), step[0]) : relative.format(0, 'second')
    },
    number: (value, digits = 0) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value),
    percent: (share, digits = 0) =>
      new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: digits }).format(share),
    duration: (ms) => durationOf(ms, unit),
    bytes(count) {
      const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log(Math.max(1, count)) / Math.log(1000))))
      return unit(units[power] ?? 'byte', power === 0 ? 0 : 1).format(count / 1000 ** power)
    },
  }
}

function durationOf(ms: number, unit: (name: string, digits?: number) => Intl.NumberFormat): string {
  if (ms < 1) return `<${unit('millisecond').format(1)}`
  if (ms < 1000) return unit('millisecond').format(ms)
  if (ms < 60_000) return unit('second', ms < 10_000 ? 1 : 0).format(ms / 1000)
  const seconds = Math.round(ms / 1000)
  const [big, small] = seconds < 3600 ? (['minute', 'second'] as const) : (['hour', 'minute'] as const)
  const size = big === 'hour' ? 3600 : 60
  const rest = Math.floor((seconds % size) / (size / 60))
  const whole = unit(big).format(Math.floor(seconds / size))
  return rest === 0 ? whole : `${whole} ${unit(small).format(rest)}`
}
