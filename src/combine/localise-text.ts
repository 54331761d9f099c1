import { GreenloopError, type Problem } from '../domain/errors.ts'
import type { Localisation } from './localise.ts'
import type { RowOutcome } from './localise-counts.ts'
import type { Model } from './model.ts'
import { formatRows } from './format.ts'
import type { GivenRow } from './rows.ts'
import { combinationText } from './verify-text.ts'

const passedWords = new Set(['pass', 'passed', 'ok', 'success', 'true', '1', 'green'])
const failedWords = new Set(['fail', 'failed', 'failure', 'error', 'false', '0', 'red'])

/**
 * Results of rows with an outcome column: pass, passed, ok, true … or fail, failed, error, false …; rows without a
 * result count for nothing. Throws `rows_invalid` for other words and for rows that leave parameters open.
 */
export function outcomesOf(rows: readonly GivenRow[], file: string): readonly RowOutcome[] {
  const problems: Problem[] = []
  const outcomes = rows.flatMap(({ values, outcome, line }): RowOutcome[] => {
    if (outcome === undefined) return []
    const word = outcome.trim().toLowerCase()
    const place = { file, line }
    if (!passedWords.has(word) && !failedWords.has(word))
      problems.push({ message: `line ${line}: \`${outcome}\` is no result`, place, help: 'write pass or fail' })
    if (values.includes(-1)) problems.push({ message: `line ${line}: a row with a result needs every value`, place })
    return [{ row: values, passed: passedWords.has(word) ? 1 : 0, failed: failedWords.has(word) ? 1 : 0 }]
  })
  if (problems.length === 0) return outcomes
  const message = problems.length === 1 ? (problems[0]?.message ?? '') : `${problems.length} problems in ${file}`
  throw new GreenloopError('rows_invalid', message, { problems })
}

const suspectsShown = 10

/** Suspects and proposed rows as text for people; `lines` gives the line of each row in its file. */
export function formatLocalisation(found: Localisation, model: Model, lines?: readonly number[]): string {
  const { suspects, explanation, unexplained, proposals, flaky } = found
  if (suspects.length === 0 && unexplained.length === 0) return 'no row failed\n'
  const rowsText = (rows: readonly number[]): string =>
    rows.map((row) => (lines === undefined ? row + 1 : (lines[row] ?? row + 1))).join(', ')
  const where = lines === undefined ? 'rows' : 'lines'
  const suspectLines = suspects.slice(0, suspectsShown).map((suspect, index) => {
    const runs = `${suspect.failed} of ${suspect.failed + suspect.passed} runs failed`
    const mark = explanation.includes(index) ? '*' : ' '
    return `${mark} ${index + 1}. ${combinationText(suspect.combination, model)}  (${runs}; ${where} ${rowsText(suspect.explains)})`
  })
  const parts = [
    flaky ? 'combinations that fail more often than the rest:' : 'combinations that only failing rows hold:',
    ...suspectLines,
    ...(suspects.length > suspectsShown ? [`and ${suspects.length - suspectsShown} more`] : []),
    ...(explanation.length > 0 ? ['* together they explain the failures'] : []),
    ...(unexplained.length > 0 ? [`not explained: ${where} ${rowsText(unexplained)}`] : []),
  ]
  if (proposals.length === 0) return `${parts.join('\n')}\n`
  const decides = proposals.map(({ suspect }) => suspect + 1).join(', ')
  const table = formatRows(
    model,
    proposals.map(({ row }) => row),
    'text',
  )
  return `${parts.join('\n')}\nrun these next, they decide about ${decides}:\n${table}`
}
