import type { FileCoverage } from '../domain/run.ts'
import { tool } from './tool.ts'
import { attributes, xmlText } from '../lib/xml.ts'

/** Lines and branches, counted over files; a percentage is absent where there was nothing to cover. */
export interface CoverageTotals {
  readonly linesValid: number
  readonly linesCovered: number
  readonly branchesValid: number
  readonly branchesCovered: number
  readonly linePercent?: number
  readonly branchPercent?: number
}

/** What the Cobertura document carries beside the measurements. */
export interface CoberturaOptions {
  /** Epoch milliseconds. */
  readonly timestamp: number
  /** Folders that the file names are relative to, themselves relative to the repository. */
  readonly sources?: readonly string[]
}

/** Adds up lines and branches of files. */
export function coverageTotals(files: readonly FileCoverage[]): CoverageTotals {
  let [linesValid, linesCovered, branchesValid, branchesCovered] = [0, 0, 0, 0]
  for (const file of files) {
    for (const hits of Object.values(file.lines)) {
      linesValid += 1
      if (hits > 0) linesCovered += 1
    }
    for (const [taken, total] of Object.values(file.branches)) {
      branchesValid += total
      branchesCovered += taken
    }
  }
  return {
    linesValid,
    linesCovered,
    branchesValid,
    branchesCovered,
    ...(linesValid > 0 ? { linePercent: percent(linesCovered, linesValid) } : {}),
    ...(branchesValid > 0 ? { branchPercent: percent(branchesCovered, branchesValid) } : {}),
  }
}

/** A Cobertura document: one package a folder, one class a file, conditions on lines with branches. */
export function toCobertura(files: readonly FileCoverage[], options: CoberturaOptions): string {
  const totals = coverageTotals(files)
  const packages = Map.groupBy(
    [...files].sort((a, b) => (a.file < b.file ? -1 : 1)),
    (file) => folderOf(relativeName(file.file)),
  )
  const root = attributes({
    ...rates(totals),
    'lines-covered': totals.linesCovered,
    'lines-valid': totals.linesValid,
    'branches-covered': totals.branchesCovered,
    'branches-valid': totals.branchesValid,
    complexity: 0,
    version: `${tool.name} ${tool.version}`,
    timestamp: Math.round(options.timestamp),
  })
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<coverage${root}>`,
    '<sources>',
    ...(options.sources ?? ['.']).slice(0, 100).map((source) => `<source>${xmlText(source)}</source>`),
    '</sources>',
    '<packages>',
    ...[...packages].map(([folder, members]) => packageElement(folder, members)),
    '</packages>',
    '</coverage>',
    '',
  ].join('\n')
}

function packageElement(folder: string, files: readonly FileCoverage[]): string {
  const name = folder.replaceAll('/', '.')
  const head = attributes({ name, ...rates(coverageTotals(files)), complexity: 0 })
  return [`<package${head}>`, '<classes>', ...files.map(classElement), '</classes>', '</package>'].join('\n')
}

function classElement(file: FileCoverage): string {
  const filename = relativeName(file.file)
  const name = filename.slice(filename.lastIndexOf('/') + 1)
  const head = attributes({ name, filename, ...rates(coverageTotals([file])), complexity: 0 })
  // A branch on a line without a hit count of its own still belongs to the document.
  const numbers = new Set([...Object.keys(file.lines), ...Object.keys(file.branches)])
  const lines = [...numbers].sort((a, b) => Number(a) - Number(b)).map((number) => lineElement(file, number))
  return [`<class${head}>`, '<methods/>', '<lines>', ...lines, '</lines>', '</class>'].join('\n')
}

function lineElement(file: FileCoverage, number: string): string {
  const branch = file.branches[number]
  const hits = file.lines[number] ?? branch?.[0] ?? 0
  if (branch === undefined || branch[1] === 0) return `<line${attributes({ number, hits })}/>`
  const [taken, total] = branch
  const condition = `${Math.round((100 * taken) / total)}% (${taken}/${total})`
  return `<line${attributes({ number, hits, branch: 'true', 'condition-coverage': condition })}/>`
}

function rates(totals: CoverageTotals): Record<string, string> {
  // Cobertura has no way to say "nothing to cover"; 1 is what other writers put there for branches.
  return {
    'line-rate': rate(totals.linesCovered, totals.linesValid),
    'branch-rate': rate(totals.branchesCovered, totals.branchesValid),
  }
}

const rate = (covered: number, valid: number) => (valid === 0 ? '1' : String(Number((covered / valid).toFixed(4))))
const percent = (covered: number, valid: number) => Math.floor((10_000 * covered) / valid) / 100
const folderOf = (name: string) => (name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '.')

/** Readers of Cobertura look names up in the repository, where a leading `./` or a backslash is never found. */
function relativeName(file: string): string {
  return file.replaceAll('\\', '/').replace(/^(?:\.?\/)+/, '')
}
