import type { GuardRules } from '../domain/repair-config.ts'
import { capHead } from '../lib/plain-text.ts'
import { replyContract } from './reply.ts'

const maxGlobs = 40
const maxGlob = 200

/** What a patch may do and how it is to be written, for the model. The guards hold it to that whatever it makes of these words. */
export function rulesText(rules: GuardRules, strategy: 'blocks' | 'whole_file'): string {
  const { maxFiles, maxChangedLines, maxNewFiles, allow, deny } = rules
  const lines = [
    'Fix the cause in the source code, not the symptom. Make the smallest change that does it.',
    'Tests, their data and settings, pipeline files, lock files, settings of linters, coverage and types, and files of git are protected: an answer that touches one of them is thrown away.',
    'Do not skip, weaken or special-case tests. Do not look whether a test is running. Do not silence a linter, the type checker or an exit code.',
    `Change at most ${maxFiles} files and ${maxChangedLines} lines, added and removed together. ${newFiles(maxNewFiles)}`,
    'Change only files that are shown below, and keep all that has nothing to do with the failure as it is.',
    ...(allow.length === 0 ? [] : [`These protected paths are opened this time: ${globs(allow)}.`]),
    ...(deny.length === 0 ? [] : [`These paths are protected too: ${globs(deny)}.`]),
  ]
  return `${lines.map((line) => `- ${line}`).join('\n')}\n\n${replyContract(strategy)}`
}

function newFiles(most: number): string {
  return most === 0 ? 'Add no files.' : `Add at most ${most} files.`
}

function globs(list: readonly string[]): string {
  const shown = list.slice(0, maxGlobs).map((glob) => `\`${capHead(glob, maxGlob)}\``)
  return `${shown.join(', ')}${list.length > maxGlobs ? ' …' : ''}`
}
