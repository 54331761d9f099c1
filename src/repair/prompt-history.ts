import type { RepairRound } from '../domain/repair.ts'
import { capHead, capMiddle } from '../lib/plain-text.ts'

const outcomes: Readonly<Record<RepairRound['outcome'], string>> = {
  open: 'it is not over',
  malformed: 'the answer could not be read as a patch',
  rejected: 'the patch was refused and is not in the files',
  failed_locally: 'the failing command still failed with the patch, which is not in the files',
  pushed: 'the patch is in the files',
  green: 'the pipeline was green with the patch, which is in the files, but a check after it was not',
  red: 'the pipeline failed with the patch, which is in the files',
}

/** Rounds whose patch is shown; of those before, a line says how they ended. */
const shownPatches = 2
const maxExplanation = 600
const maxFindings = 10
const maxFinding = 300

/** What was tried and what became of it, oldest first, within about `cap` characters. */
export function historyText(rounds: readonly RepairRound[], cap: number): string {
  const patchCap = Math.floor(cap / (shownPatches + 1))
  const parts = rounds.map((round, index) =>
    index < rounds.length - shownPatches ? headOf(round) : roundText(round, patchCap),
  )
  return capMiddle(parts.join('\n\n'), cap)
}

function headOf({ number, outcome, findings }: RepairRound): string {
  const codes = [...new Set(findings.filter((finding) => finding.blocks).map((finding) => finding.code))]
  return `Round ${number}: ${outcomes[outcome]}${codes.length > 0 ? ` (${codes.join(', ')})` : ''}.`
}

function roundText(round: RepairRound, patchCap: number): string {
  const findings = round.findings
    .slice(0, maxFindings)
    .map(({ code, path, message }) => `- ${code}${path === undefined ? '' : ` in ${path}`}: ${message}`)
    .map((line) => capHead(line, maxFinding))
  return [
    headOf(round),
    ...(round.explanation === '' ? [] : [`What was thought: ${capHead(round.explanation, maxExplanation)}`]),
    ...findings,
    ...(round.diff === '' ? [] : [capMiddle(round.diff, patchCap)]),
  ].join('\n')
}
