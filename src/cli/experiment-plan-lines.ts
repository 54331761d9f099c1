import { relative } from 'node:path'
import type { ImportResult } from '../app/experiment-import.ts'
import type { ManifestSummary, PlannedExperiment, PowerRow } from '../app/experiment-plan.ts'
import { visible } from '../lib/frame.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { painter } from './output.ts'
import type { Session } from './session.ts'

/** What is shown of a plan. */
export interface PlanShown {
  readonly path: string
  readonly showDiff: boolean
}

/** Prints what a plan would do. */
export function printPlan(planned: PlannedExperiment, { path, showDiff }: PlanShown, session: Session): void {
  const { output } = session
  if (output.result !== 'human') {
    const { diffs, ...rest } = planned
    output.print(`${JSON.stringify({ ...(snakeKeys(rest) as object), ...(showDiff ? { diffs } : {}) })}\n`)
  }
  if (output.result === 'human' || output.progress !== 'none') {
    const diffs = showDiff && output.result === 'human' ? Object.values(planned.diffs).map((diff) => `\n${diff}`) : []
    output.note(
      `${[...planLines(planned, session), ...diffs, '', `next: greenloop experiment run ${path}`].join('\n')}\n`,
    )
  }
  session.end(0)
}

function planLines(planned: PlannedExperiment, { output }: Session): string[] {
  const paint = painter(output.colour)
  const { title, designs, estimate, manifests, power, warnings } = planned
  const row = (name: string, text: string): string => `  ${name.padEnd(10)}${text}`
  const { trials, cases, variants, calls, judgeCalls, embeddingCalls } = estimate
  const repeats = Math.max(...manifests.map((manifest) => manifest.repeats))
  const times = repeats === 1 ? '' : ` × ${repeats} repeats`
  const product = `${counted(cases, 'case')} × ${counted(variants, 'variant')}${times}`
  // Workflows may be tried with variants of their own.
  const isWhole = trials === cases * variants * repeats
  const further = [
    ...(calls === trials ? [] : [`${calls} calls`]),
    ...(judgeCalls === 0 ? [] : [`up to ${judgeCalls} calls of judges`]),
    ...(embeddingCalls === 0 ? [] : [`${embeddingCalls} embeddings`]),
  ]
  return [
    paint('bold', visible(title)),
    row('trials', `${trials}${isWhole ? ` = ${product}` : ` of ${product}`}${listed(further)}`),
    ...designs.map((design) => row('cases', designText(design))),
    ...(estimate.savings === undefined || estimate.savings.share <= 0
      ? []
      : [row('saved', savedText(estimate.savings))]),
    row('tokens', estimate.tokens === undefined ? 'not known' : rangeText(estimate.tokens)),
    row('cost', costText(estimate)),
    row('time', timeText(estimate.duration)),
    ...power.flatMap((each) => powerText(each).map((text, index) => row(index === 0 ? 'can show' : '', text))),
    ...manifests.flatMap(({ id, places }) =>
      places.length === 0 ? [] : [row('patches', `${id}: ${counted(places.length, 'place')}`)],
    ),
    ...estimate.notes.map((text) => paint('dim', row('', visible(text)))),
    ...warnings.map((text) => `${paint('yellow', 'warning')} ${visible(text)}`),
  ]
}

function listed(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`
}

function designText({
  workflowId,
  dataset,
  mode,
  rows,
  parameterRows,
  cases,
  tuples,
  strength = 2,
  isCut = false,
}: PlannedExperiment['designs'][number]): string {
  const combined = parameterRows > 1 ? ` × ${parameterRows} combinations` : ''
  const sets = ['', 'values', 'pairs', 'triples'][strength] ?? `sets of ${strength} values`
  const covered = tuples === undefined ? '' : `, ${isCut ? 'only' : 'all'} ${tuples.covered} ${sets} covered`
  return visible(`${workflowId} on ${dataset}: ${cases} (${counted(rows, 'row')}${combined}, ${mode}${covered})`)
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function savedText({ cases, product, share }: NonNullable<PlannedExperiment['estimate']['savings']>): string {
  return `${cases} cases instead of ${product} combinations, ${(share * 100).toFixed(1)} % less`
}

function rangeText({ low, high }: { readonly low: number; readonly high: number }): string {
  return low === high ? `about ${low}` : `${low} to ${high}`
}

function costText({ cost }: PlannedExperiment['estimate']): string {
  return cost === undefined ? 'not known' : `${Number(cost.low)} to ${Number(cost.high)} ${cost.currency}`
}

function timeText({ seconds, limitedBy, latencySeconds }: PlannedExperiment['estimate']['duration']): string {
  const by = limitedBy === 'nothing' ? '' : `, bound by ${limitedBy.replace('_', ' ')}`
  return `at least ${spanText(seconds)} if a call takes ${latencySeconds} s${by}`
}

function spanText(seconds: number): string {
  if (seconds < 120) return `${Math.ceil(seconds)} s`
  return seconds < 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

function powerText({ workflowId, cases, power, passRate, score }: PowerRow): string[] {
  const shown = passRate.map(({ discordance, difference }) => {
    const share = `where ${discordance * 100} % of the cases differ`
    return difference === undefined ? `none ${share}` : `${difference.toFixed(2)} ${share}`
  })
  const of = `${workflowId}, ${counted(cases, 'case')}, with power ${power}`
  if (passRate.every(({ difference }) => difference === undefined)) {
    return [visible(`${of}: no difference of the pass rate, too few cases;`), scoreText(score)]
  }
  return [visible(`${of}: a difference of the pass rate from ${shown.join(', ')};`), scoreText(score)]
}

function scoreText(score: number): string {
  return `a difference of a mean score (0 to 1) from ${score.toFixed(2)}`
}

/** Prints where manifests were written. */
export function printManifests(
  { file, manifests }: { readonly file: string; readonly manifests: readonly ManifestSummary[] },
  session: Session,
): void {
  const { output, cwd } = session
  if (output.result !== 'human') output.print(`${JSON.stringify({ file, ...(snakeKeys({ manifests }) as object) })}\n`)
  const lines = manifests.map(({ id, cases, repeats }) => `  ${visible(id)}: ${counted(cases, 'case')} × ${repeats}`)
  const shown = relative(cwd, file) || file
  output.note(
    `${[`${counted(manifests.length, 'manifest')} in ${shown}`, ...lines, `next: greenloop manifest run ${shown}`].join('\n')}\n`,
  )
  session.end(0)
}

/** Prints what was made of a configuration, and what was not taken over. */
export function printImport({ files, notes }: ImportResult, session: Session): void {
  const { output, cwd } = session
  if (output.result !== 'human') output.print(`${JSON.stringify({ files, notes })}\n`)
  const said = notes.map(({ message, place, help }) => {
    const where = place === undefined ? '' : `${place.file}:${place.line ?? 1} `
    return `  ${visible(`${where}${message}`)}${help === undefined ? '' : ` (${visible(help)})`}`
  })
  const lines = [
    ...files.map((file) => `wrote ${relative(cwd, file) || file}`),
    ...(said.length === 0 ? [] : [`not taken over, or not as it was (${said.length}):`, ...said]),
    `next: greenloop experiment plan ${relative(cwd, files[0] ?? '') || 'test_plan.yaml'}`,
  ]
  output.note(`${lines.join('\n')}\n`)
  session.end(0)
}
