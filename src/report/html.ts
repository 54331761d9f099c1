import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Counts, Execution, RunVerdict } from '../domain/run.ts'
import { countTests } from '../domain/verdict.ts'
import { benchmarkSection, coverageSection, environmentSection, problemsSection } from './html-tables.ts'
import { type TestView, escapeHtml, formatMs, renderTest } from './html/view.js'
import { slowMs, viewTests } from './page-data.ts'
import { plainText } from '../lib/plain-text.ts'
import { tool } from './tool.ts'

/** Style sheet and script of the page, as text. */
export interface PageAssets {
  readonly style: string
  readonly script: string
}

/** What goes into the page beside the run. */
export interface PageParts {
  readonly assets: PageAssets
  /** Text behind the button that copies all failures for a model. */
  readonly digest: string
}

/** Reads style sheet and script from the folder `html` beside this file. */
export async function readPageAssets(): Promise<PageAssets> {
  const read = (name: string) => readFile(new URL(`html/${name}`, import.meta.url), 'utf8')
  const styles = await Promise.all(['report.css', 'controls.css', 'tests.css', 'body.css', 'tables.css'].map(read))
  const [view, script] = await Promise.all([read('view.js'), read('report.js')])
  // One script element holds both modules, so what one exports the other need not import.
  const joined = `${view.replaceAll(/^export /gm, '')}\n${script.replace(/^import .*\n/, '')}`
  return { style: styles.join('\n'), script: joined }
}

const maxStatic = 200

/**
 * The report as one HTML file that loads nothing. Failures are there without JavaScript (200 at most); with it come
 * filters, search, tabs for attempts, and all other tests.
 */
export function toHtml(execution: Execution, parts: PageParts): string {
  const tests = viewTests(execution)
  const counts = countTests(execution.tests)
  const slow = tests.filter((test) => test.ms >= slowMs).length
  const data = { tests, slowMs, digest: parts.digest, filter: 'all' }
  const { style, script } = parts.assets
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`
  const title = `${verdictWords[execution.verdict]} · ${execution.runId}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#tests">Skip to the tests</a>
${header(execution, counts)}
<main>
${problemsSection(execution.problems)}
${testsSection(tests, counts, slow)}
${coverageSection(execution.coverage)}
${benchmarkSection(execution.benchmarks)}
${environmentSection(execution)}
</main>
<footer>Written by ${tool.name} ${tool.version}. This file loads nothing from the network.</footer>
<div id="status" class="vh" role="status"></div>
<script type="application/json" id="data">${embeddedJson(data)}</script>
<script type="module">${script}</script>
</body>
</html>
`
}

const verdictWords: Readonly<Record<RunVerdict, string>> = {
  passed: 'Passed',
  failed: 'Failed',
  incomplete: 'Incomplete',
  empty: 'Nothing ran',
  cancelled: 'Cancelled',
}

function header(execution: Execution, counts: Counts): string {
  const { verdict } = execution
  const kind = verdict === 'passed' || verdict === 'failed' ? verdict : 'other'
  const sign = { passed: '✓', failed: '✕', other: '○' }[kind]
  const time = new Date(execution.startedAt).toISOString()
  const clock = `<time datetime="${time}">${time.slice(0, 10)} ${time.slice(11, 19)} UTC</time>`
  const framework = escapeHtml(plainText(`${execution.framework} ${execution.frameworkVersion}`))
  const run = `<span class="run-id">${escapeHtml(plainText(execution.runId))}</span>`
  const bars: readonly (readonly [string, number])[] = [
    ['failed', counts.failed],
    ['flaky', counts.flaky],
    ['not_run', counts.notRun],
    ['passed', counts.passed],
    ['skipped', counts.skipped],
  ]
  const told = bars
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `<li><b>${count}</b> ${word.replace('_', ' ')}</li>`)
  return `<header class="top">
<h1 class="verdict-${kind}"><span class="sign" aria-hidden="true">${sign}</span>${verdictWords[verdict]}</h1>
<p class="facts-line">${framework} · ${clock} · ${escapeHtml(formatMs(execution.durationMs))} · ${run}</p>
${proportions(bars, counts.total)}
<ul class="counts">${told.join('')}</ul>
</header>`
}

function proportions(bars: readonly (readonly [string, number])[], total: number): string {
  let x = 0
  const rects = bars.map(([word, count]) => {
    // One failure among thousands has to be seen.
    const width = count === 0 ? 0 : Math.max(0.6, (100 * count) / Math.max(1, total))
    const rect =
      width === 0 ? '' : `<rect class="fill-${word}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="6"/>`
    x += width
    return rect
  })
  return `<svg class="proportions" viewBox="0 0 ${Math.max(x, 1).toFixed(2)} 6" preserveAspectRatio="none" aria-hidden="true">${rects.join('') || '<rect class="fill-rest" width="100" height="6"/>'}</svg>`
}

function testsSection(tests: readonly TestView[], counts: Counts, slow: number): string {
  const filters: readonly (readonly [string, string, number])[] = [
    ['all', 'All', counts.total],
    ['failed', 'Failed', counts.failed],
    ['flaky', 'Flaky', counts.flaky],
    ['slow', 'Slow', slow],
    ['skipped', 'Skipped', counts.skipped],
    ['not_run', 'Not run', counts.notRun],
  ]
  const buttons = filters
    .filter(([filter, , count]) => count > 0 || ['all', 'failed', 'flaky', 'slow'].includes(filter))
    .map(([filter, word, count]) => {
      const hint = filter === 'slow' ? ` title="${formatMs(slowMs)} and longer"` : ''
      return `<button type="button" data-filter="${filter}" aria-pressed="${filter === 'all'}"${hint}>${word} <b>${count}</b></button>`
    })
  const bad = tests.flatMap((test, index) =>
    test.standing === 'failed' || test.standing === 'flaky' ? [{ test, index }] : [],
  )
  const rows = bad
    .slice(0, maxStatic)
    .map(({ test, index }, at) => renderTest(test, index, { body: true, open: at === 0 }))
  const rest = tests.length - rows.length
  const copy = bad.length === 0 ? '' : '<button type="button" data-copy="digest">Copy all failures for a model</button>'
  return `<section aria-labelledby="list"><h2 id="list" class="vh">Tests</h2>
<div class="controls"><div class="filters" role="group" aria-label="Show">${buttons.join('')}</div>
<input type="search" id="search" aria-label="Search tests" placeholder="Search names, cases, errors  ( / )" autocomplete="off" spellcheck="false">${copy}
<span id="note" class="note" role="status"></span></div>
<p class="quiet only-plain">${rest === 0 ? '' : `${rest} more ${rest === 1 ? 'test is' : 'tests are'} listed when JavaScript is on.`}</p>
<ol class="tests" id="tests" tabindex="-1">${rows.join('\n')}</ol>
<button type="button" id="more" class="more" hidden>Show more</button></section>`
}

/** JSON that can neither end its script element nor break a JavaScript reader. */
function embeddedJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
