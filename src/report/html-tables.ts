import type { BenchFigure, Execution, FileCoverage, RunProblem } from '../domain/run.ts'
import { coverageTotals } from './cobertura.ts'
import { escapeHtml } from './html/view.js'
import { capMiddle, plainText } from '../lib/plain-text.ts'

const show = (text: string) => escapeHtml(plainText(text))

/** What happened to the run as a whole, or nothing. */
export function problemsSection(problems: readonly RunProblem[]): string {
  if (problems.length === 0) return ''
  const items = problems.slice(0, 50).map((problem) => {
    const place = problem.file === undefined ? '' : ` <span class="at">${show(problem.file)}</span>`
    const trace = problem.failure === undefined ? '' : pre('Trace', problem.failure.trace || problem.failure.message)
    const kind = problem.kind.replaceAll('_', ' ')
    return `<li><p><strong>${kind.charAt(0).toUpperCase()}${kind.slice(1)}</strong>${place}</p><p>${show(capMiddle(problem.message, 1000))}</p>${trace}</li>`
  })
  const grave = problems.some((problem) => problem.kind !== 'note') ? ' grave' : ''
  const more = problems.length > 50 ? `<p>${problems.length - 50} more are in report.json.</p>` : ''
  return `<section class="problems${grave}" aria-labelledby="problems"><h2 id="problems">About the run as a whole</h2><ul>${items.join('')}</ul>${more}</section>`
}

/** Files with their lines and branches, the least covered first. */
export function coverageSection(files: readonly FileCoverage[] | undefined): string {
  if (files === undefined || files.length === 0) return ''
  const totals = coverageTotals(files)
  const rows = files
    .map((file) => ({ file, totals: coverageTotals([file]) }))
    .sort((a, b) => (a.totals.linePercent ?? 101) - (b.totals.linePercent ?? 101))
    .slice(0, 500)
    .map(({ file, totals: own }) => {
      const missed = missedLines(file)
      return `<tr><th scope="row"><code>${show(file.file)}</code></th>${percentCells(own.linePercent, own.branchPercent)}<td><code>${missed}</code></td></tr>`
    })
  const all = [
    totals.linePercent === undefined ? '' : `${totals.linePercent} % of lines`,
    totals.branchPercent === undefined ? '' : `${totals.branchPercent} % of branches`,
  ].filter((part) => part !== '')
  return `<section aria-labelledby="coverage"><h2 id="coverage">Coverage</h2><p class="quiet">${all.join(', ')}</p>
${table('Coverage by file', ['File', '#Lines', '#Branches', 'Lines missed'], rows)}</section>`
}

/** Measured benchmarks. */
export function benchmarkSection(figures: readonly BenchFigure[]): string {
  if (figures.length === 0) return ''
  const rows = figures.slice(0, 1000).map((figure) => {
    const times = [figure.median, figure.p95, figure.min, figure.stddev].map(
      (time) => `<td class="number">${seconds(time)}</td>`,
    )
    return `<tr><th scope="row">${show(figure.name)}</th>${times.join('')}<td class="number">${figure.rounds}</td></tr>`
  })
  return `<section aria-labelledby="benchmarks"><h2 id="benchmarks">Benchmarks</h2>
${table('Benchmarks', ['Name', '#Median', '#95th percentile', '#Fastest', '#Deviation', '#Rounds'], rows)}</section>`
}

/** What the tests ran on and how well they were locked in. */
export function environmentSection(execution: Execution): string {
  const { tier, gaps } = execution.sandbox
  const protection = tier === 'none' ? 'none: the tests ran unprotected' : tier
  const facts: readonly (readonly [string, string])[] = [
    ['Framework', `${execution.framework} ${execution.frameworkVersion}`],
    ['Interpreter', execution.interpreter],
    ...Object.entries(execution.plugins).map(([name, version]) => [`Plugin ${name}`, version] as const),
    ['Working folder', execution.cwd],
    ['Processes', String(execution.processes.length)],
    ['Sandbox', protection],
    ...gaps.map((gap) => ['Not protected', gap] as const),
    ...Object.entries(execution.environment),
  ]
  const rows = facts.map(([key, value]) => `<tr><th scope="row">${show(key)}</th><td>${show(value)}</td></tr>`)
  return `<section aria-labelledby="environment"><h2 id="environment">Environment</h2>${table('Environment', ['What', 'Value'], rows)}</section>`
}

/** A column whose title begins with `#` holds numbers. */
function table(label: string, columns: readonly string[], rows: readonly string[]): string {
  const head = columns.map((title) =>
    title.startsWith('#') ? `<th scope="col" class="number">${title.slice(1)}</th>` : `<th scope="col">${title}</th>`,
  )
  return `<div class="table" role="group" aria-label="${label}" tabindex="0"><table><thead><tr>${head.join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function percentCells(lines: number | undefined, branches: number | undefined): string {
  const bar =
    lines === undefined
      ? ''
      : `<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="fill-rest" width="100" height="6"/><rect class="fill-skipped" width="${lines}" height="6"/></svg> `
  const cell = (value: number | undefined) => (value === undefined ? 'none' : `${value} %`)
  return `<td class="number">${bar}${cell(lines)}</td><td class="number">${cell(branches)}</td>`
}

/** `3, 7-9`: at most twenty ranges. */
function missedLines(file: FileCoverage): string {
  const missed = Object.keys(file.lines)
    .filter((line) => file.lines[line] === 0)
    .map(Number)
    .sort((a, b) => a - b)
  const ranges: [number, number][] = []
  for (const line of missed) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === line - 1) last[1] = line
    else ranges.push([line, line])
  }
  const told = ranges.slice(0, 20).map(([from, to]) => (from === to ? String(from) : `${from}-${to}`))
  return told.join(', ') + (ranges.length > 20 ? ` and ${ranges.length - 20} more` : '')
}

function seconds(time: number): string {
  if (time < 1e-6) return `${(time * 1e9).toFixed(1)} ns`
  if (time < 1e-3) return `${(time * 1e6).toFixed(1)} µs`
  return time < 1 ? `${(time * 1e3).toFixed(2)} ms` : `${time.toFixed(3)} s`
}

function pre(label: string, text: string): string {
  return text === '' ? '' : `<pre tabindex="0" aria-label="${label}">${show(capMiddle(text, 4000))}</pre>`
}
