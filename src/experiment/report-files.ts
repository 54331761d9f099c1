import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { TestResult } from '../domain/test-result.ts'
import { snakeKeys } from '../lib/snake-keys.ts'
import { type ChunkLimits, openChunks, usualLimits } from './report-chunks.ts'
import { rewriteTexts, safeJson } from './report-clean.ts'
import { createColumns } from './report-columns.ts'
import { openCsv } from './report-csv.ts'
import type { ReportEnd, ReportFacts } from './report-facts.ts'
import { type GrowingFile, onDisk, openGrowing } from './report-file.ts'
import { createJunit } from './report-junit.ts'
import { openLines } from './report-lines.ts'
import { readPageAssets, writePage } from './report-page.ts'
import { createPromptfoo } from './report-promptfoo.ts'
import { createCounts, toSummary } from './report-summary.ts'

/** Writes the reports of an experiment while it runs. */
export interface ReportWriter {
  /** Takes a result in. Wait for it before the next one, so that no more is held than the disk is behind. */
  add(result: TestResult): Promise<void>
  /** Writes what needs all results, then gives every file its name. */
  finish(end: ReportEnd): Promise<{ readonly files: Readonly<Record<string, string>> }>
  /** Removes what was written so far, for a run that cannot be finished. */
  discard(): Promise<void>
}

/**
 * Opens the reports in a folder: `results.jsonl`, `results.csv`, `junit.xml`, `promptfoo.json`, `comparison.json`,
 * `summary.json`, `report.html`. They lie under hidden names until all are whole. Of a result, only compact figures
 * are held. Every text goes through `facts.redact`. Rejects with `artifact_failed`.
 */
export async function openReport(
  facts: ReportFacts,
  folder: string,
  limits: ChunkLimits = usualLimits,
): Promise<ReportWriter> {
  await onDisk(folder, mkdir(folder, { recursive: true }))
  const clean = cleaner(facts.redact)
  const named: ReportFacts = { ...facts, title: clean(facts.title), manifests: clean(facts.manifests) }
  const parts = await openParts(named, folder, limits)
  return {
    add: async (result) => {
      await addTo(parts, clean(result))
    },
    finish: async (end) => {
      try {
        return await finish(parts, { facts: named, end: clean(end), folder })
      } catch (error) {
        await discardAll(parts.files)
        throw error
      }
    },
    discard: () => discardAll(parts.files),
  }
}

type Parts = Awaited<ReturnType<typeof openParts>>

async function openParts(facts: ReportFacts, folder: string, limits: ChunkLimits) {
  const files: GrowingFile[] = []
  const opened = <T extends GrowingFile>(file: T): T => {
    files.push(file)
    return file
  }
  try {
    const lines = await openLines(join(folder, 'results.jsonl'))
    opened(lines.file)
    const csv = await openCsv(join(folder, 'results.csv'))
    opened(csv.drafts)
    const chunks = await openChunks(join(folder, 'report.html'), limits)
    opened(chunks.file)
    const promptfooFile = opened(await openGrowing(join(folder, 'promptfoo.json')))
    const promptfoo = createPromptfoo(promptfooFile, facts)
    const [columns, junit, counts] = [createColumns(), createJunit(), createCounts()]
    return { files, lines, csv, chunks, promptfooFile, promptfoo, columns, junit, counts }
  } catch (error) {
    await discardAll(files)
    throw error
  }
}

async function addTo(parts: Parts, result: TestResult): Promise<void> {
  const { line, offset, bytes } = parts.lines.add(result)
  parts.columns.add(result, { ...parts.chunks.add(line), offset, bytes })
  parts.csv.add(result)
  parts.promptfoo.add(result)
  parts.junit.add(result)
  parts.counts.add(result)
  await Promise.all([
    parts.lines.file.drain(),
    parts.csv.drafts.drain(),
    parts.promptfooFile.drain(),
    parts.chunks.drain(),
  ])
}

interface Ending {
  readonly facts: ReportFacts
  readonly end: ReportEnd
  readonly folder: string
}

async function finish(parts: Parts, ending: Ending): Promise<{ files: Readonly<Record<string, string>> }> {
  const { facts, end, folder } = ending
  await parts.lines.file.close()
  await parts.chunks.close()
  parts.promptfoo.end()
  await parts.promptfooFile.close()
  const csv = await parts.csv.finish()
  parts.files.push(csv)
  const write = async (name: string, fill: (file: GrowingFile) => Promise<void> | void): Promise<GrowingFile> => {
    const file = await openGrowing(join(folder, name))
    parts.files.push(file)
    await fill(file)
    await file.close()
    return file
  }
  const json = (value: unknown) => (file: GrowingFile) => file.write(`${safeJson(value, 2)}\n`)
  const counts = parts.counts.all()
  const page = { facts, end, counts, columns: parts.columns.columns, chunks: parts.chunks.file.temporary }
  const assets = await readPageAssets()
  const kept = [
    parts.lines.file,
    csv,
    await write('junit.xml', (file) => parts.junit.write(file, facts)),
    parts.promptfooFile,
    await write('comparison.json', json(comparisonJson(end))),
    await write('summary.json', json(toSummary(facts, end, counts))),
    await write('report.html', (file) => writePage(file, page, assets)),
  ]
  for (const file of kept) await file.keep()
  await parts.chunks.file.discard()
  return { files: Object.fromEntries(kept.map(({ path }) => [basename(path), path])) }
}

function comparisonJson({ comparison }: ReportEnd): unknown {
  // Workflows are keys of the winners, and keep their names.
  return { ...(snakeKeys({ ...comparison, winners: undefined }) as object), winners: comparison.winners }
}

async function discardAll(files: readonly GrowingFile[]): Promise<void> {
  await Promise.all(files.map((file) => file.discard()))
}

const longestKept = 40

/** Short names of members come again and again, so what was found harmless is remembered. */
function cleaner(redact: (text: string) => string): <T>(value: T) => T {
  const harmless = new Set<string>()
  const rewrite = (text: string): string => {
    // A look at the memory takes as long as the text.
    if (text.length > longestKept) return redact(text)
    if (harmless.has(text)) return text
    const clean = redact(text)
    if (clean === text && harmless.size < 10_000) harmless.add(text)
    return clean
  }
  return (value) => rewriteTexts(value, rewrite)
}
