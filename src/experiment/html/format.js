import { countCell, meanOf } from './data.js'
import { say } from './words.js'

// Figures as people read them.

const group = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

export function formatCount(value) {
  return group.format(value)
}

export function formatMs(ms) {
  if (ms < 1000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`
  return ms < 100_000 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 60_000).toFixed(1)} min`
}

export function formatCost(value, currency) {
  const text = value === 0 ? '0' : value >= 1 ? value.toFixed(2) : value.toPrecision(3)
  return `${text.includes('e') ? value.toFixed(8) : text} ${currency}`
}

export const signs = { passed: '✓', failed: '✕', mixed: '≈', unchecked: '●', missing: '○', cancelled: '○', none: '·' }

/** How a cell as a whole looks. */
export function standingOf(counts) {
  if (counts.trials.length === 0) return 'none'
  if (counts.failed > 0) return counts.passed > 0 ? 'mixed' : 'failed'
  if (counts.passed > 0) return 'passed'
  if (counts.unchecked > 0) return 'unchecked'
  return counts.missing > 0 ? 'missing' : 'cancelled'
}

/** What a cell says: `2/3`, or the mean of what is asked for. */
export function cellText(index, counts, show) {
  const { trials, passed, failed, unchecked, missing } = counts
  if (trials.length === 0) return say('no_trial')
  if (show === 'passes') {
    if (passed + failed > 0) return `${passed}/${passed + failed}`
    if (unchecked > 0) return say('ran')
    return missing > 0 ? say('missing') : say('cancelled')
  }
  if (show === 'tokens') return formatCount(meanOf(index, trials, 'tokens') ?? 0)
  const mean = meanOf(index, trials, show)
  if (mean === null) return '–'
  if (show === 'latency') return formatMs(mean)
  const { results, currencies } = index.data
  return show === 'cost' ? formatCost(mean, currencies[results.currency[trials[0]]] ?? '') : mean.toFixed(2)
}

/** A number to sort a cell by; cells without one come last. */
export function cellRank(index, row, variant, show) {
  const counts = countCell(index, row, variant)
  if (show !== 'passes') return meanOf(index, counts.trials, show) ?? Number.NaN
  const judged = counts.passed + counts.failed
  return judged === 0 ? Number.NaN : counts.passed / judged
}

export function valueText(data, parameter, row) {
  const at = data.parameters[parameter].of[row] ?? -1
  return at === -1 ? '' : String(data.parameters[parameter].values[at])
}
