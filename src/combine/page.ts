import type { Combination } from './options.ts'
import type { CoverageGrowth } from './coverage.ts'
import type { Model } from './model.ts'
import { cellText } from './rows-cells.ts'

/** What a page shows. */
export interface PageContent {
  readonly title: string
  readonly model: Model
  readonly combination: Combination
  readonly growth: CoverageGrowth
}

const width = 720
const height = 260
const margin = 44

/** An array as one HTML file that needs nothing else: figures, a plot of how coverage grows with the rows, the rows. */
export function combinationPage({ title, model, combination, growth }: PageContent): string {
  const { rows, strength, engine, tuples, lowerBound } = combination
  const facts: readonly (readonly [string, string])[] = [
    ['rows', `${rows.length}`],
    ['lower bound', `${lowerBound}`],
    ['strength', `${strength}`],
    ['combinations covered', `${tuples.covered}`],
    ['impossible combinations', `${tuples.infeasible}`],
    ['made by', engine],
  ]
  const head = model.parameters.map(({ name }) => `<th scope="col">${escaped(name)}</th>`).join('')
  const body = rows.map((row, index) => {
    const cells = row.map((value, parameter) => {
      const found = model.parameters[parameter]?.values[value]
      return `<td>${escaped(found === undefined ? '' : cellText(found, found.text))}</td>`
    })
    return `<tr><th scope="row">${index + 1}</th>${cells.join('')}<td>${growth.covered[index] ?? ''}</td></tr>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}: ${rows.length} rows</title>
<style>${style}</style>
<h1>${escaped(title)}</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>
<h2>How coverage grows</h2>
${plot(growth, tuples.covered)}
<h2>Rows</h2>
<div class="table" tabindex="0" role="region" aria-label="Rows"><table>
<thead><tr><th scope="col">#</th>${head}<th scope="col">covered so far</th></tr></thead>
<tbody>
${body.join('\n')}
</tbody></table></div>
</html>
`
}

/** The share of covered combinations over the number of rows. */
function plot({ covered }: CoverageGrowth, total: number): string {
  const whole = Math.max(total, covered.at(-1) ?? 0, 1)
  const x = (row: number): number => margin + (row / Math.max(1, covered.length)) * (width - 2 * margin)
  const y = (count: number): number => height - margin - (count / whole) * (height - 2 * margin)
  const points = [[0, 0] as const, ...covered.map((count, index) => [index + 1, count] as const)]
  const line = points.map(([row, count]) => `${x(row).toFixed(1)},${y(count).toFixed(1)}`).join(' ')
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = y(share * whole).toFixed(1)
    return `<line x1="${margin}" x2="${width - margin}" y1="${at}" y2="${at}" class="grid"/><text x="${margin - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${share * 100} %</text>`
  })
  const half = covered.findIndex((count) => count >= whole / 2) + 1
  const label = `${covered.length} rows cover ${covered.at(-1) ?? 0} combinations; half of them are covered after ${half} rows`
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${marks.join('\n')}
<polyline points="${line}"/>
<text x="${margin}" y="${height - margin + 18}">0</text>
<text x="${width - margin}" y="${height - margin + 18}" text-anchor="end">${covered.length} rows</text>
</svg>
<p>${label}.</p>`
}

const style = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
dl{display:flex;flex-wrap:wrap;gap:.5rem 2rem}dl div{display:flex;gap:.5rem}dt{opacity:.75}dd{margin:0;font-weight:600}
svg{width:100%;height:auto;overflow:visible}svg text{font-size:12px;fill:currentColor}
@media(max-width:40rem){svg text{font-size:22px}}
.grid{stroke:currentColor;stroke-opacity:.2}polyline{fill:none;stroke:currentColor;stroke-width:2}
.table{overflow:auto;max-height:70vh}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;text-align:left;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
thead th{position:sticky;top:0;background:Canvas}`

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
