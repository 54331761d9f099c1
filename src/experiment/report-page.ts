import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { plainText } from '../lib/plain-text.ts'
import type { Columns } from './report-columns.ts'
import type { ReportEnd, ReportFacts } from './report-facts.ts'
import type { GrowingFile } from './report-file.ts'
import {
  comparisonSection,
  gatesSection,
  reliabilitySection,
  repeatsSection,
  suspectsSection,
} from './report-page-tables.ts'
import { pageHeader } from './report-page-header.ts'
import { differencesSection, distributionsSection } from './report-page-plots.ts'
import type { VariantCounts } from './report-summary.ts'
import { escapeHtml, say } from './html/words.js'

/** Style sheet and script of the page, as text. */
export interface PageAssets {
  readonly style: string
  readonly script: string
}

/** What the page shows. */
export interface PageParts {
  readonly facts: ReportFacts
  readonly end: ReportEnd
  readonly counts: readonly VariantCounts[]
  readonly columns: Columns
  /** File with the details of trials, as script elements that no browser runs. */
  readonly chunks: string
}

const styles = ['page.css', 'tables.css', 'matrix.css', 'panel.css']
const scripts = [
  'words.js',
  'data.js',
  'chunks.js',
  'format.js',
  'diff.js',
  'rows.js',
  'trial.js',
  'panel.js',
  'matrix.js',
  'page.js',
]

/** Reads style sheet and script from the folder `html` beside this file. */
export async function readPageAssets(): Promise<PageAssets> {
  const read = (name: string) => readFile(new URL(`html/${name}`, import.meta.url), 'utf8')
  const [style, modules] = await Promise.all([Promise.all(styles.map(read)), Promise.all(scripts.map(read))])
  // One script element holds all modules, so what one exports the others need not import.
  const joined = modules.map((text) => text.replaceAll(/^export /gm, '').replaceAll(/^import .*\n/gm, ''))
  return { style: style.join('\n'), script: `(() => {\n'use strict'\n${joined.join('\n')}\n})()` }
}

const pack = promisify(gzip)

/**
 * Writes the report as one HTML file that loads nothing. What is concluded is there without a script; the table of cases
 * is unpacked by one, and what a trial said is unpacked when it is looked at.
 */
export async function writePage(file: GrowingFile, parts: PageParts, assets: PageAssets): Promise<void> {
  const { facts, end, counts, columns } = parts
  const { comparison } = end
  const data = { runId: facts.runId, baseline: comparison.baseline, ...columns }
  const packed = (await pack(JSON.stringify(data))).toString('base64')
  file.write(headElement(facts, assets))
  file.write(`<body>
<a class="skip" href="#cases">${say('skip')}</a>
${pageHeader(facts, end, counts)}
<main>
${comparisonSection(comparison)}
${differencesSection(comparison)}
${gatesSection(comparison)}
${suspectsSection(comparison)}
${distributionsSection(columns, comparison)}
${repeatsSection(comparison)}
${reliabilitySection(comparison)}
<section aria-labelledby="cases-title"><h2 id="cases-title">${say('results')}</h2>
<noscript><p class="quiet">${say('no_script')}</p></noscript>
<div id="cases" tabindex="-1"><p class="quiet" id="loading">${say('loading', { n: columns.results.case.length })}</p></div>
</section>
</main>
<footer>${escapeHtml(say('footer', { version: facts.toolVersion }))}</footer>
<div id="status" class="vh" role="status"></div>
<script type="text/plain" id="data">${packed}</script>
<script>${assets.script}</script>
`)
  await file.drain()
  for await (const piece of createReadStream(parts.chunks, { encoding: 'utf8' })) {
    file.write(piece as string)
    await file.drain()
  }
  file.write('</body>\n</html>\n')
}

function headElement(facts: ReportFacts, { style, script }: PageAssets): string {
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escapeHtml(plainText(facts.title))} · ${escapeHtml(plainText(facts.runId))}</title>
<style>${style}</style>
</head>
`
}

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
