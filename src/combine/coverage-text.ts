import type { CoverageGrowth } from './coverage.ts'

/** What statistics are made of. */
export interface Statistics {
  readonly growth: CoverageGrowth
  /** Combinations that have to be covered, where that is known; else those that the rows cover. */
  readonly total?: number | undefined
  /** Rows that no array can do with fewer of. */
  readonly lowerBound: number
}

/** Rows that are listed, spread evenly, the last among them. */
const listed = 20

/** Size, lower bound and coverage by row as text for people. */
export function formatStatistics({ growth, total, lowerBound }: Statistics): string {
  const { covered } = growth
  const rows = covered.length
  const whole = total ?? covered.at(-1) ?? 0
  const gap = rows - lowerBound
  const standing = gap <= 0 ? 'the smallest possible' : `at most ${gap} more than the smallest possible`
  const every = Math.max(1, Math.ceil(rows / listed))
  const shown = covered.map((_, index) => index + 1).filter((row) => row % every === 0 || row === rows)
  const width = String(rows).length
  const lines = shown.map((row) => {
    const count = covered[row - 1] ?? 0
    const share = whole === 0 ? 1 : count / whole
    const bar = '#'.repeat(Math.floor(40 * share))
    return `${String(row).padStart(width)}  ${String(count).padStart(String(whole).length)}  ${percent(share)}  ${bar}`.trimEnd()
  })
  return [`rows ${rows}, lower bound ${lowerBound}: ${standing}`, 'covered combinations by row:', ...lines, ''].join(
    '\n',
  )
}

/** Rounded down, so that 100 % means all. */
function percent(share: number): string {
  return `${(Math.floor(1000 * share) / 10).toFixed(1).padStart(5)} %`
}
