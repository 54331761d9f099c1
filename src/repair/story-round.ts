import { codeBlock, codeCell, codeSpan, folded, linkTo } from './story-text.ts'
import type { GuardFinding, RepairRound } from '../domain/repair.ts'

/** Longest diff and explanation that are shown, in characters. */
const maxDiff = 20_000
const maxExplanation = 2000
/** Findings and jobs of a round that are shown. */
const mostFindings = 15
const mostJobs = 10

/** A round as a row of the table. */
export function roundRow(round: RepairRound): string {
  const jobs = round.failing.slice(0, mostJobs).map(({ name, webUrl }) => `${codeCell(name)}${linkTo(' ↗', webUrl)}`)
  const proof = round.localProof === undefined ? '–' : proofText(round.localProof)
  const commit = round.commit === undefined ? '–' : codeCell(round.commit.slice(0, 12))
  return `| ${round.number} | ${jobs.join(', ') || '–'} | ${outcomeText(round)} | ${proof} | ${commit} |`
}

/** What is told of a round below the table; empty where there is nothing more. */
export function roundDetails(round: RepairRound, isDiffShown: boolean): string {
  const findings = round.findings.slice(0, mostFindings).map(findingLine)
  const parts = [
    ...(round.explanation === '' ? [] : [codeBlock(round.explanation, 'text', maxExplanation)]),
    ...(findings.length === 0 ? [] : [findings.join('\n')]),
    ...(round.diff === '' || !isDiffShown ? [] : [codeBlock(round.diff, 'diff', maxDiff)]),
  ]
  return parts.length === 0 ? '' : folded(`Round ${round.number}: ${outcomeText(round)}`, parts.join('\n\n'))
}

function findingLine({ code, path, message, blocks }: GuardFinding): string {
  const place = path === undefined || message.startsWith(path) ? '' : ` ${codeSpan(path)}`
  return `- ${blocks ? 'refused' : 'told'} \`${code}\`${place}: ${codeSpan(message)}`
}

function proofText(proof: string): string {
  return proof === 'passed' || proof === 'failed' ? proof : `none: ${codeCell(proof)}`
}

function outcomeText({ outcome, findings, strategy }: RepairRound): string {
  const how = strategy === 'whole_file' ? ' (asked for whole files)' : ''
  switch (outcome) {
    case 'open':
      return `under way${how}`
    case 'malformed':
      return `no usable answer${how}`
    case 'rejected':
      return `refused by guards${how}`
    case 'failed_locally':
      return `failed here, not pushed${how}`
    case 'pushed':
      return `pushed, pipeline under way${how}`
    case 'green':
      return findings.some(({ blocks }) => blocks) ? `green, but less was tested${how}` : `green${how}`
    case 'red':
      return `pipeline red${how}`
  }
}
