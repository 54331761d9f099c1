const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  mo: 30 * 86_400_000,
  y: 365.25 * 86_400_000,
}

/** A duration as GitLab writes it (`1h 30m`, `90 seconds`, `1 day and 2 hours`) in milliseconds; a bare number counts seconds. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.slice(0, 200).matchAll(/(\d{1,9})\s{0,9}([a-z]{0,9})/gi)]
  if (parts.length === 0) return undefined
  const values = parts.map(([, count, unit = '']) => Number(count) * (unitMs[unitOf(unit.toLowerCase())] ?? Number.NaN))
  const sum = values.reduce((total, value) => total + value, 0)
  return Number.isNaN(sum) ? undefined : sum
}

function unitOf(word: string): string {
  if (word.startsWith('mo')) return 'mo'
  return word === '' ? 's' : word.slice(0, 1)
}

/** A duration as the runner writes it: `1h0m0s`, `1m30s`, `5s`. */
export function runnerDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  const head = hours > 0 ? `${hours}h${minutes}m` : minutes > 0 ? `${minutes}m` : ''
  return `${head}${seconds % 60}s`
}
