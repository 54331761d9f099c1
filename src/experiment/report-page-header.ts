import { plainText } from '../lib/plain-text.ts'
import { addDecimals } from '../lib/decimal.ts'
import { type ReportEnd, type ReportFacts, expectedTrials, experimentVerdict } from './report-facts.ts'
import { grouped } from './report-figures.ts'
import { trialOutcomes } from './report-outcome.ts'
import type { VariantCounts } from './report-summary.ts'
import { escapeHtml, say } from './html/words.js'

const mostFindings = 6

const show = (text: string) => escapeHtml(plainText(text))

/** What it was, what came of it, and how much there is. */
export function pageHeader(facts: ReportFacts, end: ReportEnd, counts: readonly VariantCounts[]): string {
  const time = new Date(facts.startedAt).toISOString()
  const clock = `<time datetime="${time}">${time.slice(0, 10)} ${time.slice(11, 16)} UTC</time>`
  const line = [
    say('experiment'),
    clock,
    `<span class="mono">${show(facts.runId)}</span>`,
    say('seed', { n: facts.seed }),
  ]
  return `<header class="top">
<p class="facts-line">${line.join(' · ')}</p>
<h1>${show(facts.title)}</h1>
${verdictLine(facts, end, counts)}
${findingsList(end)}
${proportions(counts)}
${numbers(facts, counts)}
</header>`
}

/** The most important ones at once, the others for whoever asks. */
function findingsList({ comparison }: ReportEnd): string {
  const items = comparison.findings.map((finding) => `<li>${show(finding)}</li>`)
  if (items.length === 0) return ''
  const rest = items.slice(mostFindings)
  const more =
    rest.length === 0
      ? ''
      : `<details class="more"><summary>${say('more_findings', { n: rest.length })}</summary><ul class="findings">${rest.join('')}</ul></details>`
  return `<h2 class="vh">${say('findings')}</h2><ul class="findings">${items.slice(0, mostFindings).join('')}</ul>${more}`
}

function verdictLine(facts: ReportFacts, end: ReportEnd, counts: readonly VariantCounts[]): string {
  const trials = counts.reduce((sum, each) => sum + each.trials, 0)
  const verdict = experimentVerdict(facts, end, trials)
  const { gates } = end.comparison
  const bad = gates.filter(({ passed }) => !passed).length
  const words = {
    passed: gates.length === 1 ? say('gates_hold_1') : say('gates_hold', { n: gates.length }),
    failed: gates.length === 1 ? say('gate_fails') : say('gates_fail', { bad, n: gates.length }),
    compared: say('verdict_compared'),
    incomplete: say('verdict_incomplete'),
    cancelled: say('verdict_cancelled'),
  }[verdict]
  const sign = { passed: '✓', failed: '✕', compared: '●', incomplete: '○', cancelled: '○' }[verdict]
  const expected = expectedTrials(facts)
  const rest = [
    ...(end.stopped === undefined ? [] : [show(end.stopped.message)]),
    ...(end.incomplete === undefined ? [] : [show(end.incomplete)]),
    ...(trials < expected ? [say('trials_missing', { done: grouped(trials), all: grouped(expected) })] : []),
  ]
  const small = rest.length === 0 ? '' : `<p class="stopped">${rest.join(' ')}</p>`
  const told = `<span class="badge is-${verdict}"><span aria-hidden="true">${sign}</span> ${words}</span>`
  return `<p class="verdict">${told} <span class="winner">${winnerText(end)}</span></p>${small}`
}

function winnerText({ comparison }: ReportEnd): string {
  const workflows = new Set(comparison.summaries.map(({ workflowId }) => workflowId))
  const winners = Object.entries(comparison.winners)
  const [first] = winners
  if (new Set(comparison.summaries.map(({ variantId }) => variantId)).size < 2) return ''
  if (first === undefined) return `${say('no_winner')}.`
  if (workflows.size === 1) return `${show(say('winner_only', { variant: first[1] }))}.`
  return winners.map(([workflow, variant]) => `${show(say('winner', { variant, workflow }))}.`).join(' ')
}

function proportions(counts: readonly VariantCounts[]): string {
  const sums = trialOutcomes.map((outcome) => counts.reduce((sum, each) => sum + each.outcomes[outcome], 0))
  const total = sums.reduce((sum, each) => sum + each, 0)
  let x = 0
  const rects = trialOutcomes.map((outcome, index) => {
    // One failure among thousands has to be seen.
    const width = sums[index] === 0 ? 0 : Math.max(0.6, (100 * (sums[index] ?? 0)) / Math.max(1, total))
    const rect =
      width === 0 ? '' : `<rect class="fill-${outcome}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="6"/>`
    x += width
    return rect
  })
  return `<svg class="proportions" viewBox="0 0 ${Math.max(x, 1).toFixed(2)} 6" preserveAspectRatio="none" aria-hidden="true">${rects.join('')}</svg>`
}

function numbers(facts: ReportFacts, counts: readonly VariantCounts[]): string {
  const trials = counts.reduce((sum, each) => sum + each.trials, 0)
  const cases = Object.values(facts.casesByWorkflow).reduce((sum, each) => sum + each, 0)
  const tokens = counts.reduce((sum, each) => sum + each.tokens, 0)
  const told: string[] = [
    `<li><b>${grouped(cases)}</b> ${say('cases')}</li>`,
    `<li><b>${grouped(trials)}</b> ${say('trials')}</li>`,
  ]
  for (const outcome of trialOutcomes) {
    const sum = counts.reduce((total, each) => total + each.outcomes[outcome], 0)
    if (sum > 0)
      told.push(`<li><i class="key fill-${outcome}" aria-hidden="true"></i><b>${grouped(sum)}</b> ${say(outcome)}</li>`)
  }
  if (tokens > 0) told.push(`<li><b>${grouped(tokens)}</b> ${say('tokens')}</li>`)
  for (const currency of new Set(counts.flatMap(({ cost }) => Object.keys(cost)))) {
    const sum = addDecimals(counts.flatMap(({ cost }) => cost[currency] ?? []))
    told.push(`<li><b>${show(sum.replace(/(\.\d*[1-9])0+$|\.0+$/u, '$1'))}</b> ${show(currency)}</li>`)
  }
  return `<ul class="counts">${told.join('')}</ul>`
}
