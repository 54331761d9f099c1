import type { GuardFinding } from '../domain/repair.ts'
import { blocking } from './guard-input.ts'
import type { GuardInput } from './guard-input.ts'
import { changedLines } from './patch.ts'

const maxFileBytes = 1_000_000

/** Findings about how much a patch changes. */
export function sizeFindings({ files, rules }: GuardInput): GuardFinding[] {
  const findings: GuardFinding[] = []
  if (files.length === 0) findings.push(blocking('nothing_changed', undefined, 'The patch changes nothing.'))
  for (const { path, before, after } of files) {
    if (before === after)
      findings.push(blocking('nothing_changed', path, 'ends as it was; the change changes nothing.'))
    if (Buffer.byteLength(after) > maxFileBytes)
      findings.push(blocking('too_large', path, `would have more than ${maxFileBytes} bytes.`))
  }
  const { added, removed } = changedLines(files)
  const newFiles = files.filter(({ before }) => before === undefined).length
  if (files.length > rules.maxFiles)
    findings.push(
      blocking(
        'too_many_files',
        undefined,
        `The patch changes ${files.length} files; at most ${rules.maxFiles} may change.`,
      ),
    )
  if (added + removed > rules.maxChangedLines)
    findings.push(
      blocking(
        'too_many_lines',
        undefined,
        `The patch changes ${added + removed} lines; at most ${rules.maxChangedLines} may change.`,
      ),
    )
  if (rules.maxNewFiles > 0 && newFiles > rules.maxNewFiles)
    findings.push(
      blocking(
        'too_many_new_files',
        undefined,
        `The patch adds ${newFiles} files; at most ${rules.maxNewFiles} may be added.`,
      ),
    )
  return findings
}
